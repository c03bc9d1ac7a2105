/** One entry of the dialogue: who speaks, about which node, and the words. */
import { memo } from "react";
import { Prose } from "../text/Prose";
import { claimRange } from "../text/pieces";
import { Critique } from "./Critique";
import type { Entry } from "./dialogue";
import type { AnyEvent, Call, Evidence } from "./events";
import { cost } from "./fold";
import { ACTION, EVIDENCE, moveWords, stopped } from "./signs";

interface Props {
  entry: Entry;
  chosen: boolean;
  newest: boolean;
  select: (id: number) => void;
  refuted: readonly { claim: string; span: readonly [number, number] | null | undefined }[] | undefined;
}

export const EntryView = memo(function EntryView({ entry, chosen, newest, select, refuted }: Props) {
  const { event, node, side } = entry;
  return (
    <article
      className="entry"
      data-side={side}
      data-kind={event.kind}
      data-chosen={chosen || undefined}
      data-newest={newest || undefined}
    >
      <Body event={event} node={node} select={select} refuted={refuted} />
    </article>
  );
});

type BodyProps = { event: AnyEvent; node: number | null } & Pick<Props, "select" | "refuted">;

function Body({ event, node, select, refuted = [] }: BodyProps) {
  switch (event.kind) {
    case "started":
      return (
        <div className="bubble problem">
          <Head name="Problem" event={event} node={null} select={select} />
          <Prose text={event.problem.statement} />
          {event.problem.context && <Prose text={event.problem.context} className="quiet" />}
          <details className="thinking">
            <summary>Settings</summary>
            <pre tabIndex={0}>{JSON.stringify(event.config, null, 2).slice(0, 20000)}</pre>
          </details>
        </div>
      );
    case "proposed": {
      const marks = refuted
        .map(({ claim, span }) => claimRange(event.text, claim, span))
        .filter((range) => range !== null);
      return (
        <div className="bubble">
          <Head name="Policy" event={event} node={node} select={select} from={event.parent} />
          <Thinking calls={event.calls} />
          <Prose text={event.text} marks={marks} markedAs="A tool refuted this claim." />
          {event.answer !== null && (
            <div className="answer">
              <span>answer</span> <Prose text={event.answer} />
            </div>
          )}
        </div>
      );
    }
    case "reflected":
      return (
        <div className="bubble reflection">
          <Head name="Policy reflects" event={event} node={event.node} select={select} from={event.parent} />
          <Thinking calls={event.calls} />
          <Prose text={event.text} />
        </div>
      );
    case "judged": {
      const { action, target, score, critique } = event.verdict;
      return (
        <div className="bubble">
          <Head name={event.by === "critic" ? "Critic" : event.by} event={event} node={node} select={select} />
          <p className="verdict">
            <span className="chip" data-tone={ACTION[action].tone}>
              {ACTION[action].sign} {action}
              {action === "backtrack" && target !== null ? ` to ${target}` : ""}
            </span>
            {score !== null && <Score value={score} />}
          </p>
          <Thinking calls={event.calls} />
          {critique && <Critique text={critique} />}
        </div>
      );
    }
    case "checked":
      return <Checks evidence={event.evidence} />;
    case "observed":
      return (
        <details className="observed" open={event.output.length < 400}>
          <summary>{event.tool} printed</summary>
          <pre tabIndex={0}>{event.output.slice(0, 20000)}</pre>
        </details>
      );
    case "moved":
      return (
        <p className="rule-line">
          <span>
            {moveWords(event.cause)} <NodeLink id={event.to} select={select} />
            {event.abandoned.length > 1 ? `, leaving ${event.abandoned.length} nodes` : ""}
          </span>
          {event.reason && <span className="reason">{event.reason.slice(0, 300)}</span>}
        </p>
      );
    case "failed":
      return (
        <div className="bubble failure">
          <p>
            <span className="chip" data-tone="bad">
              ! {event.failure.replaceAll("_", " ")}
            </span>
          </p>
          <Prose text={event.detail} />
          {event.calls.length > 0 && (
            <Folded
              summary={event.calls.length === 1 ? "The reply" : `${event.calls.length} replies`}
              text={event.calls.map((call) => call.text).join("\n\n")}
            />
          )}
        </div>
      );
    case "finished":
      return (
        <div className="bubble ending">
          <p>
            <strong>The debate ended:</strong> {stopped(event.reason)}
          </p>
          {event.answer !== null && (
            <div className="answer">
              <span>answer</span> <Prose text={event.answer} />
            </div>
          )}
        </div>
      );
    case "graded": {
      const [tone, said] =
        event.solved === null
          ? ["idle", "The grader can't tell."]
          : event.solved
            ? ["good", "✓ The answer is right."]
            : ["bad", "✗ Not solved."];
      return (
        <p className="grade">
          <span className="chip" data-tone={tone}>
            {said}
          </span>{" "}
          <span className="quiet">{event.detail.slice(0, 300)}</span>
        </p>
      );
    }
    case "reopened":
      return <p className="rule-line">↻ The failure was lifted; the debate goes on.</p>;
  }
}

