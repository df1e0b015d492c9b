/**
 * Requests a JSON document of a server that may be slow, broken or hostile.
 *
 * @module
 */
import { VERSION } from "../../../build/version.ts";
import { failureOf, readAnswerText, type Runtime, timeLimit } from "../../../runtime.ts";
import { SourceError } from "./source_error.ts";

/** The time limit of a request, from connecting to the end of the answer, in ms. */
const TIMEOUT = 2_000;

/** The largest answer in bytes. */
const LARGEST = 2 ** 20;

/** A JSON document and the HTTP status of the answer. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Requests a JSON document.
 *
 * @throws {SourceError} if the server does not answer in time, or if its answer is too large or not JSON
 */
export async function fetchJson(
  url: URL,
  { fetch, clock }: Pick<Runtime, "fetch" | "clock">,
  signal: AbortSignal,
): Promise<JsonAnswer> {
  using limit = timeLimit(clock, TIMEOUT);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json", "user-agent": `kas/${VERSION}` },
      // A redirect could lead to a host that the operator does not know.
      redirect: "manual",
      signal: AbortSignal.any([limit.signal, signal]),
    });
    ({ status } = response);
    text = await readAnswerText(response, LARGEST);
  } catch (cause) {
    if (limit.signal.aborted) throw new SourceError(`no answer within ${TIMEOUT / 1_000} s`, { cause });
    signal.throwIfAborted();
    throw new SourceError(cause instanceof RangeError ? cause.message : failureOf(cause), { cause });
  }
  try {
    return { status, body: JSON.parse(text) };
  } catch (cause) {
    const problem = status === 200 ? "the answer is not JSON" : `HTTP status ${status}`;
    throw new SourceError(problem, { cause });
  }
}
