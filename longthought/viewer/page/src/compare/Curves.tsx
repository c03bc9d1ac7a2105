/** Solved over tokens, a line for each strategy with its 95 % interval. */
import { useState } from "react";
import type { Curves as CurvesAnswer } from "../api/types";
import { spread, ticks } from "./scale";

type Curve = CurvesAnswer["curves"][number];

const [WIDTH, HEIGHT] = [760, 230];
const [LEFT, RIGHT, TOP, BOTTOM] = [42, 116, 10, 30];
const HUES = 8;
/** A line with more points than this shows only its last one. */
const DOTTED = 12;

export function Curves({ curves }: { curves: readonly Curve[] }) {
  const [hot, setHot] = useState<string | null>(null);
  const at = (point: Curve["points"][number]) => point.tokens;
  const across = ticks(Math.max(...curves.flatMap((curve) => curve.points.map(at)), 1));
  const most = across.at(-1) ?? 1;
  const x = (value: number) => LEFT + ((WIDTH - LEFT - RIGHT) * value) / most;
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value);
  const ends = spread(
    curves.map((curve) => y(curve.points.at(-1)?.solved ?? 0)),
    14,
    HEIGHT - BOTTOM,
  );
  const said = curves
    .map(
      (curve) =>
        `${curve.name}: ${curve.points
          .slice(-DOTTED)
          .map((p) => `${Math.round(100 * p.solved)} % at ${Math.round(at(p))}`)
          .join(", ")}`,
    )
    .join("; ");
  return (
    <svg
      className="curves"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Share of problems solved. ${said}`}
    >
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <g key={share} className="grid">
          <line x1={LEFT} x2={WIDTH - RIGHT} y1={y(share)} y2={y(share)} />
          <text x={LEFT - 7} y={y(share) + 4} textAnchor="end">
            {100 * share} %
          </text>
        </g>
      ))}
      {across.map((value) => (
        <text key={value} x={x(value)} y={HEIGHT - 12} textAnchor="middle" className="tick-label">
          {value.toLocaleString("en")}
        </text>
      ))}
      <text x={WIDTH - RIGHT + 18} y={HEIGHT - 12} className="tick-label">
        tokens per problem
      </text>
      {curves.map((curve, index) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: pointing at a line only lights it up
        <g
          key={curve.name}
          data-hue={index % HUES}
          className={`curve ${hot === curve.name ? "hot" : hot ? "cold" : ""}`}
          onMouseEnter={() => setHot(curve.name)}
          onMouseLeave={() => setHot(null)}
        >
          {curve.points.length > 1 && <path d={band(curve)} className="band" />}
          <polyline points={curve.points.map((point) => `${x(at(point))},${y(point.solved)}`).join(" ")} />
          {(curve.points.length > DOTTED ? curve.points.slice(-1) : curve.points).map((point) => (
            <circle key={point.budget} cx={x(at(point))} cy={y(point.solved)} r="3">
              <title>{`${curve.name}: ${(100 * point.solved).toFixed(1)} % [${(100 * point.low).toFixed(1)}, ${(100 * point.high).toFixed(1)}], ${Math.round(at(point)).toLocaleString("en")} tokens`}</title>
            </circle>
          ))}
          <text x={WIDTH - RIGHT + 10} y={(ends[index] ?? 0) + 4}>
            {curve.name}
          </text>
        </g>
      ))}
    </svg>
  );

  function band(curve: Curve): string {
    const up = curve.points.map((point) => `${x(at(point))},${y(point.high)}`);
    const down = curve.points.toReversed().map((point) => `${x(at(point))},${y(point.low)}`);
    return `M${[...up, ...down].join("L")}Z`;
  }
}
