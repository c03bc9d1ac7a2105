/** The facts of a debate as the server sends them; their types are generated from its API. */
export type {
  Action,
  AnyEvent,
  Author,
  Call,
  Evidence,
  EvidenceStatus,
  Label,
  Sentence,
  Thought,
  Usage,
  Verdict,
} from "../api/types";
