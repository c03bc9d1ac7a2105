/** Scales of a chart: round numbers for an axis, and where a value stands. */

/** Round numbers from 0 that cover a value, about `count` of them. */
export function ticks(most: number, count = 4): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const steps = Math.ceil(most / step - 1e-9);
  return Array.from({ length: steps + 1 }, (_, index) => index * step);
}

/** Move labels apart so that no two are nearer than `gap`; their order is kept. */
export function spread(wanted: readonly number[], gap: number, most: number): number[] {
  const order = wanted.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at);
  let last = Number.NEGATIVE_INFINITY;
  for (const label of order) {
    label.at = Math.max(label.at, last + gap);
    last = label.at;
  }
  let limit = most;
  for (const label of order.toReversed()) {
    label.at = Math.min(label.at, limit);
    limit = label.at - gap;
  }
  const placed = wanted.map(() => 0);
  for (const label of order) placed[label.index] = label.at;
  return placed;
}
