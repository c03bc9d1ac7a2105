/** A long thought cut into paragraphs, so that 200 KB of it scroll as a virtual list. */
import type { Sentence } from "./events";

export interface Told extends Sentence {
  /** Its position in the thought. */
  index: number;
}

export interface Paragraph {
  sentences: Told[];
  /** Whether the thinker turns back or away here. */
  turn: boolean;
}

const OPENS = new Set(["step", "alternative", "combination", "return", "switch", "answer", "end"]);
const TURNS = new Set(["failure", "return", "refutation", "switch", "doubt"]);

/** A paragraph begins where the thinker moves on, unless it has only just turned; and at every break of the text. */
export function paragraphs(sentences: readonly Sentence[]): Paragraph[] {
  const all: Paragraph[] = [];
  let before: Sentence | undefined;
  for (const [index, sentence] of sentences.entries()) {
    const moved = OPENS.has(sentence.factor) && before?.factor !== "return" && before?.factor !== "switch";
    const last = all.at(-1);
    if (!last || moved || sentence.gap.includes("\n")) all.push({ sentences: [{ ...sentence, index }], turn: false });
    else last.sentences.push({ ...sentence, index });
    const current = all.at(-1);
    if (current && TURNS.has(sentence.factor)) current.turn = true;
    before = sentence;
  }
  return all;
}

/** Number of words, as a reader counts them. */
export const words = (sentences: readonly Sentence[]): number =>
  sentences.reduce((sum, sentence) => sum + (sentence.text.match(/\S+/g)?.length ?? 0), 0);

/** The nodes whose steps the shortcut keeps. */
export const keptNodes = (shortcut: readonly Sentence[]): ReadonlySet<number> =>
  new Set(shortcut.map((sentence) => sentence.node).filter((node) => node > 0));
