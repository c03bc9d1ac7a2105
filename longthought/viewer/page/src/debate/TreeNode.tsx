/** One node of the tree, or a stack of abandoned ones: a real element that can be focused and named. */
import { memo } from "react";
import { EVIDENCE, type Tone } from "./signs";

export interface Look {
  id: number;
  x: number;
  y: number;
  level: number;
  position: number;
  siblings: number;
  /** Whether it can be opened, and whether it is. */
  expanded: boolean | undefined;
  /** Nodes folded away below it. */
  folded: number;
  /** Number of siblings that it stands for; 0 for a node. */
  stack: number;
  name: string;
  kind: "problem" | "step" | "reflection";
  tone: Tone;
  muted: boolean;
  lit: boolean;
  answer: boolean;
  cursor: boolean;
  selected: boolean;
  focusable: boolean;
  fresh: boolean;
  score: number | null;
  tools: "confirmed" | "refuted" | "disputed" | null;
  wrong: boolean;
}

const same = (a: Look, b: Look): boolean => (Object.keys(a) as (keyof Look)[]).every((key) => a[key] === b[key]);

interface Props {
  look: Look;
  pick: (id: number, toggle: boolean) => void;
}

export const TreeNode = memo(
  function TreeNode({ look, pick }: Props) {
    const percent = look.score === null ? 0 : Math.round(look.score * 100);
    return (
      <div
        role="treeitem"
        tabIndex={look.focusable ? 0 : -1}
        aria-level={look.level}
        aria-posinset={look.position}
        aria-setsize={look.siblings}
        aria-expanded={look.expanded}
        aria-selected={look.selected}
        aria-label={look.name}
        title={look.name}
        className="node"
        data-node={look.id}
        data-kind={look.stack ? "stack" : look.kind}
        data-tone={look.tone}
        data-muted={look.muted || undefined}
        data-lit={look.lit || undefined}
        data-answer={look.answer || undefined}
        data-cursor={look.cursor || undefined}
        data-fresh={look.fresh || undefined}
        style={{ left: look.x, top: look.y }}
        onClick={() => pick(look.id, look.stack > 0)}
        onDoubleClick={() => pick(look.id, true)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          pick(look.id, look.stack > 0 || look.selected);
        }}
      >
        {look.score !== null && !look.stack && (
          <svg className="ring" viewBox="0 0 36 36" aria-hidden="true">
            <circle cx="18" cy="18" r="16" pathLength="100" className="track" />
            <circle cx="18" cy="18" r="16" pathLength="100" strokeDasharray={`${percent} 100`} className="score" />
          </svg>
        )}
        <span className="face" aria-hidden="true">
          {look.stack ? `×${look.stack}` : look.kind === "problem" ? "P" : look.id}
        </span>
        {look.tools && (
          <span className="mark" data-tone={EVIDENCE[look.tools].tone} aria-hidden="true">
            {EVIDENCE[look.tools].sign}
          </span>
        )}
        {look.wrong && (
          <span className="mark wrong" aria-hidden="true">
            !
          </span>
        )}
        {look.folded > 0 && (
          <span className="more-below" aria-hidden="true">
            +{look.folded}
          </span>
        )}
      </div>
    );
  },
  (before, after) => before.pick === after.pick && same(before.look, after.look),
);
