/** What the critic says; a look-ahead of the compact notation is shown as the table that it is. */
import { Prose } from "../text/Prose";
import { readLookAhead } from "./lookahead";

export function Critique({ text }: { text: string }) {
  const lines = readLookAhead(text);
  if (!lines) return <Prose text={text} />;
  return (
    <ul
      className="look-ahead number"
      title="To succeed, the other numbers need to make one of the first; they have only the second."
    >
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text never change their order
        <li key={index} data-found={line.found || undefined}>
          <span className="held">{line.held === null ? "" : `hold ${line.held}`}</span>
          <span>
            <i>need</i> {line.need.join(", ") || "nothing possible"}
          </span>
          <span>
            <i>have</i> {line.have.join(", ") || "nothing"}
          </span>
          <span className="sign">
            {line.found ? "✓" : "✗"}
            <span className="hidden">{line.found ? "found" : "none helps"}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
