/**
 * Rows of a list that stay where they are. What is shown keeps its order while answers come in: a row that is there
 * still is renewed in place, one that is gone is marked, and new ones wait for the reader to ask for them. Nothing may
 * move under a pointer.
 */
import type { Line } from '@core/api';

export interface Row {
  line: Line;
  /** It is no longer what was asked for: done, or another's. */
  gone: boolean;
}

export interface Rows {
  shown: Row[];
  /** Cases that came since, in their order. */
  fresh: Line[];
}

/** The rows after an answer came, `shown` staying in place. */
export function renewed(shown: Row[], answer: Line[]): Rows {
  const now = new Map(answer.map((line) => [line.id, line]));
  const known = new Set(shown.map((row) => row.line.id));
  return {
    shown: shown.map(({ line }) => ({ line: now.get(line.id) ?? line, gone: !now.has(line.id) })),
    fresh: answer.filter((line) => !known.has(line.id)),
  };
}
