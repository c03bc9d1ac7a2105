/** A debate in the order in which it was said: one entry for every event that a reader wants to see. */
import type { AnyEvent } from "./events";

export type Side = "policy" | "critic" | "middle" | "tool";

export interface Entry {
  seq: number;
  event: AnyEvent;
  side: Side;
  /** The node that it is about; null if it is about none. */
  node: number | null;
}

/** The node that an event is about. */
export function nodeOf(event: AnyEvent): number | null {
  switch (event.kind) {
    case "started":
      return 0;
    case "proposed":
    case "observed":
    case "checked":
    case "judged":
    case "reflected":
    case "failed":
    case "finished":
      return event.node;
    case "moved":
      return event.to;
    default:
      return null;
  }
}

/** The entries of a debate. Moves that only follow a verdict are left out: the verdict says the same. */
export function entries(events: readonly AnyEvent[]): Entry[] {
  return events
    .filter((event, index) => isShown(event, events[index - 1]))
    .map((event) => ({ seq: event.seq, event, side: sideOf(event), node: nodeOf(event) }));
}

function isShown(event: AnyEvent, before: AnyEvent | undefined): boolean {
  if (event.kind === "checked") return event.evidence.length > 0;
  if (event.kind !== "moved") return true;
  if (event.cause === "accepted" || event.cause === "doubted") return false;
  return !(event.cause === "rejected" && before?.kind === "judged");
}

function sideOf(event: AnyEvent): Side {
  switch (event.kind) {
    case "proposed":
    case "reflected":
      return "policy";
    case "judged":
      return "critic";
    case "failed":
      return event.fatal ? "middle" : event.by === "critic" ? "critic" : "policy";
    case "checked":
    case "observed":
      return "tool";
    default:
      return "middle";
  }
}

/** The last entry at or before an event; -1 if there is none. */
export function entryAt(all: readonly Entry[], seq: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
