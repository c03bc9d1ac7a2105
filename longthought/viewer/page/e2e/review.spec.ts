import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GOLDEN } from "../playwright.config";
import { expect, test } from "./viewer";

const ledger = () => readFileSync(join(GOLDEN, "first/labels.jsonl"), "utf8").trim().split("\n");

test("a doubtful step takes one key, lands in the ledger, and can be taken back", async ({ page }) => {
  await page.goto("/?view=review");
  await expect(page.locator(".review-count")).toHaveText(/^0 labelled, \d+ in doubt/);
  const before = ledger().length;
  const first = await page.locator(".review-doubt").textContent();
  await page.keyboard.press("y");
  await expect(page.locator(".review-count")).toHaveText(/^1 labelled/);
  const written = JSON.parse(ledger().at(-1) ?? "{}");
  expect(written).toMatchObject({ method: "human", live: true, node: 1 });
  await page.keyboard.press("x");
  await expect(page.locator(".review-count")).toHaveText(/^2 labelled/);
  expect(JSON.parse(ledger().at(-1) ?? "{}")).toMatchObject({ method: "human", live: false });
  await page.keyboard.press("z");
  await expect(page.locator(".review-count")).toHaveText(/^1 labelled/);
  await page.keyboard.press("z");
  await expect(page.locator(".review-count")).toHaveText(/^0 labelled/);
  await expect(page.locator(".review-doubt")).toHaveText(first ?? "");
  expect(ledger().length).toBe(before + 4);
});

test("a reason is kept with the label, and its letters are no keys", async ({ page }) => {
  await page.goto("/?view=review");
  await page.getByLabel("Reason").fill("yes, because x");
  await page.getByRole("button", { name: /Can't tell/ }).click();
  await expect(page.locator(".review-count")).toHaveText(/^1 labelled/);
  expect(JSON.parse(ledger().at(-1) ?? "{}")).toMatchObject({ live: null, reason: "yes, because x" });
  await page.keyboard.press("z");
  await expect(page.locator(".review-count")).toHaveText(/^0 labelled/);
});
