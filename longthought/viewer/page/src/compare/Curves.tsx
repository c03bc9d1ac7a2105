/** Solved over tokens, a line for each strategy with its 95 % interval. */
import { useState } from "react";
import type { Curves as CurvesAnswer } from "../api/types";
import { Axes, BOTTOM, HEIGHT, scale, WIDTH } from "./Axes";
import { spread, ticks } from "./scale";

type Curve = CurvesAnswer["curves"][number];

const RIGHT = 116;
const HUES = 8;
/** A line with more points than this shows only its last one. */
const DOTTED = 12;

export function Curves({ curves }: { curves: readonly Curve[] }) {
  const [hot, setHot] = useState<string | null>(null);
  const at = (point: Curve["points"][number]) => point.tokens;
  const axes = scale(ticks(Math.max(...curves.flatMap((curve) => curve.points.map(at)), 1)), RIGHT);
  const { right, x, y } = axes;
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
      <Axes {...axes} unit="tokens per problem" />
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
          <text x={right + 10} y={(ends[index] ?? 0) + 4}>
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
