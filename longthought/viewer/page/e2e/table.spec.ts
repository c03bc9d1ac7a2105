import { counted, expect, test } from "./viewer";

test("the table counts, filters, sorts and searches, and the address says so", async ({ page }) => {
  await page.goto("/?f.run=first");
  await counted(page, 80);
  await page.getByRole("button", { name: "Not solved", exact: true }).click();
  await expect(page).toHaveURL(/f\.outcome=wrong/);
  await expect(page.locator(".table-body .chip-word").first()).toHaveText("not solved");
  await page.getByRole("button", { name: "All", exact: true }).click();

  await page.getByRole("button", { name: "Tokens" }).click();
  await expect(page).toHaveURL(/sort=tokens.*descending=1/);
  await expect(page.locator(".table-body a").first()).toHaveText("Find the path of nine right turns.");
  await expect(page.getByRole("columnheader", { name: "Tokens" })).toHaveAttribute("aria-sort", "descending");

  await page.getByRole("searchbox").fill("Which root is larger");
  await counted(page, 1);
  await expect(page.locator(".table-body a")).toHaveText(/larger root/);
  await page.getByRole("button", { name: /contains/ }).click();
  await counted(page, 80);
});

test("intervals and choices filter, and a deep link opens with them", async ({ page }) => {
  await page.goto("/?f.run=first&f.backtracks_min=500");
  await counted(page, 1);
  await page.getByRole("button", { name: "Filters (2)" }).click();
  await expect(page.getByLabel("Backtracks, at least")).toHaveValue("500");
  await page.getByLabel("Backtracks, at least").fill("");
  await page.getByLabel("Labels").selectOption("wrong_verdict");
  await counted(page, 1);
  await expect(page.locator(".table-body a")).toHaveText("Use 2, 3 and 4, each once, to make 14.");
  await page.keyboard.press("Escape");
  await expect(page.getByLabel("Labels")).toHaveCount(0);
});

test("a filter that keeps nothing says so and can be cleared", async ({ page }) => {
  await page.goto("/?f.tokens_min=99999999");
  await expect(page.getByText("No debate matches.")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await expect(page.locator(".table-body a").first()).toBeVisible();
});

test("a wrong verdict that cost a solution is three clicks away", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: /rejected a step that was live/ }).click();
  await page.locator(".table-body a").first().click();
  await page.getByRole("button", { name: /wrong verdict/ }).click();
  await expect(page.locator(".node-card")).toContainText(
    "rejected, but its label says that a right answer was within reach",
  );
  await expect(page.locator(".node-card")).toContainText("3 + 4 = 7");
});

test("only what is in view is in the page, and the arrows lead from row to row", async ({ page }) => {
  await page.goto("/");
  await counted(page, 361);
  expect(await page.locator(".table-body .tr").count()).toBeLessThan(60);
  await page.locator(".table-body a").first().focus();
  for (let row = 0; row < 25; row += 1) await page.keyboard.press("ArrowDown");
  await expect(page.locator('[aria-rowindex="27"] a')).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/view=debate/);
});

test("nothing jumps while the table loads", async ({ page }) => {
  await page.goto("/?f.run=first");
  const shift = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += (entry as unknown as { value: number }).value;
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(sum), 500);
      }),
  );
  await counted(page, 80);
  expect(shift).toBeLessThan(0.1);
});

test("a phone shows the table without scrolling sideways", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await counted(page, 361);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.locator(".table-body a").nth(3).click();
  await page.getByRole("button", { name: "Tree", exact: true }).click();
  await expect(page.getByRole("treeitem").first()).toBeVisible();
  await page.getByRole("button", { name: "Thought", exact: true }).click();
  await expect(page.locator(".sentence").first()).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});
