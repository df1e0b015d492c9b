/**
 * `GET /decisions`: the journal's records, a JSON object a line, so that they can be explained and replayed elsewhere.
 *
 * @module
 */
import type { DecisionQuery, DecisionRecord } from "../store/decisions.ts";

/** Of records after a number so many are answered at most, and no more once they come to so many characters. */
const PAGE = { records: 100, characters: 2 * 2 ** 20 };

/**
 * The records that a query asks for: `id=N`, `at=MS` (the last by then), `after=N` (a page of the next), else the last one.
 * Undefined where the query is not understood.
 */
export function decisionLines(
  query: URLSearchParams,
  read: (wanted: DecisionQuery) => DecisionRecord | undefined,
): string | undefined {
  const [name, text = ""] = [...query][0] ?? ["last"];
  const value = Number(text);
  if (query.size > 1 || (name !== "last" && !/^\d{1,15}$/.test(text))) return undefined;
  switch (name) {
    case "id":
      return line(read({ id: value }));
    case "at":
      return line(read({ at: value }));
    case "last":
      return line(read({ last: true }));
    case "after":
      return page(value, read);
    default:
      return undefined;
  }
}

function page(after: number, read: (wanted: DecisionQuery) => DecisionRecord | undefined): string {
  let text = "";
  let next = read({ after });
  for (let records = 0; next !== undefined && records < PAGE.records; records++) {
    text += line(next);
    if (text.length > PAGE.characters) break;
    next = read({ after: next.id });
  }
  return text;
}

function line(record: DecisionRecord | undefined): string {
  return record === undefined ? "" : JSON.stringify(record) + "\n";
}
