/** Data of the server for a component: loaded when its address changes, kept while it is reloaded. */
import { useEffect, useRef, useState } from "react";
import { ApiError, get } from "./client";

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  /** Whether what is shown belongs to an earlier address. */
  stale: boolean;
}

/** Load from a path; null loads nothing. `version` reloads the same path when it changes. */
export function useData<T>(path: string | null, version: unknown = 0): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { path: string | null }>({
    data: null,
    error: null,
    stale: true,
    path: null,
  });
  const wanted = useRef(path);
  wanted.current = path;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is a reason to load again
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    get<T>(path, stop.signal).then(
      (data) => setState({ data, error: null, stale: false, path }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        setState((before) => ({
          ...before,
          data: before.path === path ? before.data : null,
          error: ApiError.of(error),
          stale: false,
          path,
        }));
      },
    );
    return () => stop.abort();
  }, [path, version]);
  if (path === null) return { data: null, error: null, stale: false };
  return state.path === path ? state : { data: state.data, error: null, stale: true };
}
