/** The doubtful steps, one after another; one key says what a person thinks of each. */
import { useEffect, useMemo, useState } from "react";
import { format } from "../address";
import { ApiError, path, post } from "../api/client";
import type { Debate, Doubt, ReviewQueue, Runs, Word, Written } from "../api/types";
import { useData } from "../api/useData";
import { entries } from "../debate/dialogue";
import { EntryView } from "../debate/EntryView";
import { fold, pathTo } from "../debate/fold";
import { LabelChip } from "../debate/NodeCard";
import { useKeys } from "../keys";
import { Prose } from "../text/Prose";
import { claimRange } from "../text/pieces";
import { Notice, Trouble } from "../ui/Notice";
import { toast } from "../ui/toast";

interface Said {
  doubt: Doubt;
  live: boolean | null;
}

export function ReviewView({ runs }: { runs: Runs }) {
  const [after, setAfter] = useState("");
  const { data, error } = useData<ReviewQueue>(runs.review ? path("review", { after, limit: "50" }) : null);
  const [at, setAt] = useState(0);
  const [said, setSaid] = useState<readonly Said[]>([]);
  const [reason, setReason] = useState("");
  const [total, setTotal] = useState<number | null>(null);
  useEffect(() => {
    if (data) setTotal((before) => before ?? data.total);
  }, [data]);
  const doubt = data?.doubts[at];

  const forward = () => {
    setReason("");
    if (data && at + 1 >= data.doubts.length && data.more) {
      setAfter(data.more);
      setAt(0);
    } else setAt(at + 1);
  };
  const write = (live: boolean | null) => {
    if (!doubt) return;
    const word: Word = { run: doubt.run, id: doubt.id, node: doubt.node, live, reason, withdrawn: false };
    post<Written>(path("labels"), word).then(
      () => {
        setSaid((before) => [...before, { doubt, live }]);
        forward();
      },
      (problem: unknown) => toast(ApiError.of(problem).message),
    );
  };
  const undo = () => {
    const last = said.at(-1);
    if (!last) return;
    const { run, id, node } = last.doubt;
    post<Written>(path("labels"), { run, id, node, live: null, reason: "", withdrawn: true } satisfies Word).then(
      () => {
        setSaid((before) => before.slice(0, -1));
        const index = data?.doubts.findIndex((item) => item.run === run && item.id === id && item.node === node) ?? -1;
        if (index >= 0) setAt(index);
        toast("Taken back.");
      },
      (problem: unknown) => toast(ApiError.of(problem).message),
    );
  };
  useKeys({ y: () => write(true), x: () => write(false), u: () => write(null), s: forward, z: undo });

  if (!runs.review)
    return (
      <Notice title="Labels can't be written.">
        <p>
          Start the viewer with <code>longthought view RUN --review</code> to label steps here.
        </p>
      </Notice>
    );
  if (error) return <Trouble error={error} />;
  if (!data) return <div aria-busy="true" />;
  if (!doubt)
    return (
      <Notice
        title={
          said.length
            ? `Done: ${said.length} ${said.length === 1 ? "step" : "steps"} labelled.`
            : "No step is in doubt."
        }
      >
        <p>
          {said.length > 0 ? (
            <button type="button" className="button" onClick={undo}>
              Take the last one back
            </button>
          ) : (
            <>
              <code>longthought label RUN</code> labels steps and marks those that a person should look at.
            </>
          )}
        </p>
      </Notice>
    );
  return (
    <div className="review">
      <h1 className="hidden">Review</h1>
      <p className="quiet number review-count" role="status">
        {said.length} labelled, {Math.max(0, (total ?? data.total) - said.length)} in doubt
      </p>
      <Step key={`${doubt.run} ${doubt.id} ${doubt.node}`} doubt={doubt} />
      <footer className="review-foot">
        <input
          className="field"
          placeholder="Why? (kept with the label)"
          aria-label="Reason"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <div className="review-keys">
          <Choose name="y" said="Live" tone="good" act={() => write(true)} />
          <Choose name="x" said="Dead" tone="bad" act={() => write(false)} />
          <Choose name="u" said="Can't tell" tone="idle" act={() => write(null)} />
          <Choose name="s" said="Skip" act={forward} />
          <Choose name="z" said="Undo" act={undo} off={said.length === 0} />
        </div>
      </footer>
    </div>
  );
}

function Choose({
  name,
  said,
  tone,
  act,
  off = false,
}: {
  name: string;
  said: string;
  tone?: string;
  act: () => void;
  off?: boolean;
}) {
  return (
    <button
      type="button"
      className="button choose"
      data-tone={tone}
      aria-keyshortcuts={name}
      disabled={off}
      onClick={act}
    >
      {said} <kbd>{name}</kbd>
    </button>
  );
}

/** The step in question: the path that leads to it, and what was said about it. */
function Step({ doubt }: { doubt: Doubt }) {
  const { data, error } = useData<Debate>(path("debate", { run: doubt.run, id: doubt.id }));
  const debate = useMemo(() => (data ? fold(data.events) : null), [data]);
  const about = useMemo(
    () =>
      data
        ? entries(data.events).filter(
            (entry) => entry.node === doubt.node && entry.event.kind !== "moved" && entry.event.kind !== "finished",
          )
        : [],
    [data, doubt.node],
  );
  if (error) return <Trouble error={error} />;
  if (!debate || !data) return <div aria-busy="true" />;
  const before = pathTo(debate.nodes, doubt.node).slice(1, -1);
  const evidence = debate.nodes[doubt.node]?.evidence.filter((item) => item.status === "refuted") ?? [];
  const text = debate.nodes[doubt.node]?.text ?? "";
  const { live, value, trials, reason, by } = doubt.label;
  return (
    <article className="review-step scroll" tabIndex={-1}>
      <section className="card review-problem">
        <Prose text={data.problem.statement} />
        <small className="quiet">
          {doubt.run} · {doubt.id} ·{" "}
          <a
            className="more"
            data-link
            href={format({ view: "debate", run: doubt.run, debate: doubt.id, node: String(doubt.node), filter: {} })}
          >
            open the debate
          </a>
        </small>
      </section>
      {before.length > 0 && (
        <ol className="review-path" aria-label="The path to the step">
          {before.map((id) => (
            <li key={id}>
              <span className="quiet number">{id}</span> <Prose text={debate.nodes[id]?.text ?? ""} />
            </li>
          ))}
        </ol>
      )}
      <section className="card review-doubt" aria-label="The step in doubt">
        <header>
          <h2>
            Step {doubt.node}{" "}
            {debate.nodes[doubt.node]?.answer === null
              ? "— can a right answer still be reached?"
              : "— is this answer right?"}
          </h2>
        </header>
        <Prose
          text={text}
          marks={evidence.map((item) => claimRange(text, item.claim, item.span)).filter((range) => range !== null)}
        />
      </section>
      <p className="review-label">
        <LabelChip label={doubt.label} />
        <span className="quiet number">
          {value === null ? "" : `value ${value.toFixed(2)} `}
          {trials > 0 ? `from ${trials} ${trials === 1 ? "trial" : "trials"} ` : ""}
          {by}
          {live === null ? "" : reason ? `: ${reason.slice(0, 300)}` : ""}
        </span>
      </p>
      <div className="review-said">
        {about
          .filter((entry) => entry.event.kind !== "proposed")
          .map((entry) => (
            <EntryView
              key={entry.seq}
              entry={entry}
              chosen={false}
              newest={false}
              select={() => undefined}
              refuted={undefined}
            />
          ))}
      </div>
    </article>
  );
}
