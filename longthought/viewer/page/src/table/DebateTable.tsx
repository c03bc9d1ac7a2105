/** The table of debates: a virtual list whose rows are links, sorted and filtered by the server. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { type Address, type Change, format } from "../address";
import type { Row } from "../api/types";
import { OUTCOME, stopped } from "../debate/signs";
import { Notice, Trouble } from "../ui/Notice";
import { COLUMNS } from "./columns";
import type { Rows } from "./useRows";

interface Props {
  address: Address;
  change: Change;
  rows: Rows;
  severalRuns: boolean;
}

const HEIGHT = 46;
const CARD = 78;

export function DebateTable({ address, change, rows, severalRuns }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const narrow = useRef(matchMedia("(max-width: 720px)")).current.matches;
  const list = useVirtualizer({
    count: rows.total ?? 0,
    getScrollElement: () => box.current,
    estimateSize: () => (narrow ? CARD : HEIGHT),
    overscan: 12,
  });
  const items = list.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  // biome-ignore lint/correctness/useExhaustiveDependencies: asks again when other rows are in view
  useEffect(() => {
    if (rows.total) rows.want(first, last);
  }, [first, last, rows.total]);
  const sort = (name: string) => {
    const same = address.sort === name;
    change({ sort: same && address.descending === undefined ? undefined : name, descending: same ? undefined : "1" });
  };
  if (rows.error) return <Trouble error={rows.error} />;
  if (rows.total === 0)
    return (
      <Notice title="No debate matches.">
        <p>
          <button type="button" className="button" onClick={() => change({ filter: {} })}>
            Clear the filter
          </button>
        </p>
      </Notice>
    );
  return (
    <div
      className="table card"
      role="table"
      aria-label="Debates"
      aria-rowcount={(rows.total ?? 0) + 1}
      data-runs={severalRuns || undefined}
    >
      <div role="rowgroup" className="table-head">
        <div role="row" className="tr" aria-rowindex={1}>
          <span role="columnheader" aria-sort={sorted(address, "outcome")}>
            <Sort name="outcome" title="Outcome" hint="Solved or not" address={address} sort={sort} />
          </span>
          <span role="columnheader" aria-sort={sorted(address, "id")}>
            <Sort name="id" title="Problem" hint="By its id" address={address} sort={sort} />
          </span>
          <span role="columnheader" className="wide-cell">
            Answer
          </span>
          {COLUMNS.map((column) => (
            <span key={column.title} role="columnheader" className="num" aria-sort={sorted(address, column.sort)}>
              <Sort name={column.sort} title={column.title} hint={column.hint} address={address} sort={sort} />
            </span>
          ))}
        </div>
      </div>
      <div className="scroll table-body" ref={box} role="rowgroup" onKeyDown={walk}>
        <div className="virtual" role="presentation" style={{ height: list.getTotalSize() }}>
          {items.map((item) => (
            <div
              key={item.key}
              role="row"
              aria-rowindex={item.index + 2}
              className="tr"
              style={{ height: item.size, translate: `0 ${item.start}px` }}
            >
              <Cells row={rows.row(item.index)} address={address} severalRuns={severalRuns} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

interface SortProps {
  name: string;
  title: string;
  hint: string;
  address: Address;
  sort: (name: string) => void;
}

function Sort({ name, title, hint, address, sort }: SortProps) {
  return (
    <button type="button" title={hint} onClick={() => sort(name)}>
      {title}
      <i aria-hidden="true">{address.sort === name ? (address.descending ? "↓" : "↑") : ""}</i>
    </button>
  );
}

/** Up and down lead from row to row. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const row = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[aria-rowindex]") : null;
  if (step === 0 || !row) return;
  const next = event.currentTarget.querySelector<HTMLElement>(
    `[aria-rowindex="${Number(row.getAttribute("aria-rowindex")) + step}"] a`,
  );
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function sorted(address: Address, name: string): "ascending" | "descending" | undefined {
  if (address.sort !== name) return undefined;
  return address.descending ? "descending" : "ascending";
}

function Cells({ row, address, severalRuns }: { row: Row | undefined; address: Address; severalRuns: boolean }) {
  if (!row)
    return (
      <span role="cell" className="loading-cell" aria-busy="true">
        <i className="skeleton" />
      </span>
    );
  const end = OUTCOME[row.outcome];
  const to = format({ ...address, view: "debate", run: row.run, debate: row.id });
  return (
    <>
      <span role="cell">
        <span className="chip" data-tone={end.tone}>
          {end.sign} <span className="chip-word">{end.said}</span>
        </span>
      </span>
      <span role="cell" className="problem-cell">
        <a href={to} data-link dir="auto" title={row.statement}>
          {row.statement}
        </a>
        <small className="quiet">
          {severalRuns ? `${row.run} · ` : ""}
          {row.id} · {stopped(row.stop_reason)}
        </small>
      </span>
      <span role="cell" className="wide-cell answer-cell" dir="auto" title={row.answer ?? undefined}>
        {row.answer ?? "·"}
      </span>
      {COLUMNS.map((column) => (
        <span key={column.title} role="cell" className="num number" data-title={column.title}>
          {column.title === "Back" && (row.wrong_rejections > 0 || row.wrong_approvals > 0) ? (
            <Wrong row={row} />
          ) : null}
          {column.cell(row)}
        </span>
      ))}
    </>
  );
}

function Wrong({ row }: { row: Row }) {
  const said = [
    row.wrong_rejections ? `${row.wrong_rejections} steps rejected that a label calls live` : "",
    row.wrong_approvals ? `${row.wrong_approvals} steps approved that a label calls dead` : "",
  ]
    .filter(Boolean)
    .join("; ");
  return (
    <span className="wrong-count" title={said}>
      ! <span className="hidden">{said}</span>
    </span>
  );
}
