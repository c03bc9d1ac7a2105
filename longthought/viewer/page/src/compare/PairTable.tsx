/** The problems that both runs have, as a virtual table; a row opens the two debates beside each other. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { type Address, type Change, format } from "../address";
import type { Comparison, Pair } from "../api/types";
import { OUTCOME } from "../debate/signs";

interface Props {
  data: Comparison;
  address: Address;
  change: Change;
}

export function PairTable({ data, address, change }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: data.rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => 50,
    overscan: 10,
  });
  const at = data.rows.findIndex((pair) => pair.a.id === address.problem);
  useEffect(() => {
    if (at >= 0) list.scrollToIndex(at);
  }, [at, list]);
  if (data.rows.length === 0) return <p className="notice">No problem is in this cell.</p>;
  return (
    <div className="card pair-table" role="table" aria-label="Problems of both runs" aria-rowcount={data.total}>
      <div className="scroll" ref={box} role="rowgroup">
        <div className="virtual" role="presentation" style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((item) => {
            const pair = data.rows[item.index];
            if (!pair) return null;
            const to = format({ ...address, problem: pair.a.id });
            return (
              <div
                key={item.key}
                role="row"
                aria-rowindex={item.index + 1}
                className="pair"
                data-chosen={item.index === at || undefined}
                style={{ height: item.size, translate: `0 ${item.start}px` }}
              >
                <span role="cell" className="problem-cell">
                  <a
                    href={to}
                    dir="auto"
                    aria-current={item.index === at || undefined}
                    onClick={(event) => open(event, pair)}
                  >
                    {pair.statement}
                  </a>
                  <small className="quiet">{pair.a.id}</small>
                </span>
                <Side name="A" side={pair.a} />
                <Side name="B" side={pair.b} />
              </div>
            );
          })}
        </div>
      </div>
      {data.total > data.rows.length && (
        <p className="pane-foot quiet number">
          The first {data.rows.length.toLocaleString("en")} of {data.total.toLocaleString("en")}; choose a cell above to
          see fewer.
        </p>
      )}
    </div>
  );

  function open(event: React.MouseEvent, pair: Pair): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    change({ problem: pair.a.id });
  }
}

function Side({ name, side }: { name: string; side: Pair["a"] }) {
  const look = OUTCOME[side.outcome];
  return (
    <span role="cell" className="side-cell number">
      <span className="quiet">{name}</span>
      <span className="chip" data-tone={look.tone} title={look.said}>
        {look.sign}
        <span className="hidden"> {look.said}</span>
      </span>
      <span className="quiet side-facts">
        {side.backtracks} back, {side.tokens.toLocaleString("en")} tokens
      </span>
    </span>
  );
}
