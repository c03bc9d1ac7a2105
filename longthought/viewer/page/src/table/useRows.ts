/** Rows of the table, fetched in pages when they come into view and kept until the filter or the data changes. */
import { useEffect, useRef, useState } from "react";
import { ApiError, get, path } from "../api/client";
import type { Row, Table } from "../api/types";

const PAGE = 100;
/** Milliseconds until a search that goes on is asked again. */
const SOON = 300;

export interface Rows {
  total: number | null;
  row: (index: number) => Row | undefined;
  /** Say which rows are in view. */
  want: (first: number, last: number) => void;
  error: ApiError | null;
  /** The share of the log in which a text was looked for. */
  searched: number;
}

type Query = Record<string, string | boolean | readonly string[] | undefined>;

export function useRows(query: Query, version: number): Rows {
  const key = path("debates", query);
  const [, redraw] = useState(0);
  const store = useRef({
    key: "",
    version: -1,
    pages: new Map<number, Row[]>(),
    asked: new Set<number>(),
    total: null as number | null,
    error: null as ApiError | null,
    searched: 1,
  });
  const held = store.current;
  const later = (page: number) =>
    setTimeout(() => {
      held.asked.delete(page);
      if (held.key === key && held.version === version) fetchPage(page);
    }, SOON);
  const fetchPage = (page: number) => {
    if (held.asked.has(page)) return;
    held.asked.add(page);
    const wanted = `${key} ${version}`;
    get<Table>(path("debates", { ...query, offset: String(page * PAGE), limit: String(PAGE) })).then(
      ({ total, rows, searched }) => {
        if (`${held.key} ${held.version}` !== wanted) return;
        held.pages.set(page, rows);
        held.total = total;
        held.searched = searched;
        if (searched < 1) later(page);
        held.error = null;
        redraw((count) => count + 1);
      },
      (error: unknown) => {
        if (`${held.key} ${held.version}` !== wanted) return;
        held.asked.delete(page);
        held.error = ApiError.of(error);
        redraw((count) => count + 1);
      },
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new filter or new data begins anew
  useEffect(() => {
    const changed = held.key !== key;
    held.key = key;
    held.version = version;
    held.asked = new Set();
    if (changed) held.pages = new Map();
    fetchPage(0);
    for (const page of held.pages.keys()) fetchPage(page);
  }, [key, version]);
  return {
    total: held.total,
    row: (index) => held.pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    want: (first, last) => {
      for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) fetchPage(page);
    },
    error: held.error,
    searched: held.searched,
  };
}
