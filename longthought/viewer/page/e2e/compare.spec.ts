import { expect, test } from "./viewer";

test("two runs are compared: counts, flips both ways, two debates side by side", async ({ page }) => {
  await page.goto("/?view=compare");
  await expect(page.locator(".cell")).toHaveCount(4);
  const flips = page.locator('.cell[data-cell="only_a"]');
  const count = Number(await flips.locator("strong").textContent());
  expect(count).toBeGreaterThan(0);
  await flips.click();
  await expect(page).toHaveURL(/only=only_a/);
  await expect(page.locator(".pair-table")).toHaveAttribute("aria-rowcount", String(count));
  await page.locator(".pair a").first().click();
  await expect(page.locator(".one")).toHaveCount(2);
  await expect(page.locator(".one").nth(0)).toContainText("solved");
  await expect(page.locator(".one").nth(1)).toContainText("not solved");
  await expect(page.locator(".one .entry").first()).toBeVisible();
  const first = await page.locator(".beside-head h2").textContent();
  await page.keyboard.press("n");
  await expect(page.locator(".beside-head h2")).not.toHaveText(first ?? "");
  await page.keyboard.press("Escape");
  await expect(page.locator(".one")).toHaveCount(0);
});

test("a comparison can be linked to, and swapped", async ({ page }) => {
  await page.goto(`/?${new URLSearchParams({ view: "compare", a: "second", b: "first", problem: "wrong-verdict#0" })}`);
  await expect(page.locator(".beside-head h2")).toHaveText("Use 2, 3 and 4, each once, to make 14.");
  await page.getByRole("button", { name: "Swap A and B" }).click();
  await expect(page.getByLabel("A", { exact: true })).toHaveValue("first");
});

test("an evaluation shows solved over tokens", async ({ page }) => {
  await page.goto("/?view=compare");
  await expect(page.getByRole("img", { name: /debate: 30 % at 200, 50 % at 400, 70 % at 800/ })).toBeVisible();
});

test("an improvement shows its rounds, and leads to the runs of a decision", async ({ page }) => {
  await page.goto("/?view=compare");
  await expect(
    page.getByRole("img", { name: /policy-sft: 60.0 %, promoted; .*critic-sft: 53.3 %, rolled back/ }),
  ).toBeVisible();
  await page.getByRole("button", { name: "Compare round 1, policy-sft" }).click();
  await expect(page).toHaveURL(
    /a=improved%2Fvalidation%2Fdebate-0-level-0&b=improved%2Fround-1%2Fpolicy-sft%2Fvalidation/,
  );
  await expect(page.locator(".cell")).toHaveCount(4);
});

test("runs without a common problem say so", async ({ page }) => {
  await page.goto("/?view=compare&a=first&b=nowhere");
  await expect(page.getByRole("alert")).toContainText("nowhere");
});