function Head({
  name,
  event,
  node,
  select,
  from,
}: { name: string; event: AnyEvent; node: number | null; from?: number } & Pick<Props, "select">) {
  const [policy, critic] = cost(event);
  const tokens = policy.prompt + policy.completion + critic.prompt + critic.completion;
  const models = [...new Set(event.calls.map((call) => call.model))].join(", ");
  return (
    <header className="entry-head">
      <strong title={models || undefined}>{name}</strong>
      {node !== null && <NodeLink id={node} select={select} />}
      {from !== undefined && from > 0 && <span className="quiet">from {from}</span>}
      {tokens > 0 && <span className="tokens number">{tokens.toLocaleString("en")} tokens</span>}
    </header>
  );
}

export function NodeLink({ id, select }: { id: number; select: (id: number) => void }) {
  return (
    <button type="button" className="node-link number" onClick={() => select(id)}>
      {id === 0 ? "the problem" : `step ${id}`}
    </button>
  );
}

export function Score({ value }: { value: number }) {
  return (
    <span className="score-bar" title={`The critic gives this path ${Math.round(value * 100)} %.`}>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="6" rx="3" className="track" />
        <rect width={value * 100} height="6" rx="3" className="value" />
      </svg>
      <span className="number">{value.toFixed(2)}</span>
    </span>
  );
}

function Thinking({ calls }: { calls: readonly Call[] }) {
  const thinking = calls.flatMap((call) => (call.thinking ? [call.thinking] : []));
  return thinking.map((text, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the calls of an event never change
    <Folded key={index} summary={`Thinking, ${text.length.toLocaleString("en")} characters`} text={text} />
  ));
}

function Folded({ summary, text }: { summary: string; text: string }) {
  return (
    <details className="thinking">
      <summary>{summary}</summary>
      <Prose text={text} />
    </details>
  );
}

function Checks({ evidence }: { evidence: readonly Evidence[] }) {
  const refuted = evidence.some((item) => item.status === "refuted" || item.status === "disputed");
  const said = evidence.map((item) => EVIDENCE[item.status].sign).join(" ");
  return (
    <details className="checks" open={refuted} data-tone={refuted ? "bad" : "idle"}>
      <summary>
        Tools <span aria-hidden="true">{said.slice(0, 60)}</span>
        <span className="quiet">
          {" "}
          {evidence.length === 1 ? `${evidence[0]?.tool} ${evidence[0]?.status}` : `${evidence.length} checks`}
        </span>
      </summary>
      <ul>
        {evidence.map((item, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the checks of an event never change
          <li key={index}>
            <span className="chip" data-tone={EVIDENCE[item.status].tone}>
              {EVIDENCE[item.status].sign} {item.tool} {item.status}
            </span>
            <Prose text={item.claim} className="mono" />
            {item.detail && <Prose text={item.detail} className="quiet" />}
          </li>
        ))}
      </ul>
    </details>
  );
}
