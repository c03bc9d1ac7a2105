import { expect, test } from "vitest";
import { readLookAhead } from "./lookahead";

test("a look-ahead is read line by line", () => {
  expect(readLookAhead("13 need 35 blank have 24 8 none need 4 have 4 found")).toEqual([
    { held: "13", need: ["35"], have: ["24", "8"], found: false },
    { held: null, need: ["4"], have: ["4"], found: true },
  ]);
});

test("other words are left alone", () => {
  for (const words of ["", "wrong", "13 need 35 have 24", "Too far."]) expect(readLookAhead(words)).toBeNull();
});
