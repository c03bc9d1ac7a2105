/** Search, filters and the chips that take them away. */
import { useEffect, useRef, useState } from "react";
import type { Address, Change } from "../address";
import type { Runs, Summary } from "../api/types";
import { stopped } from "../debate/signs";
import { INTERVALS, inWords, LABELS, OUTCOMES } from "./filters";

interface Props {
  address: Address;
  change: Change;
  summary: Summary | null;
  runs: Runs;
}

export function FilterBar({ address, change, summary, runs }: Props) {
  const { filter } = address;
  const set = (name: string, value: string) => change({ filter: { ...filter, [name]: value } }, true);
  const [more, setMore] = useState(false);
  const chips = Object.entries(filter).filter(([name, value]) => value && name !== "outcome");
  return (
    <div
      onKeyDown={(event) => {
        if (event.key === "Escape" && more) {
          event.stopPropagation();
          setMore(false);
        }
      }}
      className="filters"
      role="search"
      aria-label="Filter the debates"
    >
      <div className="filter-line">
        <Search value={filter.q ?? ""} set={(value) => set("q", value)} />
        <div className="segments outcome-filter" role="group" aria-label="Outcome">
          {OUTCOMES.map(([value, label]) => (
            <button
              key={value}
              type="button"
              aria-pressed={(filter.outcome ?? "") === value}
              onClick={() => set("outcome", value)}
            >
              {label}
            </button>
          ))}
        </div>
        <button type="button" className="button" aria-expanded={more} onClick={() => setMore(!more)}>
          Filters{chips.length ? ` (${chips.length})` : ""}
        </button>
      </div>
      {more && (
        <div className="filter-grid card">
          {runs.runs.length > 1 && (
            <Choice
              label="Run"
              value={filter.run ?? ""}
              set={(value) => set("run", value)}
              options={[["", "any"], ...[...runs.sets, ...runs.runs].map((run) => [run.name, run.name] as const)]}
            />
          )}
          <Choice
            label="Why it stopped"
            value={filter.stop ?? ""}
            set={(value) => set("stop", value)}
            options={[
              ["", "any"],
              ...Object.entries(summary?.stop_reasons ?? {}).map(
                ([name, count]) => [name, `${stopped(name)} (${count})`] as const,
              ),
            ]}
          />
          <Choice
            label="Domain"
            value={filter.domain ?? ""}
            set={(value) => set("domain", value)}
            options={[
              ["", "any"],
              ...Object.entries(summary?.domains ?? {}).map(([name, count]) => [name, `${name} (${count})`] as const),
            ]}
          />
          <Choice label="Labels" value={filter.label ?? ""} set={(value) => set("label", value)} options={LABELS} />
          {INTERVALS.map((interval) => (
            <fieldset key={interval.name} className="interval">
              <legend>{interval.label}</legend>
              {(interval.open ? (["min"] as const) : (["min", "max"] as const)).map((end) => (
                <input
                  key={end}
                  type="number"
                  className="field number"
                  min="0"
                  max={interval.max}
                  step={interval.step}
                  placeholder={end === "min" ? "from" : "to"}
                  aria-label={`${interval.label}, ${end === "min" ? "at least" : "at most"}`}
                  value={filter[`${interval.name}_${end}`] ?? ""}
                  onChange={(event) => set(`${interval.name}_${end}`, event.target.value)}
                />
              ))}
            </fieldset>
          ))}
        </div>
      )}
      {chips.length > 0 && (
        <ul className="chips" aria-label="Filters in force">
          {chips.map(([name, value]) => (
            <li key={name}>
              <button type="button" className="chip" data-tone="accent" onClick={() => set(name, "")}>
                {inWords(name, value)} <span aria-hidden="true">×</span>
                <span className="hidden"> (remove)</span>
              </button>
            </li>
          ))}
          <li>
            <button type="button" className="more" onClick={() => change({ filter: {} })}>
              Clear all
            </button>
          </li>
        </ul>
      )}
    </div>
  );
}

/** The search box: what is typed is asked for when the reader pauses. */
function Search({ value, set }: { value: string; set: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const latest = useRef(set);
  latest.current = set;
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const pause = setTimeout(() => latest.current(typed), 200);
    return () => clearTimeout(pause);
  }, [typed, value]);
  return (
    <input
      id="search"
      type="search"
      className="field search"
      placeholder="Search in problems, steps and critiques, such as “wait”"
      aria-label="Search"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  set: (value: string) => void;
  options: readonly (readonly [value: string, label: string])[];
}

export function Choice({ label, value, set, options }: ChoiceProps) {
  return (
    <label className="choice">
      <span>{label}</span>
      <select className="field" aria-label={label} value={value} onChange={(event) => set(event.target.value)}>
        {options.map(([key, said]) => (
          <option key={key} value={key}>
            {said}
          </option>
        ))}
      </select>
    </label>
  );
}
