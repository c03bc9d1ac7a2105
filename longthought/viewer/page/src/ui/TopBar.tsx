/** The bar at the top: where one is, whether a job is running, light or dark, and the keys. */
import { useState } from "react";
import { type Address, format, type View } from "../address";
import { applyTheme, nextTheme, setTheme, theme } from "../theme";

interface Props {
  address: Address;
  live: number;
  several: boolean;
  review: boolean;
  help: () => void;
}

const PICTURE = { system: "◐", light: "☀", dark: "☾" } as const;

export function TopBar({ address, live, several, review, help }: Props) {
  const tabs: readonly (readonly [view: View, label: string])[] = [
    ["debates", "Debates"],
    ...(several ? ([["compare", "Compare"]] as const) : []),
    ...(review ? ([["review", "Review"]] as const) : []),
  ];
  return (
    <header className="bar">
      <a href="/" className="brand" data-link aria-label="longthought: all debates">
        <Mark />
        <span>longthought</span>
      </a>
      <nav aria-label="Views">
        {tabs.map(([view, label]) => (
          <a
            key={view}
            href={format({ view, filter: view === "debates" ? address.filter : {} })}
            aria-current={
              address.view === view || (view === "debates" && address.view === "debate") ? "page" : undefined
            }
            data-link
          >
            {label}
          </a>
        ))}
      </nav>
      <div className="end">
        {live > 0 && (
          <span className="live" title="A job is writing; new debates appear by themselves.">
            <i aria-hidden="true" /> <span>{live === 1 ? "a run is" : `${live} runs are`} growing</span>
          </span>
        )}
        <ThemeButton />
        <button type="button" className="button icon" aria-label="Keys" title="Keys (?)" onClick={help}>
          ?
        </button>
      </div>
    </header>
  );
}

function ThemeButton() {
  const [chosen, choose] = useState(theme);
  const turn = () => {
    const next = nextTheme(theme());
    setTheme(next);
    applyTheme();
    choose(next);
  };
  return (
    <button
      type="button"
      id="theme"
      className="button icon"
      aria-label={`Colours: ${chosen}`}
      title={`Colours: ${chosen} (t)`}
      onClick={turn}
    >
      {PICTURE[chosen]}
    </button>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="mark-ground" />
      <path d="M16 8v6M16 14l-7 9M16 14l7 9" className="mark-line" />
      <circle cx="16" cy="8" r="3.5" className="mark-root" />
      <circle cx="9" cy="23" r="3.5" className="mark-left" />
      <circle cx="23" cy="23" r="3.5" className="mark-kept" />
    </svg>
  );
}
