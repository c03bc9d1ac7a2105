/** An improvement loop: each candidate's share of validation problems over the tokens spent, and whether it was promoted. */
import type { Change } from "../address";
import type { Rounds as RoundsAnswer } from "../api/types";
import { Axes, HEIGHT, scale, TOP, WIDTH } from "./Axes";
import { ticks } from "./scale";

type Decision = RoundsAnswer["decisions"][number];

const RIGHT = 92;
const ROLES = ["policy", "critic", "thinker"];
const MILLION = 1e6;

export function Rounds({ decisions, change }: { decisions: readonly Decision[]; change: Change }) {
  return (
    <>
      <Chart decisions={decisions} />
      <div className="scroll rounds">
        <table>
          <thead>
            <tr>
              <th scope="col">Round</th>
              <th scope="col">Lesson</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
              <th scope="col">Gain</th>
              <th scope="col">Decision</th>
              <th scope="col">
                <span className="hidden">Open</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {decisions.toReversed().map((one) => (
              <tr key={`${one.round} ${one.lesson}`} data-promoted={one.promoted || undefined}>
                <td className="number">{one.round}</td>
                <td>
                  {one.lesson} {one.level > 0 && <span className="quiet">level {one.level + 1}</span>}
                </td>
                <td className="number">{percent(one.before)}</td>
                <td className="number">{percent(one.solved)}</td>
                <td className="number">
                  {signed(one.gain)}{" "}
                  <span className="quiet">
                    [{signed(one.gain_low)}, {signed(one.gain_high)}]
                  </span>
                </td>
                <td title={one.why}>{one.promoted ? "promoted" : "rolled back"}</td>
                <td>
                  {one.run && one.rival && one.run !== one.rival && (
                    <button
                      type="button"
                      className="small"
                      onClick={() =>
                        change({
                          a: one.rival ?? undefined,
                          b: one.run ?? undefined,
                          only: undefined,
                          problem: undefined,
                        })
                      }
                    >
                      Compare
                      <span className="hidden">
                        {" "}
                        round {one.round}, {one.lesson}
                      </span>
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Chart({ decisions }: { decisions: readonly Decision[] }) {
  const axes = scale(ticks(Math.max(...decisions.map((one) => one.tokens / MILLION), 1e-3)), RIGHT);
  const { right, y } = axes;
  const x = (one: Decision) => axes.x(one.tokens / MILLION);
  const said = decisions
    .map(
      (one) =>
        `round ${one.round}, ${one.lesson}: ${percent(one.solved)}, ${one.promoted ? "promoted" : "rolled back"}`,
    )
    .join("; ");
  return (
    <svg
      className="curves"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Share of validation problems solved, for each candidate. ${said}`}
    >
      <Axes {...axes} unit="M tokens" />
      <path className="chair" d={chair(decisions, x, y)} />
      {decisions.map((one) => (
        <g
          key={`${one.round} ${one.lesson}`}
          className="candidate"
          data-hue={ROLES.indexOf(one.role)}
          data-promoted={one.promoted || undefined}
        >
          <line x1={x(one)} x2={x(one)} y1={y(one.low)} y2={y(one.high)} />
          <circle cx={x(one)} cy={y(one.solved)} r="4">
            <title>{`Round ${one.round}, ${one.lesson}: ${percent(one.solved)}, ${one.promoted ? "promoted" : "rolled back"} (${one.why})`}</title>
          </circle>
        </g>
      ))}
      {ROLES.filter((role) => decisions.some((one) => one.role === role)).map((role, index) => (
        <g key={role} className="candidate" data-hue={ROLES.indexOf(role)} data-promoted="">
          <circle cx={right + 20} cy={TOP + 10 + 18 * index} r="4" />
          <text x={right + 30} y={TOP + 14 + 18 * index}>
            {role}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** The share of the agents in the chairs: it steps where a candidate is promoted, and begins anew at each level. */
function chair(decisions: readonly Decision[], x: (one: Decision) => number, y: (share: number) => number): string {
  let [path, level] = ["", -1];
  for (const one of decisions) {
    path += one.level === level ? `H${x(one)}` : `M${x(one)},${y(one.before)}`;
    level = one.level;
    if (one.promoted) path += `V${y(one.solved)}`;
  }
  return path;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const signed = (share: number) => `${share < 0 ? "−" : "+"}${(100 * Math.abs(share)).toFixed(1)}`;
