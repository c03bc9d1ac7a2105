/** A debate as Markdown, to paste into an issue or a chat. */

import { entries } from "./dialogue";
import type { AnyEvent } from "./events";
import { ACTION, EVIDENCE, moveWords, stopped } from "./signs";

/** Write a debate; the words of agents are quoted, so that no line of theirs becomes markup of the page. */
export function markdown(name: string, events: readonly AnyEvent[]): string {
  const parts = entries(events).flatMap((entry) => written(entry.event));
  return `# ${name}\n\n${parts.join("\n\n")}\n`;
}

const quoted = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line ? `> ${line}` : ">"))
    .join("\n");

const inline = (text: string): string => `\`${text.replaceAll("`", "'").replaceAll("\n", " ")}\``;

function written(event: AnyEvent): string[] {
  switch (event.kind) {
    case "started":
      return [quoted(event.problem.statement)];
    case "proposed": {
      const answer = event.answer === null ? [] : [`Answer: ${inline(event.answer)}`];
      return [`**Step ${event.node}** (from ${event.parent || "the problem"})`, quoted(event.text), ...answer];
    }
    case "reflected":
      return [`**Reflection ${event.node}** on step ${event.parent}`, quoted(event.text)];
    case "observed":
      return [`**${event.tool}** printed`, quoted(event.output)];
    case "checked":
      return [
        event.evidence
          .map((item) => {
            const detail = item.detail ? `: ${item.detail}` : "";
            return `- ${EVIDENCE[item.status].sign} ${item.tool} ${item.status}: ${inline(item.claim)}${detail}`;
          })
          .join("\n"),
      ];
    case "judged": {
      const { action, target, score, critique } = event.verdict;
      const to = target === null ? "" : ` to ${target}`;
      const at = score === null ? "" : ` (score ${score.toFixed(2)})`;
      return [`**Critic**: ${ACTION[action].sign} ${action}${to}${at}`, ...(critique ? [quoted(critique)] : [])];
    }
    case "moved":
      return [`*${moveWords(event.cause)} ${event.to || "the problem"}*${event.reason ? ` ${event.reason}` : ""}`];
    case "failed":
      return [`**Failure**: ${event.failure.replaceAll("_", " ")}: ${event.detail}`];
    case "finished":
      return [`**End**: ${stopped(event.reason)}${event.answer === null ? "" : `, answer ${inline(event.answer)}`}`];
    case "graded":
      return [event.solved === null ? "not graded" : event.solved ? "✓ solved" : "✗ not solved"];
    case "reopened":
      return ["*The failure was lifted; the debate goes on.*"];
  }
}
