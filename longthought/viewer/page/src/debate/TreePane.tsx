/** The tree of a debate: nodes as elements, lines and arcs behind them, the node that is selected below. */
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Label } from "./events";
import { type Debate, pathTo, winningPath } from "./fold";
import { arc, edge, foldKey, type Layout, layOut, stackKey, visible } from "./layout";
import { looks } from "./looks";
import { NodeCard } from "./NodeCard";
import { TreeNode } from "./TreeNode";

interface Props {
  /** The debate at its end, which fixes where everything stands. */
  whole: Debate;
  /** The debate at the moment that is shown. */
  now: Debate;
  at: number | null;
  labels: ReadonlyMap<number, Label>;
  selected: number;
  select: (id: number) => void;
  /** Whose tree it is, if several are shown. */
  of?: string;
}

const ARCS = 60;
/** A replay unfolds trees up to this size, so that every branch is seen to grow. */
const UNFOLDED = 150;

export function TreePane({ whole, now, at, labels, selected, select, of = "" }: Props) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [zoom, setZoom] = useState<number | null>(null);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const view = useRef<HTMLDivElement>(null);
  const winning = useMemo(() => winningPath(whole), [whole]);
  const everything = useMemo(
    () => new Set(whole.nodes.flatMap((node) => [foldKey(node.id), stackKey(node.id)])),
    [whole],
  );
  const unfolded = at !== null && whole.nodes.length <= UNFOLDED ? everything : open;
  const layout = useMemo(() => {
    const kept = new Set([...winning, ...pathTo(whole.nodes, selected)]);
    return layOut(visible(whole.nodes, kept, unfolded), whole.nodes, room.height);
  }, [whole, winning, selected, unfolded, room.height]);
  const lit = useMemo(
    () => new Set(now.finished && winning.length ? winning : pathTo(now.nodes, now.cursor)),
    [now, winning],
  );
  const shown = looks({ layout, now, labels, lit, selected, open: unfolded, at });

  const pick = useCallback(
    (id: number, toggle: boolean) => {
      select(id);
      if (!toggle) return;
      const parent = whole.nodes[id]?.parent;
      const keys = [foldKey(id), ...(parent === null || parent === undefined ? [] : [stackKey(parent)])];
      setOpen((before) => {
        const stacked = keys[1] !== undefined && layout.placed.some((place) => place.item.key === keys[1]);
        return toggled(before, stacked ? (keys[1] as string) : (keys[0] as string));
      });
    },
    [select, whole, layout],
  );

  const fit = room.width ? Math.min(1, Math.max(0.7, room.width / layout.width)) : 1;
  const scale = zoom ?? fit;
  useLayoutEffect(() => {
    const box = view.current;
    if (!box) return;
    const measure = () =>
      setRoom((before) =>
        before.width === box.clientWidth && before.height === box.clientHeight
          ? before
          : { width: box.clientWidth, height: box.clientHeight },
      );
    const watch = new ResizeObserver(measure);
    watch.observe(box);
    measure();
    return () => watch.disconnect();
  }, []);
  const steered = useRef(false);
  useKeepInView(view, layout, selected, scale, steered);
  const winner = now.finished ? (now.solved === false ? "bad" : now.solved ? "good" : "accent") : "accent";

  return (
    <section className="pane tree-pane" aria-label={`Tree${of}`}>
      <header className="pane-head">
        <h2>Tree</h2>
        <span className="quiet number">{now.nodes.length ? `${now.nodes.length - 1} nodes` : ""}</span>
        <span className="pane-tools">
          <button type="button" className="small" onClick={() => setOpen(open.size ? new Set() : everything)}>
            {open.size ? "Fold abandoned" : "Unfold all"}
          </button>
          <button
            type="button"
            className="small"
            aria-label="Smaller"
            onClick={() => setZoom(Math.max(0.4, scale - 0.2))}
          >
            −
          </button>
          <button
            type="button"
            className="small"
            aria-label="Larger"
            onClick={() => setZoom(Math.min(1.6, scale + 0.2))}
          >
            +
          </button>
        </span>
      </header>
      <div className="tree-view" ref={view}>
        <div className="tree-size" style={{ width: layout.width * scale, height: layout.height * scale }}>
          <div
            className="tree"
            role="tree"
            aria-label={`Reasoning tree${of}`}
            style={{ width: layout.width, height: layout.height, scale }}
            onKeyDown={(event) => {
              steered.current = true;
              walk(event, layout, selected, now.nodes.length, pick);
            }}
          >
            <Lines layout={layout} now={now} lit={lit} at={at} selected={selected} winner={winner} />
            {shown.map((look) => (
              <TreeNode key={look.stack ? `s${look.id}` : look.id} look={look} pick={pick} />
            ))}
          </div>
        </div>
      </div>
      <NodeCard node={now.nodes[selected] ?? now.nodes[0]} label={labels.get(selected)} />
    </section>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const changed = new Set(set);
  if (!changed.delete(key)) changed.add(key);
  return changed;
}

