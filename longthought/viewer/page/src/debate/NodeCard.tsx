/** What is known of the selected node, below the tree. */
import { Prose } from "../text/Prose";
import type { Label } from "./events";
import type { Node } from "./fold";
import { ACTION, toneOf, WRONG, wrongVerdict } from "./signs";

export function NodeCard({ node, label }: { node: Node | undefined; label: Label | undefined }) {
  if (!node) return <div className="node-card" />;
  const verdict = node.verdicts.at(-1);
  const wrong = wrongVerdict(node, label);
  return (
    <div className="node-card" aria-live="polite">
      <p className="node-line">
        <strong>
          {node.kind === "problem" ? "Problem" : `${node.kind === "step" ? "Step" : "Reflection"} ${node.id}`}
        </strong>
        {node.kind !== "problem" && (
          <span className="chip" data-tone={toneOf(node)}>
            {node.standing}
          </span>
        )}
        {verdict && (
          <span className="quiet">
            {ACTION[verdict.action].sign} {verdict.action}
            {verdict.score === null ? "" : `, score ${verdict.score.toFixed(2)}`}
          </span>
        )}
        {label && <LabelChip label={label} />}
      </p>
      <Prose text={node.text.slice(0, 400)} className="clamped" />
      {wrong && <p className="wrong-line">! {WRONG[wrong]}</p>}
    </div>
  );
}

export function LabelChip({ label }: { label: Label }) {
  const [tone, said] = label.live === null ? ["idle", "can't tell"] : label.live ? ["good", "live"] : ["bad", "dead"];
  return (
    <span className="chip" data-tone={tone} title={label.reason || undefined}>
      label: {said} ({label.method})
    </span>
  );
}
