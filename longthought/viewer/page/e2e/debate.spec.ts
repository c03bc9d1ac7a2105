import { debate, expect, test } from "./viewer";

const chosen = '[role=treeitem][aria-selected="true"]';

test("a debate opens at its answer, and a deep link at its node", async ({ page }) => {
  await page.goto(debate("wrong-verdict"));
  await expect(page.locator(chosen)).toHaveAttribute("data-node", "3");
  await page.goto(debate("wrong-verdict", { node: "1" }));
  await expect(page.locator(chosen)).toHaveAttribute("data-node", "1");
  await expect(page.locator(".entry[data-chosen]").first()).toContainText("3 + 4 = 7");
  await page.goto(debate("large-tree", { node: "900" }));
  await expect(page.locator(".entry[data-chosen]").first()).toBeInViewport();
  await page.goto(debate("wrong-verdict", { node: "99" }));
  await expect(page.locator(chosen)).toHaveAttribute("data-node", "3");
});

test("node, entry and sentence lead to each other", async ({ page }) => {
  await page.goto(debate("latex"));
  await page.locator(".sentence", { hasText: "By Vieta" }).or(page.locator(".sentence").nth(1)).first().click();
  await expect(page.locator(chosen)).toHaveAttribute("data-node", "1");
  await page.locator('[role=treeitem][data-node="2"]').click();
  await expect(page.locator(".sentence[data-chosen]").first()).toContainText("factor");
  await expect(page).toHaveURL(/node=2/);
});

test("every key of a debate leads where it says", async ({ page }) => {
  await page.goto(debate("wrong-verdict", { "f.run": "first" }));
  const node = page.locator(chosen);
  const presses: [string, string][] = [
    ["h", "2"],
    ["h", "0"],
    ["l", "2"],
    ["k", "1"],
    ["j", "2"],
    ["b", "1"],
    ["a", "3"],
    ["w", "1"],
    ["w", "2"],
  ];
  await expect(node).toHaveAttribute("data-node", "3");
  for (const [key, at] of presses) {
    await page.keyboard.press(key);
    await expect(node, key).toHaveAttribute("data-node", at);
  }
  await page.keyboard.press("n");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Find the path of nine right turns.");
  await page.keyboard.press("p");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/each once, to make 14/);
  await page.goto(debate("latex"));
  await expect(node).toHaveAttribute("data-node", "4");
  await page.keyboard.press("r");
  await expect(node).toHaveAttribute("data-node", "1");
  await page.keyboard.press("Escape");
  await expect(page.locator(".table-body")).toBeVisible();
});

test("the tree is an ARIA tree with the arrows of one", async ({ page }) => {
  await page.goto(debate("large-tree"));
  const node = page.locator(chosen);
  await node.focus();
  await expect(node).toHaveAttribute("data-node", "999");
  await expect(node).toHaveAttribute("aria-level", /^\d+$/);
  await page.keyboard.press("Home");
  await expect(page.locator("[role=treeitem]:focus")).toHaveAttribute("data-node", "0");
  await page.keyboard.press("ArrowRight");
  await expect(page.locator("[role=treeitem]:focus")).toHaveAttribute("aria-level", "2");
  await page.keyboard.press("ArrowLeft");
  await expect(page.locator("[role=treeitem]:focus")).toHaveAttribute("data-node", "0");
});

test("abandoned branches are folded until they are asked for", async ({ page }) => {
  await page.goto(debate("large-tree"));
  await expect(page.locator('[role=treeitem][data-kind="stack"]').first()).toHaveCount(1);
  expect(await page.getByRole("treeitem").count()).toBeLessThan(200);
  await page.getByRole("button", { name: "Unfold all" }).click();
  await expect(page.getByRole("treeitem")).toHaveCount(1000);
  await page.getByRole("button", { name: "Fold abandoned" }).click();
  await expect(page.locator('[role=treeitem][data-kind="stack"]').first()).toBeVisible();
});

