import { expect, test } from "vitest";
import { spread, ticks } from "./scale";

test("an axis has round numbers that cover its values", () => {
  expect(ticks(1830)).toEqual([0, 500, 1000, 1500, 2000]);
  expect(ticks(1)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(ticks(0)).toEqual([0, 1]);
  expect(ticks(Number.NaN)).toEqual([0, 1]);
});

test("labels move apart and stay inside, in their order", () => {
  expect(spread([10, 11, 50], 10, 60)).toEqual([10, 20, 50]);
  expect(spread([59, 60], 10, 60)).toEqual([50, 60]);
  expect(spread([60, 59], 10, 60)).toEqual([60, 50]);
  expect(spread([], 10, 60)).toEqual([]);
});
