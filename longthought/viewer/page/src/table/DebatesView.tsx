/** The debates of all runs: filters, charts and the table. */
import type { Address, Change } from "../address";
import { path } from "../api/client";
import type { Runs, Summary } from "../api/types";
import { useData } from "../api/useData";
import { Charts } from "./Charts";
import { DebateTable } from "./DebateTable";
import { FilterBar } from "./FilterBar";
import { RunStrip } from "./RunStrip";
import { useRows } from "./useRows";

interface Props {
  address: Address;
  change: Change;
  runs: Runs;
  version: number;
}

export function DebatesView({ address, change, runs, version }: Props) {
  const query = tableQuery(address);
  const rows = useRows(query, version);
  const summary = useData<Summary>(path("summary", address.filter), `${version} ${rows.searched}`);
  const total = rows.total;
  return (
    <div className="debates">
      <h1 className="hidden">Debates</h1>
      <FilterBar address={address} change={change} summary={summary.data} runs={runs} />
      <RunStrip runs={runs} address={address} change={change} />
      <Charts summary={summary.data} filter={address.filter} change={change} />
      <div className="found number">
        <p className="quiet" role="status">
          {total === null ? "Counting…" : `${total.toLocaleString("en")} ${total === 1 ? "debate" : "debates"}`}
          {summary.data ? ` · ${summary.data.tokens.toLocaleString("en")} tokens` : ""}
          {rows.searched < 1 ? ` · searched ${Math.floor(100 * rows.searched)} %…` : ""}
        </p>
        {summary.data && <Wrongs summary={summary.data} address={address} change={change} />}
      </div>
      <DebateTable address={address} change={change} rows={rows} severalRuns={runs.runs.length > 1} />
    </div>
  );
}

/** The way to the debates in which a verdict was wrong, as far as labels tell. */
function Wrongs({ summary, address, change }: { summary: Summary; address: Address; change: Change }) {
  const found = [
    ["wrong_rejections_min", summary.wrong_rejections, "rejected a step that was live"],
    ["wrong_approvals_min", summary.wrong_approvals, "approved a step that was dead"],
  ] as const;
  return found.map(
    ([name, count, said]) =>
      count > 0 &&
      !address.filter[name] && (
        <button
          key={name}
          type="button"
          className="chip"
          data-tone="doubt"
          onClick={() => change({ filter: { ...address.filter, [name]: "1" } })}
        >
          ! {count.toLocaleString("en")} {said}
        </button>
      ),
  );
}

/** What the server is asked for; the debate view asks for its neighbours with the same words. */
export const tableQuery = (address: Address): Record<string, string | undefined> => ({
  ...address.filter,
  sort: address.sort,
  descending: address.descending ? "true" : undefined,
});
