/** Four small charts of the debates that the filter keeps. */
import type { Change } from "../address";
import type { Action, CalibrationBin, Outcome, Summary } from "../api/types";
import { ACTION, OUTCOME } from "../debate/signs";

interface Props {
  summary: Summary | null;
  filter: Readonly<Record<string, string>>;
  change: Change;
}

export function Charts({ summary, filter, change }: Props) {
  return (
    <section className="charts" aria-label="Counts of what is filtered">
      <Outcomes summary={summary} filter={filter} change={change} />
      <Rounds summary={summary} />
      <Actions summary={summary} />
      <Reliability bins={summary?.calibration ?? []} />
    </section>
  );
}

const percent = (part: number, whole: number): string => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "–");

function Outcomes({ summary, filter, change }: Props) {
  const solved = summary?.outcomes.solved ?? 0;
  const graded = solved + (summary?.outcomes.wrong ?? 0);
  const parts = Object.entries(OUTCOME).map(
    ([value, look]) => [value, look.said, look.tone, summary?.outcomes[value as Outcome] ?? 0] as const,
  );
  const whole = Math.max(1, summary?.total ?? 0);
  let at = 0;
  return (
    <figure className="chart card">
      <figcaption>
        Solved <span className="quiet">of {graded.toLocaleString("en")} graded</span>
      </figcaption>
      <strong className="big number">{percent(solved, graded)}</strong>
      <svg className="stack" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="8" className="track" />
        {parts.map(([value, , tone, count]) => {
          const x = at;
          at += (100 * count) / whole;
          return <rect key={value} x={x} width={(100 * count) / whole} height="8" data-tone={tone} className="part" />;
        })}
      </svg>
      <ul className="legend number">
        {parts
          .filter(([, , , count]) => count > 0)
          .map(([value, label, tone, count]) => (
            <li key={value}>
              <button
                type="button"
                data-tone={tone}
                aria-pressed={filter.outcome === value}
                onClick={() => change({ filter: { ...filter, outcome: filter.outcome === value ? "" : value } }, true)}
              >
                <i /> {label} {count.toLocaleString("en")}
              </button>
            </li>
          ))}
      </ul>
    </figure>
  );
}

function Rounds({ summary }: { summary: Summary | null }) {
  const bins = (summary?.rounds ?? []).map((bin) => ({ ...bin, high: Math.max(bin.low, bin.high - 1) }));
  const top = Math.max(1, ...bins.map((bin) => bin.count));
  const wide = 200 / Math.max(1, bins.length);
  return (
    <figure className="chart card">
      <figcaption>Rounds</figcaption>
      <svg
        viewBox="0 0 200 74"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Rounds of a debate: ${bins.map((bin) => `${bin.low} to ${bin.high}: ${bin.count}`).join("; ")}`}
      >
        {bins.map((bin, index) => {
          const high = (72 * bin.count) / top;
          return (
            <rect
              key={bin.low}
              x={index * wide + 1}
              width={Math.max(1, wide - 2)}
              y={74 - high}
              height={high}
              rx="1.5"
              className="column"
            >
              <title>{`${bin.low === bin.high ? bin.low : `${bin.low}–${bin.high}`} rounds: ${bin.count} debates`}</title>
            </rect>
          );
        })}
      </svg>
      <p className="axis number quiet">
        <span>{bins[0]?.low ?? ""}</span>
        <span>{bins.at(-1)?.high ?? ""}</span>
      </p>
    </figure>
  );
}

function Actions({ summary }: { summary: Summary | null }) {
  const counts = Object.entries(ACTION).map(
    ([name, look]) => [name, look.tone, summary?.actions[name as Action] ?? 0] as const,
  );
  const top = Math.max(1, ...counts.map(([, , count]) => count));
  return (
    <figure className="chart card">
      <figcaption>Verdicts of the critic</figcaption>
      <ul className="bars number">
        {counts.map(([name, tone, count]) => (
          <li key={name} data-tone={tone}>
            <span>{name}</span>
            <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect width={(100 * count) / top} height="8" rx="1" className="part" />
            </svg>
            <span className="num">{count.toLocaleString("en")}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** How often debates are solved at each score of the critic: a calibrated critic lies on the diagonal. */
function Reliability({ bins }: { bins: readonly CalibrationBin[] }) {
  const known = bins.filter((bin) => bin.count > 0);
  const most = Math.max(1, ...known.map((bin) => bin.count));
  const said = known
    .map(
      (bin) => `at a score of ${bin.mean_score.toFixed(2)}, ${percent(bin.solved, bin.count)} of ${bin.count} solved`,
    )
    .join("; ");
  return (
    <figure className="chart card">
      <figcaption>
        Calibration <span className="quiet">score → solved</span>
      </figcaption>
      {known.length === 0 ? (
        <p className="quiet nothing">No graded debate with a score.</p>
      ) : (
        <svg viewBox="-3 -3 206 92" role="img" aria-label={`Calibration of the critic: ${said}`}>
          <path d="M0,86H200M0,0V86" className="axis-line" />
          <path d="M0,86L200,0" className="diagonal" />
          {known.map((bin) => {
            const [x, y] = [200 * bin.mean_score, 86 - (86 * bin.solved) / bin.count];
            return (
              <circle key={bin.low} cx={x} cy={y} r={2.2 + 4.5 * Math.sqrt(bin.count / most)} className="dot">
                <title>{`score ${bin.mean_score.toFixed(2)}: ${percent(bin.solved, bin.count)} of ${bin.count} solved`}</title>
              </circle>
            );
          })}
        </svg>
      )}
    </figure>
  );
}
