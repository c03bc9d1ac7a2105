import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { GOLDEN, PYTHON, REPOSITORY } from "../playwright.config";
import { debate, expect, SCRIPT, test } from "./viewer";

test("no text of a debate becomes a part of the page", async ({ page }) => {
  await page.goto(debate(`hostile ${SCRIPT}`));
  await expect(page.locator(".dialogue-pane")).toContainText("onerror=");
  await page.locator("details").evaluateAll((all) => {
    for (const details of all) (details as HTMLDetailsElement).open = true;
  });
  await expect(page.locator(".thought .sentence").first()).toBeVisible();
  expect(await page.locator("#page img, #page script, #page b, #page a[href^='javascript']").count()).toBe(0);
  expect(await page.title()).toContain("hostile");
  expect(await page.title()).not.toBe("broken");
  await page.goto("/?f.run=first&f.q=harmless");
  await expect(page.locator(".table-body a")).toContainText("<script>");
  expect(await page.title()).toBe("longthought");
});

test("right-to-left words keep to themselves", async ({ page }) => {
  await page.goto(debate("שלום/🎉 #1"));
  const bubble = page.locator('.entry[data-kind="proposed"] .bubble > .prose').last();
  await expect(bubble).toHaveAttribute("dir", "auto");
  expect(await bubble.evaluate((node) => getComputedStyle(node).direction)).toBe("rtl");
  await expect(page.locator(".head-facts")).toContainText("solved");
});

test("the policy of the page forbids what it does not need", async ({ request }) => {
  const policy = (await request.get("/")).headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("unsafe");
});

test("a debate is exported as a file that stands alone and runs nothing", async ({ page }) => {
  const file = join(GOLDEN, "hostile.html");
  const name = `hostile ${SCRIPT}`;
  execFileSync(PYTHON, ["-m", "longthought", "view", join(GOLDEN, "first"), "--export", name, "--out", file], {
    cwd: REPOSITORY,
    env: { ...process.env, PYTHONPATH: REPOSITORY },
  });
  await page.goto(pathToFileURL(file).href);
  await expect(page.locator("body")).toContainText("onerror=");
  expect(await page.title()).not.toBe("broken");
  expect(await page.locator("img, script").count()).toBe(0);
});
