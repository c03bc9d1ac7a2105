/** The long thought of a debate: every sentence leads to its node, and every node to its sentences. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { format, parse } from "../address";
import type { Loaded } from "../api/useData";
import { Inline } from "../text/Prose";
import type { Sentence, Thought } from "./events";
import { keptNodes, type Paragraph, paragraphs, words } from "./paragraphs";

export type Walk = "journey" | "shortcut" | "both";

interface Props {
  journey: Loaded<Thought>;
  shortcut: Loaded<Thought>;
  walk: Walk;
  setWalk: (walk: Walk) => void;
  selected: number;
  select: (id: number, seq?: number) => void;
  /** Newest event that is shown; later sentences are dimmed. */
  at: number | null;
}

export function ThoughtPane({ journey, shortcut, walk, setWalk, selected, select, at }: Props) {
  const told = walk === "shortcut" ? shortcut : journey;
  const kept = useMemo(
    () => (walk === "both" && shortcut.data ? keptNodes(shortcut.data.sentences) : null),
    [walk, shortcut.data],
  );
  return (
    <section className="pane thought-pane" aria-label="Long thought">
      <header className="pane-head">
        <h2>Long thought</h2>
        <span className="pane-tools segments" role="group" aria-label="What is told">
          {(["journey", "shortcut", "both"] as const).map((name) => (
            <button key={name} type="button" aria-pressed={walk === name} onClick={() => setWalk(name)}>
              {name === "both" ? "Compare" : name === "journey" ? "Journey" : "Shortcut"}
            </button>
          ))}
        </span>
      </header>
      {told.error ? (
        <Absent error={told.error.message} walk={walk} />
      ) : told.data ? (
        <Telling thought={told.data} kept={kept} selected={selected} select={select} at={at} />
      ) : (
        <div className="scroll" aria-busy="true">
          <p className="waiting quiet">Telling the debate…</p>
        </div>
      )}
      <Twins journey={journey.data} shortcut={shortcut.data} />
    </section>
  );
}

function Absent({ error, walk }: { error: string; walk: Walk }) {
  return (
    <div className="scroll">
      <div className="notice">
        <h2>{walk === "shortcut" ? "There is no shortcut" : "There is no thought"}</h2>
        <p>{error}</p>
      </div>
    </div>
  );
}

function Twins({ journey, shortcut }: { journey: Thought | null; shortcut: Thought | null }) {
  if (!journey) return <footer className="pane-foot" />;
  const long = words(journey.sentences);
  const short = shortcut ? words(shortcut.sentences) : null;
  return (
    <footer className="pane-foot quiet number">
      <span>
        Journey: {long.toLocaleString("en")} words, {journey.wrong_turns} wrong{" "}
        {journey.wrong_turns === 1 ? "turn" : "turns"}
      </span>
      {short !== null && (
        <span>
          Shortcut: {short.toLocaleString("en")} words{long ? ` (${Math.round((100 * short) / long)} %)` : ""}
        </span>
      )}
    </footer>
  );
}

interface TellingProps {
  thought: Thought;
  kept: ReadonlySet<number> | null;
  selected: number;
  select: (id: number, seq?: number) => void;
  at: number | null;
}

function Telling({ thought, kept, selected, select, at }: TellingProps) {
  const box = useRef<HTMLDivElement>(null);
  const all = useMemo(() => paragraphs(thought.sentences), [thought]);
  const list = useVirtualizer({
    count: all.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => 14 + 27 * Math.ceil(length(all[index]) / 52),
    overscan: 8,
    paddingStart: 14,
    paddingEnd: 32,
  });
  useEffect(() => {
    const index = all.findIndex((paragraph) => paragraph.sentences.some((told) => told.node === selected));
    if (at === null && selected > 0 && index >= 0) list.scrollToIndex(index, { align: "auto" });
  }, [at, selected, all, list]);
  useEffect(() => {
    if (at === null) return;
    const index = all.findLastIndex((paragraph) => paragraph.sentences.some((told) => (told.events[0] ?? 0) <= at));
    if (index >= 0) list.scrollToIndex(index, { align: "end" });
  }, [at, all, list]);
  return (
    <div className="scroll thought" ref={box} tabIndex={0} role="region" aria-label="The thought, sentence by sentence">
      <div className="virtual" style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map((item) => {
          const paragraph = all[item.index];
          return (
            <p
              key={item.key}
              ref={list.measureElement}
              data-index={item.index}
              data-turn={paragraph?.turn || undefined}
              dir="auto"
              style={{ translate: `0 ${item.start}px` }}
            >
              {paragraph?.sentences.map((told) => (
                <Phrase
                  key={told.index}
                  sentence={told}
                  chosen={told.node === selected && selected > 0}
                  dropped={kept !== null && told.node > 0 && !kept.has(told.node)}
                  later={at !== null && (told.events[0] ?? 0) > at}
                  select={select}
                />
              ))}
            </p>
          );
        })}
      </div>
    </div>
  );
}

const length = (paragraph: Paragraph | undefined): number =>
  paragraph?.sentences.reduce((sum, told) => sum + told.text.length, 0) ?? 0;

interface PhraseProps {
  sentence: Sentence;
  chosen: boolean;
  dropped: boolean;
  later: boolean;
  select: (id: number, seq?: number) => void;
}

const link = (node: number): string => format({ ...parse(window.location.search), node: String(node) });

function Phrase({ sentence, chosen, dropped, later, select }: PhraseProps) {
  return (
    <>
      <a
        href={link(sentence.node)}
        className="sentence"
        data-factor={sentence.factor}
        data-chosen={chosen || undefined}
        data-dropped={dropped || undefined}
        data-later={later || undefined}
        title={`${sentence.factor}, ${sentence.node ? `step ${sentence.node}` : "the problem"}`}
        onClick={(event) => {
          event.preventDefault();
          select(sentence.node, sentence.events[0]);
        }}
      >
        <Inline text={sentence.text} />
      </a>{" "}
    </>
  );
}
