/** Two runs on the same problems: who solved what, the flips both ways, and two debates side by side. */
import { useState } from "react";
import type { Address, Change } from "../address";
import { path } from "../api/client";
import type { Cell, Comparison, Curves as CurvesAnswer, Rounds as RoundsAnswer, Runs, SetView } from "../api/types";
import { useData } from "../api/useData";
import { useKeys } from "../keys";
import { Choice } from "../table/FilterBar";
import { Notice, Trouble } from "../ui/Notice";
import { Curves } from "./Curves";
import { PairTable } from "./PairTable";
import { Rounds } from "./Rounds";
import { SideBySide } from "./SideBySide";

interface Props {
  address: Address;
  change: Change;
  runs: Runs;
}

export function CompareView({ address, change, runs }: Props) {
  const names = runs.runs.map((run) => run.name);
  const [a, b] = chosen(address, names);
  const { data, error } = useData<Comparison>(
    a && b ? path("compare", { a, b, cell: address.only, limit: "500" }) : null,
    runs.version,
  );
  useKeys({
    n: () => step(1),
    p: () => step(-1),
    escape: () => (address.problem ? change({ problem: undefined }) : change({ view: "debates" })),
  });
  const step = (by: number) => {
    const rows = data?.rows ?? [];
    const at = rows.findIndex((pair) => pair.a.id === address.problem);
    const to = rows[at < 0 ? 0 : at + by];
    if (to) change({ problem: to.a.id });
  };
  if (!a || !b)
    return (
      <Notice title="A comparison needs two runs.">
        <p>
          Give both: <code>longthought view runs/first runs/second</code>
        </p>
      </Notice>
    );
  const options = names.map((name) => [name, name] as const);
  return (
    <div className="compare">
      <h1 className="hidden">Compare</h1>
      <div className="compare-head">
        <Choice label="A" value={a} set={(value) => change({ a: value, b, problem: undefined })} options={options} />
        <button
          type="button"
          className="button icon swap"
          aria-label="Swap A and B"
          onClick={() => change({ a: b, b: a })}
        >
          ⇄
        </button>
        <Choice label="B" value={b} set={(value) => change({ a, b: value, problem: undefined })} options={options} />
        {data && <Tokens data={data} />}
      </div>
      {error ? (
        <Trouble error={error} />
      ) : (
        <>
          <div className="compare-top">
            {data && (
              <Cells data={data} only={address.only} set={(only) => change({ only, problem: undefined }, true)} />
            )}
            {runs.sets.map((set) => (
              <SetFigure key={set.name} set={set} version={runs.version} change={change} />
            ))}
          </div>
          <div className="compare-main" data-open={address.problem ? "" : undefined}>
            {data && <PairTable data={data} address={address} change={change} />}
            {address.problem && (
              <SideBySide id={address.problem} a={a} b={b} close={() => change({ problem: undefined })} />
            )}
          </div>
        </>
      )}
    </div>
  );
}

/** The runs that the address names; else the first two, of an improvement those that were validated. */
function chosen(address: Address, names: readonly string[]): [string | undefined, string | undefined] {
  const validated = names.filter((name) => /\/validation(\/|$)/.test(name));
  const usual = validated.length > 1 ? validated.toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a))) : names;
  const a = address.a ?? usual[0];
  return [a, address.b ?? usual.find((name) => name !== a)];
}

const isFirst = (name: string) => name.includes("/validation/");

function Tokens({ data }: { data: Comparison }) {
  const p = data.p;
  return (
    <p className="quiet number compare-facts">
      {data.tokens_a.toLocaleString("en")} against {data.tokens_b.toLocaleString("en")} tokens
      {p !== null && (
        <>
          {" · "}
          <span title="Exact McNemar test of the flips">p {p < 0.0001 ? "< 0.0001" : `= ${p.toPrecision(2)}`}</span>
        </>
      )}
      {data.unpaired_a + data.unpaired_b > 0 && ` · ${data.unpaired_a + data.unpaired_b} debates are in one run only`}
    </p>
  );
}

const CELLS: readonly (readonly [cell: Cell, said: string])[] = [
  ["both", "both solved"],
  ["only_a", "only A solved"],
  ["only_b", "only B solved"],
  ["neither", "neither solved"],
  ["unknown", "not known"],
];

function Cells({
  data,
  only,
  set,
}: {
  data: Comparison;
  only: string | undefined;
  set: (only: string | undefined) => void;
}) {
  return (
    <div className="cells" role="group" aria-label="Who solved what">
      {CELLS.filter(([cell]) => cell !== "unknown" || (data.counts.unknown ?? 0) > 0).map(([cell, said]) => (
        <button
          key={cell}
          type="button"
          className="cell card"
          data-cell={cell}
          aria-pressed={only === cell}
          onClick={() => set(only === cell ? undefined : cell)}
        >
          <strong className="number">{(data.counts[cell] ?? 0).toLocaleString("en")}</strong>
          <span>{said}</span>
        </button>
      ))}
    </div>
  );
}

function SetFigure({ set, version, change }: { set: SetView; version: number; change: Change }) {
  const [shown, show] = useState(true);
  const Figure = set.kind === "evaluate" ? SetCurves : SetRounds;
  return (
    <figure className="card curves-card">
      <figcaption>
        {set.kind === "evaluate" ? "Solved over tokens" : "Solved over rounds"}{" "}
        <span className="quiet">{set.name}</span>
        <button type="button" className="small" aria-expanded={shown} onClick={() => show(!shown)}>
          {shown ? "Hide" : "Show"}
        </button>
      </figcaption>
      {shown && <Figure name={set.name} version={version} change={change} />}
    </figure>
  );
}

function SetCurves({ name, version }: { name: string; version: number }) {
  const { data, error } = useData<CurvesAnswer>(path("curves", { set: name }), version);
  const why = error?.message ?? data?.error;
  return why ? <p className="quiet">{why}</p> : data && <Curves curves={data.curves} />;
}

function SetRounds({ name, version, change }: { name: string; version: number; change: Change }) {
  const { data, error } = useData<RoundsAnswer>(path("rounds", { set: name }), version);
  const why = error?.message ?? data?.error;
  return why ? <p className="quiet">{why}</p> : data && <Rounds decisions={data.decisions} change={change} />;
}
