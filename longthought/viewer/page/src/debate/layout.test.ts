import { expect, test } from "vitest";
import { fold, type Node, winningPath } from "./fold";
import { foldKey, layOut, stackKey, visible } from "./layout";
import { DEBATE } from "./sample";

const NONE: ReadonlySet<string> = new Set();

function comb(nodes: number, standing: Node["standing"]): Node[] {
  const root = fold(DEBATE, 1).nodes[0] as Node;
  const made: Node[] = [{ ...root, children: [] }];
  for (let id = 1; id < nodes; id += 1) {
    made.push({ ...root, id, parent: 0, kind: "step", standing, children: [], depth: 1 });
    made[0]?.children.push(id);
  }
  return made;
}

test("abandoned branches fold, the winning path never does", () => {
  const debate = fold(DEBATE);
  const kept = new Set(winningPath(debate));
  const shown = layOut(visible(debate.nodes, kept, NONE), debate.nodes);
  expect(shown.placed.map((place) => place.item.id)).toEqual([0, 1, 4, 5]);
  expect(shown.placed[1]?.item.folded).toBe(2);
  expect(shown.shownAt.get(3)?.item.id).toBe(1);
  const opened = layOut(visible(debate.nodes, kept, new Set([foldKey(1)])), debate.nodes);
  expect(opened.placed.map((place) => place.item.id)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("many abandoned siblings are one stack until it is opened", () => {
  const nodes = comb(40, "abandoned");
  const shown = layOut(visible(nodes, new Set([7]), NONE), nodes);
  expect(shown.placed.map((place) => [place.item.id, place.item.stack?.length ?? 0])).toEqual([
    [0, 0],
    [1, 38],
    [7, 0],
  ]);
  expect(shown.shownAt.get(39)?.item.key).toBe(stackKey(0));
  expect(layOut(visible(nodes, new Set(), new Set([stackKey(0)])), nodes).placed).toHaveLength(40);
});

test("no two nodes overlap, and all are inside", () => {
  const nodes = comb(60, "open");
  const shown = layOut(visible(nodes, new Set(), NONE), nodes);
  const places = shown.placed.map((place) => `${Math.round(place.x)},${place.y}`);
  expect(new Set(places).size).toBe(60);
  expect(shown.placed.every((place) => place.x >= 0 && place.x <= shown.width && place.y <= shown.height)).toBe(true);
});

test("a path of 5,000 nodes is laid out, not recursed into", () => {
  const root = comb(1, "open")[0] as Node;
  const nodes = Array.from(
    { length: 5000 },
    (_, id): Node => ({
      ...root,
      id,
      parent: id ? id - 1 : null,
      children: id < 4999 ? [id + 1] : [],
    }),
  );
  expect(layOut(visible(nodes, new Set(), NONE), nodes).placed).toHaveLength(5000);
});

test("no tree, no layout", () => {
  expect(layOut(visible([], new Set(), NONE), []).placed).toEqual([]);
});
