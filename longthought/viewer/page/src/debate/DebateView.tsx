/** One debate in three panes, with a replay below them. */
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Address, type Change, format } from "../address";
import { path } from "../api/client";
import type { DebateName, Debate as Doc, Neighbours, Thought } from "../api/types";
import { useData } from "../api/useData";
import { useKeys } from "../keys";
import { Notice, Trouble } from "../ui/Notice";
import { toast } from "../ui/toast";
import { DebateHead } from "./DebateHead";
import { DialoguePane } from "./DialoguePane";
import { entries as entriesOf, nodeOf } from "./dialogue";
import type { Label } from "./events";
import { fold } from "./fold";
import { markdown } from "./markdown";
import { Scrubber } from "./Scrubber";
import { childOf, nextBacktrack, nextRefutation, nextWrong, parentOf, siblingOf } from "./steering";
import { ThoughtPane, type Walk } from "./ThoughtPane";
import { TreePane } from "./TreePane";
import { useReplay } from "./useReplay";

interface Props {
  address: Address;
  change: Change;
  /** Grows when the server's data did. */
  version: number;
  /** The debates before and after it in the table. */
  neighbours: Neighbours;
}

export function DebateView({ address, change, version, neighbours }: Props) {
  const where = { run: address.run, id: address.debate };
  const [live, setLive] = useState(0);
  const { data, error, stale } = useData<Doc>(address.debate ? path("debate", where) : null, live);
  const running = data !== null && !data.row.finished;
  useEffect(() => {
    if (running) setLive(version);
  }, [running, version]);
  if (error) return <Trouble error={error} />;
  if (!address.debate) return <Notice title="No debate is open." />;
  if (!data) return <div className="debate loading" aria-busy="true" />;
  return (
    <Open
      key={`${data.row.run} ${data.row.id}`}
      doc={data}
      stale={stale}
      address={address}
      change={change}
      neighbours={neighbours}
    />
  );
}

function Open({ doc, stale, address, change, neighbours }: { doc: Doc; stale: boolean } & Omit<Props, "version">) {
  const { events, row } = doc;
  const replay = useReplay(address.at, events.length, change);
  const whole = useMemo(() => fold(events), [events]);
  const now = useMemo(
    () => (replay.count === null ? whole : fold(events, replay.count)),
    [events, whole, replay.count],
  );
  const shown = useMemo(() => entriesOf(events), [events]);
  const labels = useMemo(() => new Map<number, Label>(doc.labels.map((label) => [label.node, label])), [doc.labels]);
  const refuted = useMemo(
    () =>
      new Map(whole.nodes.map((node) => [node.id, node.evidence.filter((item) => item.status === "refuted")] as const)),
    [whole],
  );
  const [pane, setPane] = useState<"tree" | "dialogue" | "thought">("dialogue");
  const [wanted, setWanted] = useState<{ seq: number; wish: number } | null>(() => {
    const linked = address.node === undefined ? undefined : whole.nodes[Number(address.node)];
    return linked && linked.id > 0 && replay.count === null ? { seq: linked.born, wish: 0 } : null;
  });
  const at = replay.count === null ? null : replay.count - 1;
  const newest = at === null ? undefined : events[at];
  const [picked, setPicked] = useState({ count: replay.count, id: address.node });
  const given = replay.count === null ? address.node : picked.count === replay.count ? picked.id : undefined;
  const chosen = chosenNode(given, now.nodes.length, (newest ? nodeOf(newest) : whole.finished?.node) ?? 0);

  const select = useCallback(
    (id: number, seq?: number) => {
      change({ node: String(id) }, true);
      setPicked({ count: replay.count, id: String(id) });
      const born = seq ?? whole.nodes[id]?.born;
      if (born !== undefined) setWanted((before) => ({ seq: born, wish: (before?.wish ?? 0) + 1 }));
    },
    [change, whole, replay.count],
  );
  const open = (debate: DebateName | null) => {
    if (debate) change(openAddress(debate));
  };
  const copy = () => {
    navigator.clipboard.writeText(markdown(row.id, events)).then(
      () => toast("Copied as Markdown."),
      () => toast("The browser does not let this page copy."),
    );
  };
  const scrub = (step: number) => {
    const next = (replay.count ?? events.length) + step;
    if (next >= 1) replay.setCount(next >= events.length ? null : next);
  };
  useKeys({
    n: () => open(neighbours.next),
    p: () => open(neighbours.previous),
    h: () => select(parentOf(now, chosen)),
    l: () => select(childOf(now, chosen)),
    j: () => select(siblingOf(now, chosen, 1)),
    k: () => select(siblingOf(now, chosen, -1)),
    b: () => select(nextBacktrack(now, chosen)),
    r: () => select(nextRefutation(now, chosen)),
    w: () => select(nextWrong(now, chosen, labels)),
    a: () => select(whole.finished?.node ?? chosen),
    ".": () => scrub(1),
    ",": () => scrub(-1),
    " ": () => {
      if (!replay.playing && replay.count === null) replay.setCount(1);
      replay.setPlaying(!replay.playing);
    },
    m: copy,
    escape: () => change(closed()),
  });
  const where = { run: row.run, id: row.id };
  const journey = useData<Thought>(path("thought", { ...where, walk: "chronological" }), events.length);
  const walk: Walk = address.walk === "shortcut" || address.walk === "both" ? address.walk : "journey";
  const shortcut = useData<Thought>(
    row.solved || walk !== "journey" ? path("thought", { ...where, walk: "shortcut" }) : null,
    events.length,
  );

  return (
    <div className="debate" aria-busy={stale}>
      <DebateHead
        row={row}
        debate={now}
        back={format({ ...address, ...closed() })}
        neighbours={neighbours}
        open={open}
        copy={copy}
        wrong={() => select(nextWrong(now, chosen, labels))}
        parts={doc.parts}
        note={doc.error || null}
      />
      <nav className="pane-tabs segments" aria-label="Panes">
        {(["tree", "dialogue", "thought"] as const).map((name) => (
          <button key={name} type="button" aria-pressed={pane === name} onClick={() => setPane(name)}>
            {name === "tree" ? "Tree" : name === "dialogue" ? "Dialogue" : "Thought"}
          </button>
        ))}
      </nav>
      <div className="panes" data-pane={pane}>
        <TreePane whole={whole} now={now} at={at} labels={labels} selected={chosen} select={select} />
        <DialoguePane entries={shown} at={at} selected={chosen} select={select} wanted={wanted} refuted={refuted} />
        <ThoughtPane
          journey={journey}
          shortcut={shortcut}
          walk={walk}
          setWalk={(next) => change({ walk: next === "journey" ? undefined : next }, true)}
          selected={chosen}
          select={select}
          at={at}
        />
      </div>
      <Scrubber events={events} {...replay} />
    </div>
  );
}

/** The node that was picked, if there is one by now, else another. */
function chosenNode(given: string | undefined, born: number, otherwise: number): number {
  const number = Number.parseInt(given ?? "", 10);
  return Number.isInteger(number) && number >= 0 && number < born ? number : Math.max(0, Math.min(otherwise, born - 1));
}

export const openAddress = ({ run, id }: DebateName): Partial<Address> => ({
  view: "debate",
  run,
  debate: id,
  node: undefined,
  at: undefined,
});

export const closed = (): Partial<Address> => ({
  view: "debates",
  run: undefined,
  debate: undefined,
  node: undefined,
  at: undefined,
  walk: undefined,
});
