import { expect, test } from "vitest";
import { entries, entryAt } from "./dialogue";
import { fold, pathTo, runningBill, winningPath } from "./fold";
import { DEBATE } from "./sample";

test("the whole debate folds into its tree", () => {
  const debate = fold(DEBATE);
  expect(debate.nodes.map((node) => node.standing)).toEqual([
    "accepted",
    "abandoned",
    "abandoned",
    "abandoned",
    "accepted",
    "accepted",
  ]);
  expect(debate.nodes[0]?.children).toEqual([1, 4]);
  expect(debate.jumps).toEqual([
    { seq: 6, from: 2, to: 1, back: true },
    { seq: 9, from: 3, to: 0, back: true },
  ]);
  expect([debate.rounds, debate.backtracks, debate.cursor, debate.solved]).toEqual([4, 2, 4, true]);
  expect(winningPath(debate)).toEqual([0, 4]);
  expect(pathTo(debate.nodes, 3)).toEqual([0, 1, 3]);
});

test("a replay shows what was known then", () => {
  const debate = fold(DEBATE, 4);
  expect(debate.nodes.map((node) => node.id)).toEqual([0, 1]);
  expect(debate.nodes[1]?.standing).toBe("accepted");
  expect(winningPath(debate)).toEqual([]);
  expect(fold(DEBATE, 0).nodes).toEqual([]);
});

test("the bill runs along and ends where the debate does", () => {
  const bill = runningBill(DEBATE);
  const debate = fold(DEBATE);
  expect(bill[1]).toEqual({ policy: 110, critic: 0 });
  expect(bill.at(-1)).toEqual({ policy: debate.policyTokens, critic: debate.criticTokens });
});

test("a log with a hole is shown as far as it fits", () => {
  const torn = DEBATE.filter((event) => event.seq !== 1);
  expect(fold(torn).nodes.map((node) => node.id)).toEqual([0]);
});

test("a fatal failure that was lifted leaves no end", () => {
  const reopened = [
    ...DEBATE.slice(0, 4),
    { ...DEBATE[0], kind: "finished", reason: "failed", node: null, answer: null },
    { ...DEBATE[0], kind: "reopened" },
  ] as typeof DEBATE;
  expect(fold(reopened).finished).toBeNull();
});

test("the dialogue leaves out moves that only repeat a verdict", () => {
  const shown = entries(DEBATE);
  expect(shown.filter((entry) => entry.event.kind === "moved").map((entry) => entry.seq)).toEqual([6]);
  expect(shown[0]?.side).toBe("middle");
  expect(entryAt(shown, 3)).toBe(2);
  expect(entryAt([], 3)).toBe(-1);
});
