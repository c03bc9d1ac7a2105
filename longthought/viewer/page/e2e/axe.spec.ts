import AxeBuilder from "@axe-core/playwright";
import { debate, expect, test } from "./viewer";

const VIEWS: readonly (readonly [name: string, address: string, ready: string])[] = [
  ["table", "/", ".table-body a"],
  ["filters", "/?f.q=wait", ".chips .chip"],
  ["debate", debate("latex"), ".sentence"],
  ["wrong verdict", debate("wrong-verdict", { node: "1" }), ".sentence"],
  ["large tree", debate("large-tree"), ".sentence"],
  ["replay", debate("wrong-verdict", { at: "5" }), "[data-newest]"],
  ["thoughts compared", debate("latex", { walk: "both" }), ".sentence[data-dropped]"],
  ["compare", "/?view=compare", ".curves"],
  ["side by side", "/?view=compare&problem=sum-1%230", ".one .entry"],
  ["review", "/?view=review", ".review-doubt"],
  ["unknown debate", debate("nowhere"), "[role=alert]"],
];

for (const scheme of ["light", "dark"] as const)
  for (const [name, address, ready] of VIEWS)
    test(`axe finds nothing wrong: ${name}, ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.goto(address);
      await page.locator(ready).first().waitFor();
      if (name === "filters") await page.getByRole("button", { name: /^Filters/ }).click();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(
        violations.map((found) => [found.id, found.nodes.slice(0, 3).map((node) => node.html.slice(0, 200))]),
      ).toEqual([]);
    });

test("the keys are listed in a dialog that axe accepts", async ({ page }) => {
  await page.goto("/");
  await page.locator(".table-body a").first().waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map((found) => found.id)).toEqual([]);
});

test("the theme is chosen with a key and kept", async ({ page }) => {
  await page.goto("/");
  await page.locator(".table-body a").first().waitFor();
  await page.keyboard.press("t");
  await page.keyboard.press("t");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});
