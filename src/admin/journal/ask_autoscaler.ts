/**
 * Asks a running autoscaler over HTTP. The URL is the operator's, so any other server may answer, or none.
 *
 * @module
 */
import { ExitError, UsageError } from "../../cli/command.ts";
import { failureReason, readAnswerText, SHORT_ANSWER } from "../../runtime.ts";

/** Maximum time for which kas waits for an answer of the autoscaler, in ms. */
const TIMEOUT = 10_000;

/** The largest answer of an autoscaler, in bytes. 10,000 lines have about 6 MB; the autoscaler ends a page of records at 2 MB. */
const LARGEST_ANSWER = 64 * 2 ** 20;

/** The longest reason of an autoscaler that kas prints, in characters. */
const LONGEST_REASON = 200;

const OWN_URL = "the address at which kas autoscaler itself listens, http://127.0.0.1:10001 on its host";

/** The answer of a server. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Requests a path of the autoscaler at a URL, and returns its answer.
 *
 * @param path the path without a slash at its beginning, and the query
 * @param read reads the body of an answer with status 200. Returns undefined if no autoscaler gives such an answer
 * @throws {UsageError} if the autoscaler has several fleets and the query chooses none
 * @throws {ExitError} if no autoscaler answers, or if it refuses the request
 */
export async function askAutoscaler<T>(
  base: string,
  path: string,
  read: (body: string) => T | undefined,
  signal: AbortSignal,
): Promise<T> {
  const { status, headers, body } = await request(base, path, LARGEST_ANSWER, signal);
  const answer = status === 200 ? read(body) : undefined;
  if (answer !== undefined) return answer;
  const isText = headers.get("content-type")?.startsWith("text/plain") ?? false;
  if (status === 300 && isText) throw new UsageError(body, "--fleet NAME");
  const page = path.replace(/\?.*/, "");
  const failed = `Cannot read /${page} of ${base}:`;
  if (!await isAutoscaler(base, signal)) {
    throw new ExitError(
      `${failed} the server there is no autoscaler of kas (HTTP status ${status})`,
      1,
      OWN_URL,
    );
  }
  if (status === 200) {
    throw new ExitError(`${failed} the autoscaler there has another version of kas`, 1, "kas --version");
  }
  if (isText) {
    const reason = `${failed} ${body.trim().slice(0, LONGEST_REASON)} (HTTP status ${status})`;
    if (status === 404) throw new ExitError(reason, 4, "--fleet NAME");
    throw new ExitError(reason, 1, status === 421 ? OWN_URL : ["kas", "admin", "doctor", "--url", base]);
  }
  throw new ExitError(
    `${failed} a proxy such as nginx answers with HTTP status ${status}. It passes on only messages and /ping`,
    1,
    `${OWN_URL}, or --state DIR there`,
  );
}

/** Sends a request. Throws an ExitError if no server answers. */
async function request(base: string, path: string, largest: number, signal: AbortSignal): Promise<Answer> {
  const target = new URL(path, base.endsWith("/") ? base : `${base}/`);
  try {
    const response = await fetch(target, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) });
    return {
      status: response.status,
      headers: response.headers,
      body: await readAnswerText(response, largest),
    };
  } catch (cause) {
    if (signal.aborted) throw cause;
    const reason = cause instanceof RangeError ? cause.message : failureReason(cause);
    throw new ExitError(`Cannot reach an autoscaler at ${base}: ${reason}`, 1, OWN_URL, { cause });
  }
}

/** Whether an autoscaler answers at a URL, also through nginx. */
async function isAutoscaler(base: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { headers } = await request(base, "ping", SHORT_ANSWER, signal);
    return headers.has("kas-fleet");
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}
