/** Where a key leads from a node: pure functions on the tree. */
import type { Label } from "./events";
import type { Debate, Node } from "./fold";
import { wrongVerdict } from "./signs";

export const parentOf = (debate: Debate, id: number): number => debate.nodes[id]?.parent ?? id;

/** The child that the debate kept, else the first one. */
export function childOf(debate: Debate, id: number): number {
  const children = debate.nodes[id]?.children ?? [];
  return children.find((child) => debate.nodes[child]?.standing !== "abandoned") ?? children[0] ?? id;
}

/** The sibling so many places further; a node without that many stays. */
export function siblingOf(debate: Debate, id: number, step: number): number {
  const parent = debate.nodes[id]?.parent;
  const children = parent === null || parent === undefined ? [id] : (debate.nodes[parent]?.children ?? [id]);
  return children[children.indexOf(id) + step] ?? id;
}

/** The next node, in the order of the debate and round again, that something holds of. */
function nextWhere(debate: Debate, id: number, holds: (node: Node) => boolean): number {
  const order = [...debate.nodes.slice(id + 1), ...debate.nodes.slice(0, id + 1)];
  return order.find(holds)?.id ?? id;
}

export const nextBacktrack = (debate: Debate, id: number): number => {
  const left = new Set(debate.jumps.filter((jump) => jump.back).map((jump) => jump.from));
  return nextWhere(debate, id, (node) => left.has(node.id));
};

export const nextRefutation = (debate: Debate, id: number): number =>
  nextWhere(debate, id, (node) => node.evidence.some((evidence) => evidence.status === "refuted"));

export const nextWrong = (debate: Debate, id: number, labels: ReadonlyMap<number, Label>): number =>
  nextWhere(debate, id, (node) => wrongVerdict(node, labels.get(node.id)) !== null);
