/** The filters of the table: one list from which the controls, the chips and the address are made. */

export interface Interval {
  name: string;
  label: string;
  step: string;
  max?: string;
  /** Whether it has no largest value. */
  open?: boolean;
}

/** Filters with a smallest and a largest value; the server calls them `NAME_min` and `NAME_max`. */
export const INTERVALS: readonly Interval[] = [
  { name: "rounds", label: "Rounds", step: "1" },
  { name: "backtracks", label: "Backtracks", step: "1" },
  { name: "reflections", label: "Reflections", step: "1" },
  { name: "refutations", label: "Tool refutations", step: "1" },
  { name: "wrong_rejections", label: "Live steps rejected", step: "1", open: true },
  { name: "wrong_approvals", label: "Dead steps approved", step: "1", open: true },
  { name: "tokens", label: "Tokens", step: "1" },
  { name: "score", label: "Critic's last score", step: "0.01", max: "1" },
];

export const OUTCOMES: readonly (readonly [value: string, label: string])[] = [
  ["", "All"],
  ["solved", "Solved"],
  ["wrong", "Not solved"],
  ["failed", "Failed"],
  ["ungraded", "Not graded"],
  ["unfinished", "Unfinished"],
];

export const LABELS: readonly (readonly [value: string, label: string])[] = [
  ["", "any"],
  ["any", "some step has one"],
  ["none", "no step has one"],
  ["doubtful", "some are doubtful"],
  ["wrong_verdict", "a verdict was wrong"],
];

/** A filter in words, for the chip that takes it away. */
export function inWords(name: string, value: string): string {
  if (name === "q") return `contains “${value}”`;
  const bound = /^(.*)_(min|max)$/.exec(name);
  if (bound) {
    const label = INTERVALS.find((interval) => interval.name === bound[1])?.label ?? bound[1];
    return `${label} ${bound[2] === "min" ? "≥" : "≤"} ${value}`;
  }
  const known = [...OUTCOMES, ...LABELS].find(([key]) => key === value && key !== "");
  return `${name.replaceAll("_", " ")}: ${known?.[1] ?? value.replaceAll("_", " ")}`;
}
