import { expect, test } from "vitest";
import type { Sentence } from "./events";
import { keptNodes, paragraphs, words } from "./paragraphs";

const say = (factor: Sentence["factor"], node: number, text: string, gap = " "): Sentence => ({
  factor,
  node,
  text,
  gap,
  events: [node],
});

const JOURNEY = [
  say("opening", 0, "I need 24."),
  say("step", 1, "First, 8 + 3 = 11."),
  say("failure", 1, "That is a dead end."),
  say("return", 0, "Back to the start."),
  say("alternative", 4, "8 * 3 = 24."),
  say("answer", 4, "So it is 24."),
];

test("a paragraph begins where the thinker moves on, not between a return and its step", () => {
  const all = paragraphs(JOURNEY);
  expect(all.map((paragraph) => paragraph.sentences.map((told) => told.factor))).toEqual([
    ["opening"],
    ["step", "failure"],
    ["return", "alternative"],
    ["answer"],
  ]);
  expect(all.map((paragraph) => paragraph.turn)).toEqual([false, true, true, false]);
  expect(all.flatMap((paragraph) => paragraph.sentences.map((told) => told.index))).toEqual([0, 1, 2, 3, 4, 5]);
});

test("words and kept nodes are counted", () => {
  expect(words(JOURNEY.slice(0, 1))).toBe(3);
  expect([...keptNodes([say("opening", 0, "x"), say("step", 4, "y")])]).toEqual([4]);
  expect(paragraphs([])).toEqual([]);
});
