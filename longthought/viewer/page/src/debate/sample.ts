/** A small debate for tests of pure functions: two wrong turns, a reflection and an answer. */
import type { AnyEvent } from "./events";

type Loose = { kind: AnyEvent["kind"]; by?: string } & Record<string, unknown>;

const spent = (prompt: number, completion: number) => [
  { model: "m", text: "", thinking: null, finish_reason: "stop", usage: { prompt, cached: 0, completion }, latency: 1 },
];

const moved = (to: number, cause: string, standing: Record<string, number[]>, reason = ""): Loose => ({
  kind: "moved",
  to,
  cause,
  path: [],
  accepted: [],
  doubted: [],
  abandoned: [],
  reason,
  ...standing,
});

const verdict = (action: string, score: number, critique = "") => ({
  action,
  score,
  critique,
  target: null,
  said: null,
});

const proposed = (node: number, parent: number, text: string, answer: string | null = null): Loose => ({
  kind: "proposed",
  by: "policy",
  node,
  parent,
  text,
  answer,
  sources: [],
  trajectories: [],
  delegated: null,
  calls: spent(100, 10),
});

const judged = (node: number, action: string, score: number, critique = ""): Loose => ({
  kind: "judged",
  by: "critic",
  node,
  verdict: verdict(action, score, critique),
  trajectories: [],
  delegated: null,
  calls: spent(200, 5),
});

/** Number the events and fill in what they share. */
export function log(...events: Loose[]): AnyEvent[] {
  return events.map(
    (event, seq) =>
      ({ trajectory: "t#0", seq, by: "strategy", at: 1000 + seq, calls: [], ...event }) as unknown as AnyEvent,
  );
}

export const DEBATE = log(
  {
    kind: "started",
    problem: { id: "t", statement: "Make 24.", domain: "countdown", context: "" },
    sample: 0,
    config: {},
  },
  proposed(1, 0, "8 + 3 = 11"),
  judged(1, "continue", 0.6, "It may do."),
  moved(1, "accepted", { accepted: [1] }),
  proposed(2, 1, "11 - 3 = 7"),
  {
    kind: "checked",
    by: "tool",
    node: 2,
    evidence: [
      { tool: "algebra", status: "refuted", claim: "11 - 3 = 7", detail: "it is 8", span: [0, 10], seconds: 0 },
    ],
  },
  moved(1, "vetoed", { abandoned: [2] }, "algebra: it is 8"),
  proposed(3, 1, "11 * 2 = 22"),
  judged(3, "backtrack", 0.1, "Too far."),
  moved(0, "rejected", { abandoned: [1, 3] }, "Too far."),
  proposed(4, 0, "8 * 3 = 24", "24"),
  judged(4, "reflect", 0.5, "Sure?"),
  moved(4, "doubted", { doubted: [4] }),
  { kind: "reflected", by: "policy", node: 5, parent: 4, text: "Yes, three eights.", calls: spent(120, 8) },
  judged(4, "terminate", 0.9, "Right."),
  moved(4, "accepted", { accepted: [4, 5] }),
  { kind: "finished", reason: "answered", node: 4, answer: "24" },
  { kind: "graded", by: "grader", solved: true, detail: "" },
);
