/** Two debates on the same problem beside each other, in their words. */
import { useMemo, useState } from "react";
import { format } from "../address";
import { path } from "../api/client";
import type { Debate } from "../api/types";
import { type Loaded, useData } from "../api/useData";
import { DialoguePane } from "../debate/DialoguePane";
import { entries } from "../debate/dialogue";
import { fold } from "../debate/fold";
import { OUTCOME, stopped } from "../debate/signs";
import { TreePane } from "../debate/TreePane";
import { Trouble } from "../ui/Notice";

export function SideBySide({ id, a, b, close }: { id: string; a: string; b: string; close: () => void }) {
  const first = useData<Debate>(path("debate", { run: a, id }));
  const second = useData<Debate>(path("debate", { run: b, id }));
  return (
    <section className="beside" aria-label="Both debates">
      <header className="beside-head">
        <h2 dir="auto">{(first.data ?? second.data)?.row.statement ?? id}</h2>
        <button type="button" className="button icon" aria-label="Close" onClick={close}>
          ×
        </button>
      </header>
      <One key={`a ${a} ${id}`} letter="A" loaded={first} />
      <One key={`b ${b} ${id}`} letter="B" loaded={second} />
    </section>
  );
}

function One({ letter, loaded: { data, error } }: { letter: string; loaded: Loaded<Debate> }) {
  if (error) return <Trouble error={error} />;
  if (!data) return <article className="one card" aria-busy="true" />;
  const { row } = data;
  const look = OUTCOME[row.outcome];
  return (
    <article className="one card">
      <header className="one-head number">
        <strong>{letter}</strong>
        <span className="chip" data-tone={look.tone}>
          {look.sign} {look.said}
        </span>
        <span className="quiet">
          {row.rounds} rounds, {row.tokens.toLocaleString("en")} tokens
        </span>
        <a className="more" href={format({ view: "debate", run: row.run, debate: row.id, filter: {} })} data-link>
          Open
        </a>
      </header>
      <Both data={data} of={` of ${letter}`} />
    </article>
  );
}

function Both({ data, of }: { data: Debate; of: string }) {
  const [selected, select] = useState<number | null>(null);
  const [wanted, setWanted] = useState<{ seq: number; wish: number } | null>(null);
  const debate = useMemo(() => fold(data.events), [data]);
  const said = useMemo(() => entries(data.events), [data]);
  const labels = useMemo(() => new Map(data.labels.map((label) => [label.node, label])), [data]);
  const refuted = useMemo(
    () =>
      new Map(
        debate.nodes.map((node) => [node.id, node.evidence.filter((item) => item.status === "refuted")] as const),
      ),
    [debate],
  );
  const choose = (id: number) => {
    select(id);
    setWanted((before) => ({ seq: debate.nodes[id]?.born ?? 0, wish: (before?.wish ?? 0) + 1 }));
  };
  const chosen = selected ?? debate.finished?.node ?? 0;
  return (
    <>
      <TreePane of={of} whole={debate} now={debate} at={null} labels={labels} selected={chosen} select={choose} />
      <DialoguePane
        of={of}
        entries={said}
        at={null}
        selected={chosen}
        select={choose}
        wanted={wanted}
        refuted={refuted}
      />
      <p className="pane-foot quiet">{stopped(data.row.stop_reason)}</p>
    </>
  );
}
