/** Replays a debate event by event, with the bill of tokens running along. */
import { memo, useEffect, useMemo, useState } from "react";
import type { AnyEvent } from "./events";
import { runningBill } from "./fold";

interface Props {
  events: readonly AnyEvent[];
  /** Number of events shown; null for all of them. */
  count: number | null;
  setCount: (count: number | null) => void;
  playing: boolean;
  setPlaying: (playing: boolean) => void;
}

const BINS = 400;
const SPEEDS = [1, 4, 16] as const;

export function Scrubber({ events, count, setCount, playing, setPlaying }: Props) {
  const [speed, setSpeed] = useState<number>(1);
  const shown = count ?? events.length;
  const bill = useMemo(() => runningBill(events), [events]);
  const spent = bill[shown - 1] ?? { policy: 0, critic: 0 };
  const whole = bill.at(-1) ?? { policy: 0, critic: 0 };

  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      const next = shown + 1;
      if (next >= events.length) setPlaying(false);
      setCount(next >= events.length ? null : next);
    }, 700 / speed);
    return () => clearInterval(timer);
  }, [playing, shown, speed, events.length, setCount, setPlaying]);

  const play = () => {
    if (!playing && shown >= events.length) setCount(1);
    setPlaying(!playing);
  };
  const event = events[shown - 1];
  return (
    <section className="scrubber" aria-label="Replay">
      <div className="scrub-buttons">
        <button
          type="button"
          className="button icon"
          aria-label="Previous event"
          disabled={shown <= 1}
          onClick={() => setCount(Math.max(1, shown - 1))}
        >
          ‹
        </button>
        <button type="button" className="button icon primary" aria-label={playing ? "Pause" : "Replay"} onClick={play}>
          {playing ? "❚❚" : "▶"}
        </button>
        <button
          type="button"
          className="button icon"
          aria-label="Next event"
          disabled={shown >= events.length}
          onClick={() => setCount(shown + 1 >= events.length ? null : shown + 1)}
        >
          ›
        </button>
        <button
          type="button"
          className="button speed number"
          aria-label={`Speed: ${speed} times`}
          onClick={() => setSpeed(SPEEDS[(SPEEDS.indexOf(speed as 1) + 1) % SPEEDS.length] ?? 1)}
        >
          {speed}×
        </button>
      </div>
      <div className="scrub-track">
        <Picture events={events} />
        <input
          type="range"
          min={1}
          max={Math.max(1, events.length)}
          value={shown}
          aria-label="Event"
          aria-valuetext={`event ${shown} of ${events.length}: ${event?.kind ?? ""}`}
          onChange={(change) => {
            const value = Number(change.target.value);
            setPlaying(false);
            setCount(value >= events.length ? null : value);
          }}
        />
      </div>
      <dl className="bill number">
        <div data-who="policy">
          <dt>policy</dt>
          <dd>{spent.policy.toLocaleString("en")}</dd>
        </div>
        <div data-who="critic">
          <dt>critic</dt>
          <dd>{spent.critic.toLocaleString("en")}</dd>
        </div>
        <div>
          <dt>tokens</dt>
          <dd>
            <strong>{(spent.policy + spent.critic).toLocaleString("en")}</strong>
            <span className="quiet"> of {(whole.policy + whole.critic).toLocaleString("en")}</span>
          </dd>
        </div>
        <div className="event-number">
          <dt>event</dt>
          <dd>
            {shown}
            <span className="quiet"> of {events.length}</span>
          </dd>
        </div>
      </dl>
    </section>
  );
}

/** The bill as an area, and a tick for every event at which the debate turned. */
const Picture = memo(function Picture({ events }: { events: readonly AnyEvent[] }) {
  const bill = runningBill(events);
  const last = bill.at(-1);
  const whole = Math.max(1, (last?.policy ?? 0) + (last?.critic ?? 0));
  const x = (index: number) => (events.length < 2 ? 0 : (BINS * index) / (events.length - 1));
  const line = (value: (at: { policy: number; critic: number }) => number) =>
    `M0,40 ${bill.map((at, index) => `L${x(index).toFixed(1)},${(40 - (34 * value(at)) / whole).toFixed(1)}`).join(" ")} L${BINS},40 Z`;
  const ticks = new Map<number, string>();
  for (const [index, event] of events.entries()) {
    const tone = tickOf(event);
    if (tone) ticks.set(Math.round(x(index)), tone);
  }
  return (
    <svg viewBox={`0 0 ${BINS} 40`} preserveAspectRatio="none" aria-hidden="true">
      <path d={line((at) => at.policy + at.critic)} className="area-critic" />
      <path d={line((at) => at.policy)} className="area-policy" />
      {[...ticks].map(([at, tone]) => (
        <line
          key={at}
          x1={at}
          x2={at}
          y1="30"
          y2="40"
          data-tone={tone}
          className={ticks.size > 80 ? "tick many" : "tick"}
        />
      ))}
    </svg>
  );
});

function tickOf(event: AnyEvent): string | null {
  if (event.kind === "judged")
    return { backtrack: "bad", reflect: "doubt", terminate: "end", continue: null }[event.verdict.action];
  if (event.kind === "moved" && (event.cause === "vetoed" || event.cause === "exhausted")) return "bad";
  if (event.kind === "failed") return "bad";
  return null;
}
