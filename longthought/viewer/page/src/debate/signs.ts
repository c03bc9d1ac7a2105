/** The words, signs and colours for what happens in a debate; one place, so that every pane says the same. */
import type { Outcome } from "../api/types";
import type { Action, EvidenceStatus, Label } from "./events";
import type { Node } from "./fold";

export type Tone = "good" | "bad" | "doubt" | "end" | "idle" | "accent";

export const ACTION: Record<Action, { sign: string; tone: Tone; said: string }> = {
  continue: { sign: "→", tone: "good", said: "continue" },
  backtrack: { sign: "↩", tone: "bad", said: "backtrack" },
  reflect: { sign: "?", tone: "doubt", said: "reflect" },
  terminate: { sign: "■", tone: "end", said: "terminate" },
};

export const EVIDENCE: Record<EvidenceStatus, { sign: string; tone: Tone }> = {
  confirmed: { sign: "✓", tone: "good" },
  refuted: { sign: "✗", tone: "bad" },
  disputed: { sign: "≠", tone: "doubt" },
  abstained: { sign: "·", tone: "idle" },
  unavailable: { sign: "–", tone: "idle" },
};

const STOPPED: Record<string, string> = {
  answered: "answered",
  gave_up: "gave up",
  stuck: "stuck",
  rounds: "out of rounds",
  backtracks: "out of backtracks",
  tokens: "out of tokens",
  seconds: "out of time",
  failed: "failed",
};

/** Why a debate stopped, in words. */
export const stopped = (reason: string | null | undefined): string =>
  reason ? (STOPPED[reason] ?? reason.replaceAll("_", " ")) : "not ended";

const CAUSE: Record<string, string> = {
  rejected: "↩ back to",
  vetoed: "↩ vetoed by a tool, back to",
  exhausted: "↩ nothing new from here, back to",
  selected: "⤷ on from",
  rollout: "⤷ plays on from",
  pruned: "✂ pruned; the cursor stays at",
  edited: "moved by hand to",
};

/** A move of the cursor, up to the node that it leads to. */
export const moveWords = (cause: string): string => CAUSE[cause] ?? cause;

/** How a debate came out, as far as anyone knows. */
export const OUTCOME: Record<Outcome, { tone: Tone; sign: string; said: string }> = {
  solved: { tone: "good", sign: "✓", said: "solved" },
  wrong: { tone: "bad", sign: "✗", said: "not solved" },
  failed: { tone: "doubt", sign: "!", said: "failed" },
  ungraded: { tone: "idle", sign: "?", said: "not graded" },
  unfinished: { tone: "accent", sign: "…", said: "unfinished" },
};

/** The colour of a node: what was decided about it last. */
export function toneOf(node: Node): Tone {
  if (node.kind === "problem") return "accent";
  if (node.standing === "abandoned") return "bad";
  if (node.standing === "doubted") return "doubt";
  if (node.verdicts.at(-1)?.action === "terminate") return "end";
  return node.standing === "accepted" ? "good" : "idle";
}

/** What the tools found about a node: the worst they said. */
export function toolMark(node: Node): EvidenceStatus | null {
  for (const status of ["refuted", "disputed", "confirmed"] as const)
    if (node.evidence.some((evidence) => evidence.status === status)) return status;
  return null;
}

/** Whether a label says that the debate judged a node wrongly, and how; labels in doubt say nothing. */
export function wrongVerdict(node: Node, label: Label | undefined): "left" | "kept" | null {
  if (!label || label.live === null || label.doubtful) return null;
  if (!label.live) return node.approved ? "kept" : null;
  const refused = node.leftFor === "rejected" || node.leftFor === "vetoed";
  return refused && node.standing === "abandoned" ? "left" : null;
}

export const WRONG: Record<"left" | "kept", string> = {
  left: "rejected, but its label says that a right answer was within reach",
  kept: "approved, but its label says that no right answer was within reach",
};

/** A node in a sentence, for those who hear the tree. */
export function described(node: Node, label?: Label): string {
  const name = node.kind === "problem" ? "Problem" : `${node.kind === "step" ? "Step" : "Reflection"} ${node.id}`;
  const verdict = node.verdicts.at(-1);
  const wrong = wrongVerdict(node, label);
  return [
    name,
    node.kind === "problem" ? "" : node.standing,
    verdict ? `critic: ${verdict.action}${verdict.score === null ? "" : `, score ${verdict.score.toFixed(2)}`}` : "",
    toolMark(node) ? `tools: ${toolMark(node)}` : "",
    wrong ? `wrong verdict: ${WRONG[wrong]}` : "",
    node.text.slice(0, 160),
  ]
    .filter(Boolean)
    .join(". ");
}
