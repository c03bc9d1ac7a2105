/** The words of a debate: always text, never markup; formulas and code are set, claims can be underlined. */
import { memo, useState } from "react";
import { Formula } from "./Formula";
import { type Piece, pieces, type Range } from "./pieces";

const LONG = 6000;

/** The same inside a sentence: no blocks, and nothing to open. */
export function Inline({ text }: { text: string }) {
  return pieces(text).map((piece, index) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never change their order
    if (piece.kind === "code") return <code key={index}>{piece.text}</code>;
    if (piece.kind === "text") return piece.text;
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never change their order
    return <Formula key={index} tex={piece.text} display={false} />;
  });
}

interface Props {
  text: string;
  marks?: readonly Range[];
  /** What a mark means, for those who do not see the underline. */
  markedAs?: string;
  className?: string;
}

export const Prose = memo(function Prose({ text, marks = [], markedAs = "refuted", className = "" }: Props) {
  const [whole, setWhole] = useState(false);
  const cut = text.length > LONG && !whole;
  const shown = cut ? text.slice(0, LONG) : text;
  return (
    <div className={`prose ${className}`} dir="auto">
      {pieces(shown, marks).map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never change their order
        <Part key={index} piece={piece} markedAs={markedAs} />
      ))}
      {cut && (
        <button type="button" className="more" onClick={() => setWhole(true)}>
          … show all {text.length.toLocaleString("en")} characters
        </button>
      )}
    </div>
  );
});

function Part({ piece, markedAs }: { piece: Piece; markedAs: string }) {
  const inner = <Inner piece={piece} />;
  return piece.marked ? (
    <mark className="claim" title={markedAs}>
      {inner}
    </mark>
  ) : (
    inner
  );
}

function Inner({ piece }: { piece: Piece }) {
  switch (piece.kind) {
    case "text":
      return <>{piece.text}</>;
    case "code":
      return (
        <pre tabIndex={0} dir="ltr">
          <code>{piece.text}</code>
        </pre>
      );
    default:
      return <Formula tex={piece.text} display={piece.kind === "display"} />;
  }
}
