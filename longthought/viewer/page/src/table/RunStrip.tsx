/** The runs on view: how many debates each has and has solved, what it was played with, and what is wrong with it. */
import type { Address, Change } from "../address";
import type { Runs, RunView } from "../api/types";

interface Props {
  runs: Runs;
  address: Address;
  change: Change;
}

export function RunStrip({ runs, address, change }: Props) {
  const chosen = address.filter.run ?? "";
  const broken = runs.runs.filter((run) => run.error);
  return (
    <div className="run-strip">
      {runs.runs.length > 1 ? (
        <ul aria-label="Runs">
          {runs.runs.map((run) => (
            <li key={run.name}>
              <button
                type="button"
                className="run card"
                aria-pressed={chosen === run.name}
                title={facts(run)}
                onClick={() =>
                  change({ filter: { ...address.filter, run: chosen === run.name ? "" : run.name } }, true)
                }
              >
                <strong>{run.name}</strong>
                <span className="quiet number">{counts(run)}</span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        runs.runs.map((run) => (
          <p key={run.name} className="run-line">
            <strong>{run.name}</strong>{" "}
            <span className="quiet">
              {facts(run)}
              {run.state === "indexing" ? ` · ${counts(run)}` : ""}
            </span>
          </p>
        ))
      )}
      {broken.map((run) => (
        <p key={run.name} className="head-note" role="status">
          <strong>{run.name}</strong>: {run.error}
        </p>
      ))}
    </div>
  );
}

function counts(run: RunView): string {
  if (run.state === "unreadable") return "can't be read";
  if (run.state === "indexing") return `reading, ${Math.floor(100 * run.indexed)} %`;
  const solved = run.graded ? `${((100 * run.solved) / run.graded).toFixed(1)} % of ` : "";
  return `${solved}${run.debates.toLocaleString("en")}${run.live ? ", growing" : ""}`;
}

function facts(run: RunView): string {
  const agents = [run.policy && `policy ${run.policy}`, run.critic && `critic ${run.critic}`]
    .filter(Boolean)
    .join(", ");
  return [run.graph, agents, run.created.slice(0, 16).replace("T", " ")].filter(Boolean).join(" · ");
}
