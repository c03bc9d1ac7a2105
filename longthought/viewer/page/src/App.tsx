/** The page: what the address says is shown, and links within the page load nothing anew. */
import { type MouseEvent, useEffect, useState } from "react";
import { go, parse, useAddress } from "./address";
import { path } from "./api/client";
import type { Neighbours, Runs } from "./api/types";
import { useData } from "./api/useData";
import { useRuns } from "./api/useRuns";
import { CompareView } from "./compare/CompareView";
import { DebateView } from "./debate/DebateView";
import { useKeys } from "./keys";
import { ReviewView } from "./review/ReviewView";
import { DebatesView, tableQuery } from "./table/DebatesView";
import { Boundary } from "./ui/Boundary";
import { Help } from "./ui/Help";
import { Notice, Trouble } from "./ui/Notice";
import { TopBar } from "./ui/TopBar";
import { Toast } from "./ui/toast";

const NONE: Runs = { version: 0, review: false, runs: [], sets: [] };

export function App() {
  const [address, change] = useAddress();
  const { data: info, error } = useRuns();
  const version = info?.version ?? 0;
  const [help, setHelp] = useState(false);
  const opened = address.view === "debate" && address.debate !== undefined;
  const near = useData<Neighbours>(
    opened ? path("neighbours", { ...tableQuery(address), at: address.run, id: address.debate }) : null,
    version,
  );
  useKeys({
    "?": () => setHelp(true),
    "/": () => document.getElementById("search")?.focus(),
    t: () => document.getElementById("theme")?.click(),
    ...(address.view === "debates" ? {} : { escape: () => change({ view: "debates" }) }),
  });
  useEffect(() => {
    document.title = opened ? `${address.debate} · longthought` : "longthought";
  }, [opened, address.debate]);
  const runs = info?.runs ?? [];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: follows links, which are operable by themselves
    // biome-ignore lint/a11y/useKeyWithClickEvents: a key on a link arrives as a click
    <div className="shell" onClick={follow}>
      <TopBar
        address={address}
        live={runs.filter((run) => run.live).length}
        several={runs.length > 1}
        review={info?.review ?? false}
        help={() => setHelp(true)}
      />
      {error && info && (
        <p className="lost" role="alert">
          {error.message} {error.hint}
        </p>
      )}
      <main>
        <Boundary key={`${address.view} ${address.run} ${address.debate}`}>
          {error && !info ? (
            <Trouble error={error} />
          ) : info && runs.length === 0 ? (
            <Notice title="There is no run here.">
              <p>
                Give the folder of a run: <code>longthought view runs/first</code>
              </p>
            </Notice>
          ) : address.view === "debate" ? (
            <DebateView
              address={address}
              change={change}
              version={version}
              neighbours={near.data ?? { previous: null, next: null, position: null, total: 0 }}
            />
          ) : address.view === "compare" ? (
            <CompareView address={address} change={change} runs={info ?? NONE} />
          ) : address.view === "review" ? (
            info && <ReviewView runs={info} />
          ) : (
            <DebatesView address={address} change={change} runs={info ?? NONE} version={version} />
          )}
        </Boundary>
      </main>
      <Help open={help} close={() => setHelp(false)} />
      <Toast />
    </div>
  );
}

/** Follow a link of this page without loading it anew; the browser keeps its ways of opening tabs. */
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event.target instanceof Element ? event.target.closest("a[data-link]") : null;
  const to = link?.getAttribute("href");
  if (!to) return;
  event.preventDefault();
  go(parse(to.slice(1)));
}
