import { expect, test } from "vitest";
import { claimRange, pieces, toUnits } from "./pieces";

const kinds = (text: string) => pieces(text).map((piece) => [piece.kind, piece.text]);

test("mathematics is told from prices", () => {
  expect(kinds("So $x^2$ costs $5 and $6 in all.")).toEqual([
    ["text", "So "],
    ["math", "x^2"],
    ["text", " costs $5 and $6 in all."],
  ]);
});

test("every delimiter of LaTeX is read, and code is not searched for it", () => {
  expect(kinds("\\(a\\) $$b$$ \\[c\\] \\boxed{\\frac{1}{2}}").filter(([kind]) => kind !== "text")).toEqual([
    ["math", "a"],
    ["display", "b"],
    ["display", "c"],
    ["math", "\\boxed{\\frac{1}{2}}"],
  ]);
  const align = "\\begin{align*} x &= 2 \\\\ y &= 3 \\end{align*}";
  expect(kinds(`so ${align}.`)).toEqual([
    ["text", "so "],
    ["display", align],
    ["text", "."],
  ]);
  expect(kinds("```python\nprint('$x$')\n```")).toEqual([["code", "print('$x$')"]]);
});

test("marks split plain text and cover whole formulas", () => {
  expect(
    pieces("now 2+2=5 and $x=1$", [
      [4, 9],
      [15, 16],
    ]),
  ).toEqual([
    { kind: "text", text: "now ", marked: false },
    { kind: "text", text: "2+2=5", marked: true },
    { kind: "text", text: " and ", marked: false },
    { kind: "math", text: "x=1", marked: true },
  ]);
});

test("offsets of Python count an emoji once", () => {
  const text = "🎉 2+2=5!";
  const [start, end] = toUnits(text, [2, 7]);
  expect(text.slice(start, end)).toBe("2+2=5");
  expect(claimRange("a b", "b", null)).toEqual([2, 3]);
  expect(claimRange("a b", "c", null)).toBeNull();
});

test("nothing is lost or added, whatever the text", () => {
  const hostile = "<script>alert(1)</script> $ $$ \\( ``` \\boxed{ \u202e abc";
  expect(
    pieces(hostile)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(hostile);
});
