/** What every test of the page does: open an address, and complain of errors and of requests to anywhere else. */
import { test as base, expect, type Page } from "@playwright/test";

export const debate = (id: string, more: Record<string, string> = {}, run = "first"): string =>
  `/?${new URLSearchParams({ view: "debate", run, debate: `${id}#0`, ...more })}`;

export const SCRIPT = '<script>document.title = "broken"</script>';

export const test = base.extend<{ page: Page }>({
  page: async ({ page, baseURL }, use) => {
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        faults.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(baseURL ?? "") && !request.url().startsWith("file:")) faults.push(request.url());
    });
    await use(page);
    expect(faults).toEqual([]);
  },
});

/** Wait until the debates are counted. */
export async function counted(page: Page, count: number | RegExp): Promise<void> {
  const words = typeof count === "number" ? new RegExp(`^${count} debates? `) : count;
  await expect(page.locator(".found [role=status]")).toHaveText(words);
}

export { expect };