test("the replay plays, steps, and is kept in the address", async ({ page }) => {
  await page.goto(debate("wrong-verdict", { at: "4" }));
  await expect(page.getByRole("treeitem")).toHaveCount(2);
  const events = page.locator(".event-number dd");
  await expect(events).toContainText("4 of");
  const before = await page.locator(".bill strong").textContent();
  await page.getByRole("button", { name: "Next event" }).click();
  await page.keyboard.press(".");
  await expect(events).toContainText("6 of");
  await expect(page).toHaveURL(/at=6/);
  await expect(page.locator(".bill strong")).not.toHaveText(before ?? "");
  await page.keyboard.press(",");
  await expect(events).toContainText("5 of");
  await page.getByRole("slider", { name: "Event" }).press("Home");
  await expect(page.getByRole("treeitem")).toHaveCount(1);
  await page.getByRole("button", { name: "Replay" }).click();
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect(page.getByRole("treeitem")).toHaveCount(4);
  await expect(page.getByRole("button", { name: "Replay" })).toBeVisible({ timeout: 30_000 });
  await expect(page).not.toHaveURL(/at=/);
});

test("a refuted claim is underlined in its step, and formulas are set", async ({ page }) => {
  await page.goto(debate("latex"));
  await expect(page.locator(".entry mark.claim .katex").first()).toBeVisible();
  await expect(page.locator(".entry .katex-display").first()).toBeVisible();
  await expect(page.locator(".checks[open]").first()).toContainText("the sum of the roots is 5");
});

test("a model's thinking is folded", async ({ page }) => {
  await page.goto(debate("thinking"));
  const thinking = page.locator("details.thinking", { hasText: "Thinking" });
  await expect(thinking).not.toHaveAttribute("open");
  await thinking.locator("summary").click();
  await expect(thinking.locator(".prose")).toContainText("Wait, 17 * 20");
});

test("journey and shortcut are told and compared", async ({ page }) => {
  await page.goto(debate("latex"));
  await expect(page.locator(".thought-pane .pane-foot")).toContainText("1 wrong turn");
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(page.locator(".sentence[data-dropped]").first()).toBeVisible();
  await page.getByRole("button", { name: "Shortcut", exact: true }).click();
  await expect(page).toHaveURL(/walk=shortcut/);
  await expect(page.locator(".thought")).not.toContainText("Wait");
  await page.goto(debate("hostile " + '<script>document.title = "broken"</script>', { walk: "shortcut" }));
  await expect(page.getByText("There is no shortcut")).toBeVisible();
});

test("a thought of 200 KB is read without being in the page at once", async ({ page }) => {
  await page.goto(debate("long-thought"));
  await expect(page.locator(".sentence[data-chosen]").first()).toContainText("108811");
  expect(await page.locator(".sentence").count()).toBeLessThan(100);
});

test("a debate is copied as Markdown", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(debate("wrong-verdict"));
  await page.locator(chosen).waitFor();
  await page.keyboard.press("m");
  await expect(page.getByText("Copied as Markdown.")).toBeVisible();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text).toContain("# wrong-verdict#0");
  expect(text).toContain("↩ backtrack (score 0.08)");
});

test("an unknown debate, a failed one and a broken log say what is the matter", async ({ page }) => {
  await page.goto(debate("nowhere"));
  await expect(page.getByRole("alert")).toContainText("nowhere");
  await page.goto(debate("failed"));
  await expect(page.locator(".dialogue-pane")).toContainText("the server answered 500 <b>five times</b>");
  await page.goto(debate("sum-500"));
  await expect(page.locator(".head-note")).toBeVisible();
});

test("the keys are listed, and can be switched off", async ({ page }) => {
  await page.goto(debate("wrong-verdict"));
  await page.locator(chosen).waitFor();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("next wrong verdict");
  await page.getByLabel("Single keys act").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("h");
  await expect(page.locator(chosen)).toHaveAttribute("data-node", "3");
});
