/** One formula. KaTeX is loaded when the first formula is shown, and sets styles by script, as the page's policy asks. */
import { useEffect, useRef } from "react";

type Katex = typeof import("katex").default;

let loaded: Promise<Katex> | null = null;

function katex(): Promise<Katex> {
  loaded ??= Promise.all([import("katex"), import("katex/dist/katex.min.css")]).then(([module]) => module.default);
  return loaded;
}

export function Formula({ tex, display }: { tex: string; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let gone = false;
    katex()
      .then((module) => {
        if (gone || !place.current) return;
        try {
          module.render(tex, place.current, {
            displayMode: display,
            trust: false,
            strict: "ignore",
            maxSize: 20,
            maxExpand: 200,
          });
        } catch {
          place.current.textContent = tex;
        }
      })
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [tex, display]);
  return (
    <span ref={place} tabIndex={display ? 0 : undefined} className={display ? "formula display" : "formula"}>
      {tex}
    </span>
  );
}
