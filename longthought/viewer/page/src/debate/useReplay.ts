/** The moment of a debate that is shown: kept in the address when it rests, in memory while it plays. */
import { useCallback, useEffect, useState } from "react";
import type { Change } from "../address";

export interface Replay {
  /** Number of events shown; null for all of them. */
  count: number | null;
  setCount: (count: number | null) => void;
  playing: boolean;
  setPlaying: (playing: boolean) => void;
}

export function useReplay(given: string | undefined, events: number, change: Change): Replay {
  const parsed = Number.parseInt(given ?? "", 10);
  const start = Number.isInteger(parsed) && parsed >= 1 && parsed < events ? parsed : null;
  const [count, setLocal] = useState<number | null>(start);
  const [playing, setPlaying] = useState(false);
  useEffect(() => setLocal(start), [start]);
  const setCount = useCallback((next: number | null) => setLocal(next), []);
  useEffect(() => {
    if (playing || events === 0) return;
    const rest = setTimeout(() => change({ at: count === null ? undefined : String(count) }, true), 150);
    return () => clearTimeout(rest);
  }, [playing, count, events, change]);
  return { count, setCount, playing, setPlaying };
}
