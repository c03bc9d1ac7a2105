/** The grid and the axes that all curves of shares share: a share from 0 to 100 % over tokens. */

export const [WIDTH, HEIGHT] = [760, 230];
export const [LEFT, TOP, BOTTOM] = [42, 10, 30];

export interface Scale {
  /** The right end of the lines; what names them stands beyond it. */
  right: number;
  /** The ticks of the tokens; the last one is the end of the axis. */
  across: readonly number[];
  x: (tokens: number) => number;
  y: (share: number) => number;
}

/** Scales for a drawing that leaves `margin` at its right. */
export function scale(across: readonly number[], margin: number): Scale {
  const [right, most] = [WIDTH - margin, across.at(-1) ?? 1];
  return {
    right,
    across,
    x: (tokens) => LEFT + ((right - LEFT) * tokens) / most,
    y: (share) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share),
  };
}

export function Axes({ right, across, x, y, unit }: Scale & { unit: string }) {
  return (
    <>
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <g key={share} className="grid">
          <line x1={LEFT} x2={right} y1={y(share)} y2={y(share)} />
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
      <text x={right + 18} y={HEIGHT - 12} className="tick-label">
        {unit}
      </text>
    </>
  );
}
