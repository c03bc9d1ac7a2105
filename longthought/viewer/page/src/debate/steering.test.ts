import { expect, test } from "vitest";
import type { Label } from "./events";
import { fold } from "./fold";
import { markdown } from "./markdown";
import { DEBATE } from "./sample";
import { childOf, nextBacktrack, nextRefutation, nextWrong, parentOf, siblingOf } from "./steering";

const debate = fold(DEBATE);

test("parent, child and sibling stay where there is none", () => {
  expect([parentOf(debate, 3), parentOf(debate, 0)]).toEqual([1, 0]);
  expect([childOf(debate, 0), childOf(debate, 1), childOf(debate, 3)]).toEqual([4, 2, 3]);
  expect([siblingOf(debate, 2, 1), siblingOf(debate, 3, 1), siblingOf(debate, 3, -1), siblingOf(debate, 0, 1)]).toEqual(
    [3, 3, 2, 0],
  );
});

test("backtracks and refutations come round", () => {
  expect([nextBacktrack(debate, 0), nextBacktrack(debate, 2), nextBacktrack(debate, 3)]).toEqual([2, 3, 2]);
  expect(nextRefutation(debate, 4)).toBe(2);
});

test("a wrong verdict is one that a label contradicts", () => {
  const label = (node: number, live: boolean | null) => [node, { node, live } as unknown as Label] as const;
  expect(nextWrong(debate, 0, new Map([label(3, true)]))).toBe(3);
  expect(nextWrong(debate, 0, new Map([label(2, true)]))).toBe(2);
  expect(nextWrong(debate, 0, new Map([label(4, false)]))).toBe(4);
  expect(nextWrong(debate, 0, new Map([label(3, false), label(4, true), label(2, null)]))).toBe(0);
});

test("a debate is copied as Markdown that keeps its words apart from its markup", () => {
  const text = markdown("t#0", DEBATE);
  expect(text).toContain("# t#0");
  expect(text).toContain("**Step 2** (from 1)\n\n> 11 - 3 = 7");
  expect(text).toContain("✗ algebra refuted: `11 - 3 = 7`: it is 8");
  expect(text).toContain("**Critic**: ↩ backtrack (score 0.10)\n\n> Too far.");
  expect(text.trimEnd().endsWith("solved")).toBe(true);
  const fenced = markdown("x", [{ ...DEBATE[1], text: "a\n# b\n```c```" } as (typeof DEBATE)[number]]);
  expect(fenced).toContain("> a\n> # b\n> ```c```");
});
