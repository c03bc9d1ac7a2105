/** The address holds what is shown, so that it can be sent to a colleague: runs, view, debate, node, moment, filter. */
import { useCallback, useMemo, useSyncExternalStore } from "react";

export type View = "debates" | "debate" | "compare" | "review";

/** What may stand in an address; everything is text, and what is absent has its default. */
export interface Address {
  view: View;
  /** The run and the name of the debate that is open. */
  run?: string | undefined;
  debate?: string | undefined;
  node?: string | undefined;
  /** Number of events shown, in a replay. */
  at?: string | undefined;
  /** What the third pane tells. */
  walk?: string | undefined;
  /** The debate beside it, in a comparison. */
  a?: string | undefined;
  b?: string | undefined;
  only?: string | undefined;
  problem?: string | undefined;
  sort?: string | undefined;
  descending?: string | undefined;
  /** The filter of the table, by the server's names. */
  filter: Readonly<Record<string, string>>;
}

const OWN = ["run", "debate", "node", "at", "walk", "a", "b", "only", "problem", "sort", "descending"] as const;
const VIEWS: readonly string[] = ["debates", "debate", "compare", "review"];

/** Read an address from a query; what it does not know becomes part of the filter only if it is named `f.NAME`. */
export function parse(query: string): Address {
  const given = new URLSearchParams(query);
  const view = given.get("view") ?? "debates";
  const filter: Record<string, string> = {};
  for (const [name, value] of given) if (name.startsWith("f.") && value !== "") filter[name.slice(2)] = value;
  const address: Address = { view: (VIEWS.includes(view) ? view : "debates") as View, filter };
  for (const name of OWN) {
    const value = given.get(name);
    if (value !== null && value !== "") address[name] = value;
  }
  return address;
}

/** Write an address as a query. */
export function format(address: Address): string {
  const query = new URLSearchParams();
  if (address.view !== "debates") query.set("view", address.view);
  for (const name of OWN) {
    const value = address[name];
    if (value !== undefined && value !== "") query.set(name, value);
  }
  for (const name of Object.keys(address.filter).sort()) {
    const value = address.filter[name];
    if (value) query.set(`f.${name}`, value);
  }
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

const CHANGED = "longthought:address";

function subscribe(changed: () => void): () => void {
  window.addEventListener("popstate", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("popstate", changed);
    window.removeEventListener(CHANGED, changed);
  };
}

/** Go to another address of this page; `replace` leaves no step in the history. */
export function go(address: Address, replace = false): void {
  const to = format(address);
  if (to === window.location.pathname + window.location.search) return;
  if (replace) window.history.replaceState(null, "", to);
  else window.history.pushState(null, "", to);
  window.dispatchEvent(new Event(CHANGED));
}

export type Change = (change: Partial<Address>, replace?: boolean) => void;

/** The address, and a function that changes parts of it. */
export function useAddress(): [Address, Change] {
  const query = useSyncExternalStore(subscribe, () => window.location.search);
  const address = useMemo(() => parse(query), [query]);
  const change = useCallback<Change>((patch, replace = false) => {
    go({ ...parse(window.location.search), ...patch }, replace);
  }, []);
  return [address, change];
}
