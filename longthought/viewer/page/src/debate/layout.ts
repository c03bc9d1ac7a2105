/** Where every node of a tree stands: pure functions on the folded tree, drawn elsewhere. */
import { type HierarchyPointNode, hierarchy, tree } from "d3-hierarchy";
import type { Node } from "./fold";

export const COLUMN = 41;
export const ROW = 62;
const TALLEST = 104;
const MARGIN = 28;
/** More abandoned siblings than this are drawn as one stack until it is opened. */
const STACKED = 12;

/** A node, or a stack of abandoned siblings that stands for all of them. */
export interface Item {
  key: string;
  /** The node; for a stack, the first of its nodes. */
  id: number;
  stack: number[] | null;
  /** Number of nodes below it that are folded away. */
  folded: number;
  below: Item[];
}

export interface Placed {
  item: Item;
  x: number;
  y: number;
  /** Position among its siblings, from 1, and their number, as an ARIA tree wants them. */
  position: number;
  siblings: number;
  level: number;
  above: string | null;
}

export interface Layout {
  placed: Placed[];
  /** By node, folded ones included: the item that shows it. */
  shownAt: Map<number, Placed>;
  width: number;
  height: number;
}

export const foldKey = (id: number): string => `n${id}`;
export const stackKey = (parent: number): string => `s${parent}`;

/** Whether a branch may be folded: it was abandoned, and no path that matters runs through it. */
function isDead(node: Node, kept: ReadonlySet<number>): boolean {
  return node.standing === "abandoned" && !kept.has(node.id);
}

/** Number of nodes below each node. */
export function descendants(nodes: readonly Node[]): number[] {
  const counts = nodes.map(() => 0);
  for (let id = nodes.length - 1; id > 0; id -= 1) {
    const parent = nodes[id]?.parent;
    if (parent !== null && parent !== undefined) counts[parent] = (counts[parent] ?? 0) + 1 + (counts[id] ?? 0);
  }
  return counts;
}

/**
 * Fold abandoned branches.
 *
 * @param kept nodes that are never folded: the winning path, the path to the cursor or to what is selected
 * @param open keys of the folds and stacks that the reader opened
 */
export function visible(nodes: readonly Node[], kept: ReadonlySet<number>, open: ReadonlySet<string>): Item | null {
  const root = nodes[0];
  if (!root) return null;
  const counts = descendants(nodes);
  const make = (node: Node): Item => ({ key: foldKey(node.id), id: node.id, stack: null, folded: 0, below: [] });
  const top = make(root);
  const waiting: Item[] = [top];
  for (let item = waiting.pop(); item; item = waiting.pop()) {
    const node = nodes[item.id];
    if (!node || item.stack) continue;
    if (isDead(node, kept) && node.children.length > 0 && !open.has(item.key)) {
      item.folded = counts[node.id] ?? 0;
      continue;
    }
    item.below = childrenOf(node, nodes, kept, open, make);
    waiting.push(...item.below);
  }
  return top;
}

function childrenOf(
  node: Node,
  nodes: readonly Node[],
  kept: ReadonlySet<number>,
  open: ReadonlySet<string>,
  make: (node: Node) => Item,
): Item[] {
  const children = node.children.flatMap((id) => nodes[id] ?? []);
  const dead = children.filter((child) => isDead(child, kept)).map((child) => child.id);
  const key = stackKey(node.id);
  if (dead.length <= STACKED || open.has(key)) return children.map(make);
  const stack: Item = { key, id: dead[0] ?? 0, stack: dead, folded: 0, below: [] };
  const alive = children.filter((child) => !isDead(child, kept)).map(make);
  return [stack, ...alive];
}

/** Place what is visible: time runs from left to right, depth from top to bottom, and rows use the room there is. */
export function layOut(top: Item | null, nodes: readonly Node[], room = 0): Layout {
  const empty: Layout = { placed: [], shownAt: new Map(), width: 0, height: 0 };
  if (!top) return empty;
  const data = hierarchy(top, (item) => item.below);
  const row = Math.max(ROW, Math.min(TALLEST, (room - 2 * MARGIN) / Math.max(1, data.height)));
  const root = tree<Item>()
    .nodeSize([COLUMN, row])
    .separation((a, b) => (a.parent === b.parent ? 1 : 1.25))(data);
  let [left, right] = [0, 0];
  root.each((point) => {
    left = Math.min(left, point.x);
    right = Math.max(right, point.x);
  });
  const placed: Placed[] = [];
  root.eachBefore((point) => placed.push(place(point, left)));
  return {
    placed,
    shownAt: whereShown(placed, nodes),
    width: right - left + 2 * MARGIN,
    height: root.height * row + 2 * MARGIN,
  };
}

function place(point: HierarchyPointNode<Item>, left: number): Placed {
  const siblings = point.parent?.children ?? [point];
  return {
    item: point.data,
    x: point.x - left + MARGIN,
    y: point.y + MARGIN,
    position: siblings.indexOf(point) + 1,
    siblings: siblings.length,
    level: point.depth + 1,
    above: point.parent?.data.key ?? null,
  };
}

function whereShown(placed: readonly Placed[], nodes: readonly Node[]): Map<number, Placed> {
  const shown = new Map<number, Placed>();
  for (const place of placed) for (const id of place.item.stack ?? [place.item.id]) shown.set(id, place);
  for (const node of nodes) {
    const above = node.parent === null ? undefined : shown.get(node.parent);
    if (!shown.has(node.id) && above) shown.set(node.id, above);
  }
  return shown;
}

/** The line from a node to one below it. */
export function edge(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const middle = (from.y + to.y) / 2;
  return `M${from.x},${from.y}C${from.x},${middle} ${to.x},${middle} ${to.x},${to.y}`;
}

/** The arc of a jump of the cursor: it leaves sideways, so that it is told from the lines of the tree. */
export function arc(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const side = from.x >= to.x ? 1 : -1;
  const reach = 26 + Math.min(60, Math.hypot(from.x - to.x, from.y - to.y) / 5);
  const [x1, y1] = [from.x + side * 13, from.y - 4];
  const [x2, y2] = [to.x + side * 15, to.y + 2];
  return `M${x1},${y1}C${x1 + side * reach},${y1 - 8} ${x2 + side * reach},${y2 + 6} ${x2},${y2}`;
}
