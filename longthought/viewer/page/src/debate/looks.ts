/** What every visible node looks like at a moment of the debate: a pure function between the layout and the elements. */
import type { Label } from "./events";
import type { Debate, Node } from "./fold";
import type { Layout, Placed } from "./layout";
import { described, toneOf, toolMark, wrongVerdict } from "./signs";
import type { Look } from "./TreeNode";

interface Scene {
  layout: Layout;
  /** The debate at the moment that is shown. */
  now: Debate;
  labels: ReadonlyMap<number, Label>;
  lit: ReadonlySet<number>;
  selected: number;
  open: ReadonlySet<string>;
  /** The newest event that is shown; null at the end. */
  at: number | null;
}

export function looks({ layout, now, labels, lit, selected, open, at }: Scene): Look[] {
  const chosen = layout.shownAt.get(selected) ?? layout.placed[0];
  return layout.placed.flatMap((place) => {
    const born = place.item.stack ? place.item.stack.filter((id) => now.nodes[id]) : [place.item.id];
    const node = now.nodes[born[0] ?? -1];
    if (!node) return [];
    return [look(place, node, born)];
  });

  function look(place: Placed, node: Node, born: number[]): Look {
    const stacked = place.item.stack !== null;
    const shown = place === chosen;
    const openable = stacked || place.item.folded > 0 || open.has(place.item.key);
    return {
      id: node.id,
      x: place.x,
      y: place.y,
      level: place.level,
      position: place.position,
      siblings: place.siblings,
      expanded: openable ? open.has(place.item.key) : place.item.below.length ? true : undefined,
      folded: place.item.folded,
      stack: stacked ? born.length : 0,
      name: stacked ? `${born.length} abandoned steps, folded` : described(node, labels.get(node.id)),
      kind: node.kind,
      tone: toneOf(node),
      muted: node.standing === "abandoned" && !lit.has(node.id),
      lit: lit.has(node.id),
      answer: node.answer !== null,
      cursor: now.cursor === node.id && now.finished === null,
      selected: shown,
      focusable: shown,
      fresh: at !== null && node.born === at,
      score: node.verdicts.at(-1)?.score ?? null,
      tools: toolMark(node) as Look["tools"],
      wrong: born.some((id) => {
        const inside = now.nodes[id];
        return inside ? wrongVerdict(inside, labels.get(id)) !== null : false;
      }),
    };
  }
}
