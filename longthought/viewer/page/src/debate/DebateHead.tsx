/** The head of a debate: the problem, how it ended, and the way to its neighbours. */
import type { DebateName, Neighbours, Row } from "../api/types";
import { Inline } from "../text/Prose";
import type { Debate } from "./fold";
import { OUTCOME, stopped } from "./signs";

interface Props {
  row: Row;
  debate: Debate;
  /** The address of the table. */
  back: string;
  neighbours: Neighbours;
  open: (debate: DebateName | null) => void;
  copy: () => void;
  /** Goes to the next wrong verdict. */
  wrong: () => void;
  /** The names of its sub-debates. */
  parts: readonly string[];
  /** What is wrong with the log, if anything is. */
  note: string | null;
}

export function DebateHead({ row, debate, back, neighbours, open, copy, wrong, parts, note }: Props) {
  const end = OUTCOME[row.outcome];
  return (
    <header className="debate-head">
      <div className="head-line">
        <a className="button icon" href={back} aria-label="Back to the debates" data-link>
          ←
        </a>
        <h1 dir="auto" title={row.id}>
          <Inline text={row.statement} />
        </h1>
        <div className="head-buttons">
          <button type="button" className="button" onClick={copy}>
            Copy<span className="wide"> as Markdown</span>
          </button>
          <button
            type="button"
            className="button icon"
            aria-label="Previous debate"
            disabled={neighbours.previous === null}
            onClick={() => open(neighbours.previous)}
          >
            ↑
          </button>
          <button
            type="button"
            className="button icon"
            aria-label="Next debate"
            disabled={neighbours.next === null}
            onClick={() => open(neighbours.next)}
          >
            ↓
          </button>
        </div>
      </div>
      <p className="head-facts number">
        <span className="chip" data-tone={end.tone}>
          {end.sign} {end.said}
        </span>
        {row.answer !== null && (
          <span className="fact answer-fact" dir="auto">
            {row.answer.slice(0, 120)}
          </span>
        )}
        {row.finished && <span className="fact">{stopped(row.stop_reason)}</span>}
        <span className="fact">
          {debate.rounds} {debate.rounds === 1 ? "round" : "rounds"}
        </span>
        <span className="fact">
          {debate.backtracks} {debate.backtracks === 1 ? "backtrack" : "backtracks"}
        </span>
        {row.wrong_rejections + row.wrong_approvals > 0 && (
          <button
            type="button"
            className="chip wrong-chip"
            data-tone="doubt"
            title="Next wrong verdict (w)"
            onClick={wrong}
          >
            ! {row.wrong_rejections + row.wrong_approvals} wrong{" "}
            {row.wrong_rejections + row.wrong_approvals === 1 ? "verdict" : "verdicts"}
          </button>
        )}
        <span className="fact quiet">{row.run}</span>
        <span className="fact quiet id">{row.id}</span>
        {neighbours.position !== null && (
          <span className="fact quiet">
            {(neighbours.position + 1).toLocaleString("en")} of {neighbours.total.toLocaleString("en")}
          </span>
        )}
      </p>
      {parts.length > 0 && (
        <p className="head-parts">
          <span className="quiet">Sub-debates:</span>
          {parts.slice(0, 24).map((part) => (
            <button key={part} type="button" className="more" onClick={() => open({ run: row.run, id: part })}>
              {part}
            </button>
          ))}
        </p>
      )}
      {note && <p className="head-note">{note}</p>}
    </header>
  );
}
