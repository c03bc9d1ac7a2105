/** Keys: one place that listens, many that say what a key does, and a list of them for the reader. */
import { useEffect, useRef } from "react";

export type Bindings = Readonly<Record<string, () => void>>;

const OFF = "longthought:keys";

/** Whether single keys are on; a reader who speaks to the browser may switch them off. */
export const keysOn = (): boolean => localStorage.getItem(OFF) !== "off";

export function setKeysOn(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "off");
}

/** Act on keys while the component is shown, except while the reader types. */
export function useKeys(bindings: Bindings): void {
  const current = useRef(bindings);
  current.current = bindings;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
      if (isTyping(event.target, event.key)) return;
      const act = current.current[event.key === "Escape" ? "escape" : event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

function isTyping(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (document.querySelector("dialog[open]")) return true;
  if (target instanceof HTMLInputElement)
    return target.type !== "range" && target.type !== "checkbox" ? key !== "Escape" : false;
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true;
  return key === " " && (target instanceof HTMLButtonElement || target.tagName === "SUMMARY");
}

export const KEYS: readonly (readonly [title: string, keys: readonly (readonly [key: string, what: string])[]])[] = [
  [
    "Everywhere",
    [
      ["?", "these keys"],
      ["/", "search"],
      ["t", "light or dark"],
      ["Esc", "back to the table"],
    ],
  ],
  [
    "In a debate",
    [
      ["n", "next debate"],
      ["p", "previous debate"],
      ["h", "parent"],
      ["l", "child"],
      ["j", "next sibling"],
      ["k", "previous sibling"],
      ["b", "next backtrack"],
      ["r", "next refutation"],
      ["w", "next wrong verdict"],
      ["a", "the answer"],
      [".", "next event"],
      [",", "previous event"],
      ["Space", "replay or pause"],
      ["m", "copy as Markdown"],
    ],
  ],
  [
    "In the tree",
    [
      ["↑ ↓", "previous, next node"],
      ["→", "unfold, or first child"],
      ["←", "parent"],
      ["Enter", "fold or unfold"],
    ],
  ],
  [
    "In a review",
    [
      ["y", "live: a right answer is within reach"],
      ["x", "dead: none is"],
      ["u", "can't tell"],
      ["s", "skip"],
      ["z", "undo"],
    ],
  ],
];
