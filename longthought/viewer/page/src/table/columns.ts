/** The columns of the table: what they are called, how the server sorts them, and what a cell says. */
import type { Row } from "../api/types";

export interface Column {
  /** The server's name to sort by. */
  sort: string;
  title: string;
  hint: string;
  numeric: boolean;
  cell: (row: Row) => string;
}

const count = (value: number | null | undefined): string => (value ? value.toLocaleString("en") : "·");

export const COLUMNS: readonly Column[] = [
  {
    sort: "rounds",
    title: "Rounds",
    hint: "Proposals, unreadable ones included",
    numeric: true,
    cell: (row) => count(row.rounds),
  },
  { sort: "backtracks", title: "Back", hint: "Backtracks", numeric: true, cell: (row) => count(row.backtracks) },
  { sort: "reflections", title: "Reflect", hint: "Reflections", numeric: true, cell: (row) => count(row.reflections) },
  {
    sort: "refutations",
    title: "Refuted",
    hint: "Claims that a tool refuted",
    numeric: true,
    cell: (row) => count(row.refutations),
  },
  {
    sort: "tokens",
    title: "Tokens",
    hint: "Tokens of policy and critic",
    numeric: true,
    cell: (row) => count(row.tokens),
  },
  {
    sort: "score",
    title: "Score",
    hint: "The critic's last score",
    numeric: true,
    cell: (row) => (row.score === null ? "·" : row.score.toFixed(2)),
  },
];
