/** What is on view, asked for every two seconds while the page is seen; its version tells others to load again. */
import { useEffect, useRef, useState } from "react";
import { ApiError, get, path } from "./client";
import type { Runs } from "./types";
import type { Loaded } from "./useData";

const EVERY = 2000;

export function useRuns(): Loaded<Runs> {
  const [state, setState] = useState<Loaded<Runs>>({ data: null, error: null, stale: true });
  const shown = useRef("");
  useEffect(() => {
    const ask = () =>
      get<Runs>(path("runs")).then(
        (data) => {
          const text = JSON.stringify(data);
          if (text === shown.current) return;
          shown.current = text;
          setState({ data, error: null, stale: false });
        },
        (error: unknown) => {
          shown.current = "";
          setState((before) => ({ ...before, error: ApiError.of(error), stale: true }));
        },
      );
    ask();
    const timer = setInterval(() => {
      if (!document.hidden) ask();
    }, EVERY);
    return () => clearInterval(timer);
  }, []);
  return state;
}
