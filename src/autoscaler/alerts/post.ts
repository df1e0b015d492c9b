/**
 * Posts the beginnings and ends of alerts to the alert URL. The URL may contain a secret, so no log line contains it.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { VERSION } from "../../build/version.ts";
import { isoTime } from "../../cli/format.ts";
import { failureOf, type Runtime, timeLimit } from "../../runtime.ts";
import type { AlertChange, AlertName } from "./alert.ts";

/** The options of an {@linkcode AlertPoster}. */
export interface PosterOptions {
  /** The alert URL. If absent, the poster posts nothing. */
  readonly url: string | undefined;
  readonly fleet: string;
  readonly runtime: Pick<Runtime, "clock" | "fetch">;
}

/** The JSON that kas posts when an alert begins or ends. */
export interface AlertPost extends Omit<AlertChange, "since"> {
  readonly fleet: string;
  /** In ISO 8601. */
  readonly since: string;
}

/** The time limit of a request, in ms. */
const TIMEOUT = 10_000;

/** The pauses after failed attempts, in ms. After the last failed attempt, kas does not post the change. */
const PAUSES = [1_000, 5_000, 30_000, 120_000];

const log = getLogger(["kas", "alerts"]);

/** The receiver did not accept a request. */
class PostError extends Error {
  override readonly name = "PostError";
  /** @param final whether a repetition of the request would fail too */
  constructor(message: string, readonly final = false) {
    super(message);
  }
}

/** Posts changes of alerts one after another, in the order in which they happened. Its disposal interrupts it. */
export class AlertPoster implements AsyncDisposable {
  readonly #options: PosterOptions;
  /** The newest change of each alert that is still to be posted. */
  readonly #waiting = new Map<AlertName, AlertChange>();
  readonly #stop = new AbortController();
  #posting: Promise<void> | undefined;

  constructor(options: PosterOptions) {
    this.#options = options;
  }

  /** Posts a change, without waiting for the answer. The change replaces an earlier change of the alert that still waits. */
  post(change: AlertChange): void {
    if (this.#options.url === undefined || this.#stop.signal.aborted) return;
    this.#waiting.set(change.name, change);
    this.#posting ??= this.#postAll(this.#options.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await this.#posting;
  }

  async #postAll(url: string): Promise<void> {
    // While kas posts a change, others may be added to the map. The loop posts these too.
    for (const [name, change] of this.#waiting) {
      this.#waiting.delete(name);
      await this.#postOne(url, change);
    }
    this.#posting = undefined;
  }

  async #postOne(url: string, change: AlertChange): Promise<void> {
    const { clock } = this.#options.runtime;
    const { signal } = this.#stop;
    for (const pause of [...PAUSES, undefined]) {
      try {
        return await this.#send(url, change);
      } catch (error) {
        if (signal.aborted) return;
        const { message: reason, final } = error as PostError;
        const about = { alert: change.name, state: change.state, reason };
        if (final || pause === undefined) return log.error("alert not posted", about);
        log.warn("alert not posted yet", { ...about, retrySeconds: pause / 1_000 });
        await clock.sleep(pause, signal).catch(() => {});
      }
      if (signal.aborted || this.#waiting.has(change.name)) return;
    }
  }

  /** @throws {PostError} if the receiver does not answer with a status from 200 to 299 */
  async #send(url: string, { since, ...change }: AlertChange): Promise<void> {
    const { fleet, runtime: { clock, fetch } } = this.#options;
    const body: AlertPost = { fleet, ...change, since: isoTime(since) };
    using limit = timeLimit(clock, TIMEOUT);
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": `kas/${VERSION}` },
        body: JSON.stringify(body),
        // A redirect could send the alert to a host that the operator does not know.
        redirect: "manual",
        signal: AbortSignal.any([limit.signal, this.#stop.signal]),
      });
      await response.body?.cancel();
    } catch (error) {
      if (limit.signal.aborted) throw new PostError(`no answer within ${TIMEOUT / 1_000} s`);
      throw new PostError(failureOf(error));
    }
    const { status, ok } = response;
    // After 408 Request Timeout and 429 Too Many Requests, a repetition may succeed. Source: RFC 9110, 15.5.9; RFC 6585, 4.
    const final = status >= 300 && status < 500 && status !== 408 && status !== 429;
    if (!ok) throw new PostError(`the alert URL answered with HTTP status ${status}`, final);
  }
}
