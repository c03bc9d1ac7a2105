/** Text cut into what is read plainly, what is mathematics and what is code; hostile text stays text. */

export interface Piece {
  kind: "text" | "math" | "display" | "code";
  /** What is shown: for mathematics and code, without the delimiters. */
  text: string;
  /** Whether it lies in one of the marked ranges. */
  marked: boolean;
}

/** Start and end in UTF-16 units. */
export type Range = readonly [start: number, end: number];

const PATTERN = new RegExp(
  [
    String.raw`\x60{3}[\w+-]*\n?(?<code>[\s\S]*?)\x60{3}`,
    String.raw`\$\$(?<display>[^$]{1,4000}?)\$\$`,
    String.raw`\\\[(?<bracket>[\s\S]{1,4000}?)\\\]`,
    String.raw`\\\((?<paren>[\s\S]{1,4000}?)\\\)`,
    String.raw`(?<![\\$\w])\$(?<inline>(?!\s)[^$\n]{1,1000}?(?<![\s\\]))\$(?![\d$])`,
    String.raw`(?<env>\\begin\{(?<name>align|aligned|equation|gather|cases|[bp]?matrix)(?<star>\*?)\}[\s\S]{1,4000}?\\end\{\k<name>\k<star>\})`,
    String.raw`(?<boxed>\\boxed\{(?:[^{}\n]|\{(?:[^{}\n]|\{[^{}\n]*\})*\}){1,1000}\})`,
  ].join("|"),
  "g",
);

/** Cut a text; pieces that overlap a marked range are marked, and plain text is split at its ends. */
export function pieces(text: string, marks: readonly Range[] = []): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(PATTERN)) {
    const end = match.index + match[0].length;
    found.push(...plain(text, [at, match.index], marks));
    const { code, display, bracket, paren, inline, env, boxed } = match.groups ?? {};
    const marked = marks.some((mark) => mark[0] < end && mark[1] > match.index);
    if (code !== undefined) found.push({ kind: "code", text: code.replace(/\n$/, ""), marked });
    else if (display !== undefined || bracket !== undefined || env !== undefined)
      found.push({ kind: "display", text: display ?? bracket ?? env ?? "", marked });
    else found.push({ kind: "math", text: paren ?? inline ?? boxed ?? "", marked });
    at = end;
  }
  found.push(...plain(text, [at, text.length], marks));
  return found;
}

function plain(text: string, [start, end]: Range, marks: readonly Range[]): Piece[] {
  const cuts = new Set([start, end]);
  for (const [from, to] of marks) {
    if (from > start && from < end) cuts.add(from);
    if (to > start && to < end) cuts.add(to);
  }
  const ordered = [...cuts].sort((a, b) => a - b);
  return ordered.slice(1).flatMap((to, index) => {
    const from = ordered[index] ?? start;
    if (from === to) return [];
    const marked = marks.some((mark) => mark[0] <= from && mark[1] >= to);
    return [{ kind: "text" as const, text: text.slice(from, to), marked }];
  });
}

/** Turn offsets in code points, as Python counts them, into offsets in UTF-16 units. */
export function toUnits(text: string, [start, end]: readonly [number, number]): Range {
  let [point, unit] = [0, 0];
  let found = start === 0 ? 0 : -1;
  for (const character of text) {
    if (point === end) break;
    point += 1;
    unit += character.length;
    if (point === start) found = unit;
  }
  return [found < 0 ? unit : found, unit];
}

/** Where a claim stands in a text: at its span if it has one, else at its first mention; null if it is not quoted. */
export function claimRange(
  text: string,
  claim: string,
  span: readonly [number, number] | null | undefined,
): Range | null {
  if (span) return toUnits(text, span);
  const at = claim ? text.indexOf(claim) : -1;
  return at < 0 ? null : [at, at + claim.length];
}
