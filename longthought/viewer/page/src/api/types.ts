/** The server's types by short names; they are generated from its API (`npm run types`). */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type AnyEvent = Schemas["Debate"]["events"][number];
export type Author = Schemas["Author"];
export type Action = Schemas["Action"];
export type EvidenceStatus = Schemas["EvidenceStatus"];
export type Usage = Schemas["Usage"];
export type Call = Schemas["Call"];
export type Evidence = Schemas["Evidence"];
export type Verdict = Schemas["Verdict"];
export type Label = Schemas["Label"];

export type Runs = Schemas["Runs"];
export type RunView = Schemas["RunView"];
export type SetView = Schemas["SetView"];
export type Row = Schemas["Row"];
export type Outcome = Schemas["Outcome"];
export type Table = Schemas["Table"];
export type Summary = Schemas["Summary"];
export type CalibrationBin = Schemas["CalibrationBin"];
export type DebateName = Schemas["DebateName"];
export type Neighbours = Schemas["Neighbours"];
export type Debate = Schemas["Debate"];
export type Sentence = Schemas["SentenceView"];
export type Thought = Schemas["Thought"];
export type Cell = Schemas["Cell"];
export type Pair = Schemas["Pair"];
export type Comparison = Schemas["Comparison"];
export type Curves = Schemas["Curves"];
export type Rounds = Schemas["Rounds"];
export type Doubt = Schemas["Doubt"];
export type ReviewQueue = Schemas["ReviewQueue"];
export type Word = Schemas["Word"];
export type Written = Schemas["Written"];
