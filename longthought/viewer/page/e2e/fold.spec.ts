/** The page folds events as Python does, after every event of every debate. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { GOLDEN, PYTHON, REPOSITORY } from "../playwright.config";
import type { AnyEvent } from "../src/debate/events";
import { type Debate, fold, type Node, runningBill } from "../src/debate/fold";
import { expect, test } from "./viewer";

/** A line of `tests/fakes/folds.py`. */
interface Folded {
  name: string;
  events: AnyEvent[];
  states: object[];
  nodes: object[];
}

const state = (debate: Debate): object => ({
  cursor: debate.cursor,
  rounds: debate.rounds,
  backtracks: debate.backtracks,
  tokens: [debate.policyTokens, debate.criticTokens, debate.cachedTokens],
  stop: debate.finished?.reason ?? null,
  solved: debate.solved,
  standings: debate.nodes.map((node) => node.standing).join(" "),
});

function described({ evidence, verdicts, approved: _, born: __, ...node }: Node): object {
  return { ...node, claims: evidence.map((one) => one.claim), scores: verdicts.map((one) => one.score) };
}

test("the page folds every debate, after each of its events, as Python does", () => {
  const printed = execFileSync(PYTHON, ["-m", "tests.fakes.folds", join(GOLDEN, "first")], {
    cwd: REPOSITORY,
    env: { ...process.env, PYTHONPATH: REPOSITORY },
    encoding: "utf-8",
    maxBuffer: 2 ** 28,
  });
  const debates = printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Folded);
  expect(debates.length).toBeGreaterThan(80);
  for (const { name, events, states, nodes } of debates) {
    states.forEach((expected, at) => {
      const found = state(fold(events, at + 1));
      // asking the matcher some 5,000 times would take ten seconds
      if (JSON.stringify(found) !== JSON.stringify(expected))
        expect(found, `${name} after event ${at}`).toEqual(expected);
    });
    const debate = fold(events);
    expect(runningBill(events).at(-1), name).toEqual({ policy: debate.policyTokens, critic: debate.criticTokens });
    expect(debate.nodes.map(described), name).toEqual(nodes);
  }
});
