/**
 * `GET /decisions`: returns records of decisions as JSON lines. With them, `kas admin` can explain and replay decisions on another
 * machine.
 *
 * @module
 */
import type { DecisionQuery, DecisionRecord } from "../store/decisions.ts";

/** The largest number of records in one response, and the number of characters after which the response ends. */
const PAGE = { records: 100, characters: 2 * 2 ** 20 };

/**
 * Returns the records that a query selects: `id=N` selects one record, `at=MS` the last record at that time, and `after=N` a
 * page of the records after record N. A query without a parameter selects the last record. Returns undefined for any other
 * query.
 */
export function decisionLines(
  query: URLSearchParams,
  read: (query: DecisionQuery) => DecisionRecord | undefined,
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

function page(after: number, read: (query: DecisionQuery) => DecisionRecord | undefined): string {
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
