/** The tree of a debate after any number of its events: the page's copy of the rules in `trajectories/tree.py`. */
import type { AnyEvent, Author, Evidence, Usage, Verdict } from "./events";

export type Standing = "open" | "accepted" | "doubted" | "abandoned";

export interface Node {
  id: number;
  parent: number | null;
  kind: "problem" | "step" | "reflection";
  by: Author;
  text: string;
  depth: number;
  answer: string | null;
  standing: Standing;
  sources: number[];
  children: number[];
  evidence: Evidence[];
  verdicts: Verdict[];
  failures: string[];
  /** Why the node was abandoned, and by which kind of move. */
  reason: string;
  leftFor: string | null;
  /** Whether the critic's word accepted it at any time. */
  approved: boolean;
  /** The `seq` of the event that made it. */
  born: number;
}

/** A move of the cursor to a place that is not the step just made. */
export interface Jump {
  seq: number;
  from: number;
  to: number;
  back: boolean;
}

export interface Debate {
  nodes: Node[];
  cursor: number;
  jumps: Jump[];
  rounds: number;
  backtracks: number;
  policyTokens: number;
  criticTokens: number;
  cachedTokens: number;
  finished: { reason: string; node: number | null; answer: string | null } | null;
  solved: boolean | null;
  /** The events applied. */
  events: number;
}

const BACKWARD = new Set(["rejected", "vetoed", "exhausted"]);

/** Fold the first `count` events. Events about nodes that do not exist are passed over: a torn log still shows. */
export function fold(events: readonly AnyEvent[], count = events.length): Debate {
  const debate: Debate = {
    nodes: [],
    cursor: 0,
    jumps: [],
    rounds: 0,
    backtracks: 0,
    policyTokens: 0,
    criticTokens: 0,
    cachedTokens: 0,
    finished: null,
    solved: null,
    events: 0,
  };
  for (const event of events.slice(0, count)) {
    apply(debate, event);
    bill(debate, event);
    debate.events += 1;
  }
  return debate;
}

function apply(debate: Debate, event: AnyEvent): void {
  switch (event.kind) {
    case "started":
      add(debate, { id: 0, parent: null, kind: "problem", event, text: event.problem.statement, answer: null });
      break;
    case "proposed":
      propose(debate, event);
      break;
    case "reflected":
      add(debate, { id: event.node, parent: event.parent, kind: "reflection", event, text: event.text, answer: null });
      break;
    case "checked":
      debate.nodes[event.node]?.evidence.push(...event.evidence);
      break;
    case "judged":
      debate.nodes[event.node]?.verdicts.push(event.verdict);
      break;
    case "moved":
      move(debate, event);
      break;
    case "failed":
      if (event.fatal) break;
      debate.rounds += 1;
      if (event.node !== null) debate.nodes[event.node]?.failures.push(event.detail);
      break;
    case "finished":
      debate.finished = { reason: event.reason, node: event.node, answer: event.answer };
      break;
    case "reopened":
      debate.finished = null;
      debate.solved = null;
      break;
    case "graded":
      debate.solved = event.solved;
      break;
  }
}

type Of<K extends AnyEvent["kind"]> = Extract<AnyEvent, { kind: K }>;

function propose(debate: Debate, event: Of<"proposed">): void {
  const known = debate.nodes[event.node];
  if (known) {
    known.sources = [...new Set([...known.sources, event.parent, ...event.sources])];
    debate.rounds += 1;
    return;
  }
  if (!event.drafted) debate.rounds += 1;
  add(debate, { id: event.node, parent: event.parent, kind: "step", event, text: event.text, answer: event.answer });
  const made = debate.nodes[event.node];
  if (made) made.sources = [...event.sources];
}

interface Born {
  id: number;
  parent: number | null;
  kind: Node["kind"];
  event: AnyEvent;
  text: string;
  answer: string | null;
}

function add(debate: Debate, { id, parent, kind, event, text, answer }: Born): void {
  const above = parent === null ? undefined : debate.nodes[parent];
  if (id !== debate.nodes.length || (parent !== null && !above)) return;
  above?.children.push(id);
  debate.nodes.push({
    id,
    parent,
    kind,
    by: event.by,
    text,
    depth: above ? above.depth + (kind === "step" ? 1 : 0) : 0,
    answer,
    standing: kind === "problem" ? "accepted" : "open",
    sources: [],
    children: [],
    evidence: [],
    verdicts: [],
    failures: [],
    reason: "",
    leftFor: null,
    approved: false,
    born: event.seq,
  });
}

function move(debate: Debate, event: Of<"moved">): void {
  const back = BACKWARD.has(event.cause);
  const from = event.abandoned.at(-1) ?? debate.cursor;
  for (const [ids, standing] of [
    [event.accepted, "accepted"],
    [event.doubted, "doubted"],
    [event.abandoned, "abandoned"],
  ] as const) {
    for (const id of ids) {
      const node = debate.nodes[id];
      if (!node) continue;
      node.standing = standing;
      if (standing === "accepted" && event.cause === "accepted") node.approved = true;
      if (standing === "abandoned") {
        node.reason = event.reason;
        node.leftFor = event.cause;
      }
    }
  }
  const onward = event.cause === "selected" || event.cause === "rollout" || event.cause === "edited";
  const origin = back ? from : debate.cursor;
  if ((back || onward) && origin !== event.to) debate.jumps.push({ seq: event.seq, from: origin, to: event.to, back });
  if (back) debate.backtracks += 1;
  debate.cursor = event.to;
}

function bill(debate: Debate, event: AnyEvent): void {
  const [policy, critic] = cost(event);
  debate.policyTokens += total(policy);
  debate.criticTokens += total(critic);
  debate.cachedTokens += policy.cached + critic.cached;
}

const NOTHING: Usage = { prompt: 0, cached: 0, completion: 0, estimated: false };

const total = (usage: Usage): number => usage.prompt + usage.completion;

const plus = (a: Usage, b: Usage): Usage => ({
  prompt: a.prompt + b.prompt,
  cached: a.cached + b.cached,
  completion: a.completion + b.completion,
  estimated: a.estimated || b.estimated,
});

/** The tokens that an event cost its two agents, sub-debates included. */
export function cost(event: AnyEvent): [policy: Usage, critic: Usage] {
  const called = event.calls.reduce((sum, call) => plus(sum, call.usage), NOTHING);
  let [policy, critic] = event.by === "critic" ? [NOTHING, called] : [called, NOTHING];
  if ((event.kind === "proposed" || event.kind === "judged") && event.delegated) {
    policy = plus(policy, event.delegated.policy);
    critic = plus(critic, event.delegated.critic);
  }
  return [policy, critic];
}

/** The tokens spent up to and with each event, by role. */
export function runningBill(events: readonly AnyEvent[]): { policy: number; critic: number }[] {
  let policy = 0;
  let critic = 0;
  return events.map((event) => {
    const [byPolicy, byCritic] = cost(event);
    policy += total(byPolicy);
    critic += total(byCritic);
    return { policy, critic };
  });
}

/** The nodes from the problem to a node, both included. */
export function pathTo(nodes: readonly Node[], id: number): number[] {
  const path: number[] = [];
  for (let at: number | null | undefined = id; at !== null && at !== undefined; at = nodes[at]?.parent) {
    if (!nodes[at]) break;
    path.push(at);
  }
  return path.reverse();
}

/** The path to the answer that was accepted; empty while there is none. */
export function winningPath(debate: Debate): number[] {
  return debate.finished?.node === null || debate.finished?.node === undefined
    ? []
    : pathTo(debate.nodes, debate.finished.node);
}
