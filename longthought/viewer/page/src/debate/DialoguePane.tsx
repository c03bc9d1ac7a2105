/** The debate as it was said, as a virtual list: only what is near the window is in the page. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { type Entry, entryAt } from "./dialogue";
import { EntryView } from "./EntryView";

interface Props {
  entries: readonly Entry[];
  /** The newest event that is shown; null for all of them. */
  at: number | null;
  selected: number;
  select: (id: number) => void;
  /** The event to bring into view, with a number that grows with every wish. */
  wanted: { seq: number; wish: number } | null;
  /** Whose dialogue it is, if several are shown. */
  of?: string;
  refuted: ReadonlyMap<number, readonly { claim: string; span: readonly [number, number] | null | undefined }[]>;
}

export function DialoguePane({ entries, at, selected, select, wanted, refuted, of = "" }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const count = at === null ? entries.length : entryAt(entries, at) + 1;
  const list = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: (index) => guess(entries[index]),
    getItemKey: (index) => entries[index]?.seq ?? index,
    overscan: 6,
    paddingStart: 12,
    paddingEnd: 24,
  });

  useEffect(() => {
    if (at !== null && count > 0) list.scrollToIndex(count - 1, { align: "end" });
  }, [at, count, list]);
  useEffect(() => {
    const index = wanted ? entryAt(entries, wanted.seq) : -1;
    if (index >= 0) list.scrollToIndex(Math.min(index, count - 1), { align: "start" });
  }, [wanted, entries, count, list]);

  return (
    <section className="pane dialogue-pane" aria-label={`Dialogue${of}`}>
      <header className="pane-head">
        <h2>Dialogue</h2>
        <span className="pane-tools who" aria-hidden="true">
          <span className="who-policy">policy</span>
          <span className="who-critic">critic</span>
        </span>
      </header>
      <div className="scroll" ref={box} tabIndex={0} role="region" aria-label={`What was said, in order${of}`}>
        <ol className="virtual" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const entry = entries[item.index];
            if (!entry) return null;
            return (
              <li
                key={item.key}
                ref={list.measureElement}
                data-index={item.index}
                style={{ translate: `0 ${item.start}px` }}
                aria-setsize={count}
                aria-posinset={item.index + 1}
              >
                <EntryView
                  entry={entry}
                  chosen={entry.node !== null && entry.node === selected}
                  newest={at !== null && item.index === count - 1}
                  select={select}
                  refuted={entry.node === null ? undefined : refuted.get(entry.node)}
                />
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}

function guess(entry: Entry | undefined): number {
  if (!entry) return 40;
  const text =
    "text" in entry.event ? entry.event.text : entry.event.kind === "judged" ? entry.event.verdict.critique : "";
  return 58 + 21 * Math.min(40, Math.ceil(text.length / 48));
}
