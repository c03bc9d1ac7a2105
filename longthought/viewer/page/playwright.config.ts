import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { defineConfig } from "@playwright/test";

const PORT = 8643;
const REPOSITORY = resolve(import.meta.dirname, "../../..");
const PYTHON = process.env.LONGTHOUGHT_PYTHON ?? join(REPOSITORY, ".venv/bin/python");

/** Where the golden runs are written anew for every test run; the tests that label steps change them. */
export const GOLDEN = join(tmpdir(), "longthought-golden");
export { PYTHON, REPOSITORY };

const serve = [
  `rm -rf ${GOLDEN}`,
  `${PYTHON} -m tests.fakes.golden ${GOLDEN}`,
  `exec ${PYTHON} -m longthought view ${GOLDEN}/first ${GOLDEN}/second ${GOLDEN}/compared ${GOLDEN}/improved --review --no-browser --port ${PORT}`,
].join(" && ");

/** The real server over the golden runs, in a Chromium that the system has. */
export default defineConfig({
  testDir: "e2e",
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.LONGTHOUGHT_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    },
  },
  webServer: {
    command: serve,
    cwd: REPOSITORY,
    url: `http://127.0.0.1:${PORT}/api/runs`,
    timeout: 120_000,
    env: { PYTHONPATH: REPOSITORY, XDG_CACHE_HOME: join(GOLDEN, "cache") },
  },
});