interface LinesProps {
  layout: Layout;
  now: Debate;
  lit: ReadonlySet<number>;
  at: number | null;
  selected: number;
  winner: string;
}

function Lines({ layout, now, lit, at, selected, winner }: LinesProps) {
  const places = new Map(layout.placed.map((place) => [place.item.key, place]));
  const newest = now.jumps.at(-1);
  const jumps =
    now.jumps.length > ARCS
      ? now.jumps.filter((j) => j === newest || j.from === selected || j.to === selected)
      : now.jumps;
  return (
    <svg className="lines" width={layout.width} height={layout.height} aria-hidden="true" data-tone={winner}>
      <defs>
        <marker
          id="head"
          viewBox="0 0 8 8"
          refX="6"
          refY="4"
          markerWidth="6"
          markerHeight="6"
          orient="auto-start-reverse"
        >
          <path d="M0,1 L7,4 L0,7 z" className="arrow" />
        </marker>
      </defs>
      {layout.placed.map((place) => {
        const above = place.above === null ? undefined : places.get(place.above);
        const node = now.nodes[place.item.id];
        if (!above || !node) return null;
        const bright = lit.has(node.id) && lit.has(above.item.id);
        const kind = bright ? "lit" : node.standing === "abandoned" ? "muted" : "plain";
        return <path key={place.item.key} d={edge(above, place)} className={`edge ${kind}`} />;
      })}
      {now.nodes.flatMap((node) =>
        node.sources.flatMap((source) => {
          const [from, to] = [layout.shownAt.get(source), layout.shownAt.get(node.id)];
          return from && to && from !== to
            ? [<path key={`m${node.id}-${source}`} d={edge(from, to)} className="edge merge" />]
            : [];
        }),
      )}
      {jumps.map((jump) => {
        const [from, to] = [layout.shownAt.get(jump.from), layout.shownAt.get(jump.to)];
        if (!from || !to || from === to) return null;
        const hot = (at !== null && jump === newest) || jump.from === selected;
        return (
          <path
            key={jump.seq}
            d={arc(from, to)}
            className={`arc ${jump.back ? "back" : "onward"} ${hot ? "hot" : ""}`}
            markerEnd="url(#head)"
          />
        );
      })}
    </svg>
  );
}

/** The arrows of an ARIA tree: up and down among what is visible, right opens or goes down, left closes or goes up. */
function walk(
  event: KeyboardEvent,
  layout: Layout,
  selected: number,
  born: number,
  pick: (id: number, toggle: boolean) => void,
): void {
  const here = layout.shownAt.get(selected);
  const order = layout.placed.filter((place) => place.item.id < born);
  const at = here ? order.indexOf(here) : -1;
  const to = {
    ArrowDown: order[at + 1],
    ArrowUp: order[at - 1],
    Home: order[0],
    End: order.at(-1),
    ArrowLeft: order.find((place) => place.item.key === here?.above),
    ArrowRight: here?.item.below[0] && order.find((place) => place.item.key === here.item.below[0]?.key),
  }[event.key];
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowRight" && here && (here.item.folded > 0 || here.item.stack)) {
    pick(here.item.id, true);
  } else if (to) {
    pick(to.item.id, false);
  } else return;
  event.preventDefault();
}

function useKeepInView(
  view: React.RefObject<HTMLDivElement | null>,
  layout: Layout,
  selected: number,
  zoom: number,
  steered: React.RefObject<boolean>,
): void {
  const first = useRef(true);
  useLayoutEffect(() => {
    const [box, place] = [view.current, layout.shownAt.get(selected)];
    if (!box || !place) return;
    const [x, y] = [place.x * zoom, place.y * zoom];
    const outside =
      x < box.scrollLeft + 24 ||
      x > box.scrollLeft + box.clientWidth - 24 ||
      y < box.scrollTop + 24 ||
      y > box.scrollTop + box.clientHeight - 24;
    if (!outside) return;
    box.scrollTo({
      left: x - box.clientWidth / 2,
      top: y - box.clientHeight / 2,
      behavior: first.current || matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth",
    });
  }, [view, layout, selected, zoom]);
  useEffect(() => {
    first.current = false;
  }, []);
  // the focus follows the selection if it was in the tree; a node that unfolds takes the place of its stack
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the selection or the layout changes
  useEffect(() => {
    const box = view.current;
    const inside = box?.contains(document.activeElement) && document.activeElement !== box;
    if (inside || steered.current)
      box?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus({ preventScroll: true });
    steered.current = false;
  }, [view, selected, layout]);
}
