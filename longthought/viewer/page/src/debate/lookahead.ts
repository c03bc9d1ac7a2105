/** The look-aheads that a critic of Countdown writes in the compact notation, read for people. */

export interface LookAhead {
  /** The number held back for the last operation; null if only two are left. */
  held: string | null;
  need: string[];
  have: string[];
  found: boolean;
}

const VALUES = String.raw`(?:\d{1,12}|blank)(?: (?:\d{1,12}|blank))*`;
const LINE = new RegExp(`(?:(\\d{1,12}) )?need (${VALUES}) have (${VALUES}) (found|none)(?: |$)`, "y");

/** Read a look-ahead; null if the words are something else. */
export function readLookAhead(words: string): LookAhead[] | null {
  const text = words.split(/\s+/).filter(Boolean).join(" ");
  const lines: LookAhead[] = [];
  LINE.lastIndex = 0;
  while (LINE.lastIndex < text.length) {
    const match = LINE.exec(text);
    if (!match) return null;
    const [, held, need = "", have = "", ending] = match;
    lines.push({ held: held ?? null, need: numbers(need), have: numbers(have), found: ending === "found" });
  }
  return lines.length ? lines : null;
}

/** “blank” is a number that the rules do not allow; it helps nobody to read it. */
const numbers = (text: string): string[] => text.split(" ").filter((value) => value !== "blank");
