import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GOLDEN, PYTHON, REPOSITORY } from "../playwright.config";
import { counted, expect, test } from "./viewer";

const PORT = 8644;

test.use({ baseURL: `http://127.0.0.1:${PORT}` });

test("a run that grows is followed: new debates appear, and the counts with them", async ({ page }) => {
  const run = join(GOLDEN, "live");
  const second = join(GOLDEN, "second");
  const lines = readFileSync(join(second, "events-0000.jsonl"), "utf8").split("\n");
  const of = (name: string) => `${lines.filter((line) => line.includes(`"trajectory":"${name}#0"`)).join("\n")}\n`;
  mkdirSync(run);
  writeFileSync(join(run, "run.json"), readFileSync(join(second, "run.json")));
  writeFileSync(join(run, "events-0000.jsonl"), of("sum-1"));
  const options = ["-m", "longthought", "view", run, "--no-browser", "--port", String(PORT)];
  const env = { ...process.env, PYTHONPATH: REPOSITORY, XDG_CACHE_HOME: join(GOLDEN, "cache") };
  const server = spawn(PYTHON, options, { cwd: REPOSITORY, env, stdio: "ignore" });
  try {
    await expect(async () => page.goto("/")).toPass();
    await counted(page, 1);
    const more = of("sum-2");
    appendFileSync(join(run, "events-0000.jsonl"), more.slice(0, 400)); // torn in the middle of a line
    appendFileSync(join(run, "events-0000.jsonl"), more.slice(400) + of("sum-3"));
    await counted(page, 3);
    await expect(page.locator(".table-body .tr")).toHaveCount(3);
  } finally {
    server.kill();
  }
});
