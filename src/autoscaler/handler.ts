/**
 * The autoscaler's HTTP: takes messages in (R12, R14) and tells how things stand.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { STATUS_CODE } from "@std/http/status";
import { type Message, MessageError } from "../sns/message.ts";
import type { Inbox } from "./inbox.ts";
import type { Line } from "./journal.ts";

/** What the handler works with. */
export interface HandlerParts {
  /** Reads a body and believes it, or throws {@linkcode MessageError}. */
  readonly verify: (body: string) => Promise<Message>;
  readonly inbox: Inbox;
  /** Called when there is something new in the inbox. */
  readonly wake: () => void;
  /** Whether to subscribe again when the subscription is deleted (R14). */
  readonly resubscribe: boolean;
  /** What `GET /status` tells, beside the counts. */
  readonly status: () => object;
  /** The latest decisions and activities, newest first. */
  readonly activities: (limit: number) => readonly Line[];
  /** ms since the epoch. */
  readonly now: () => number;
  /** Longest wait for a body, ms. Under the 15 s for which SNS waits for the answer. */
  readonly bodyTimeout?: number;
}

/** A body that is too large or too slow. */
class BodyError extends Error {
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

/** Bytes. SNS's messages have 256 KiB, and JSON may escape them to twice that (R14). */
export const BODY_LIMIT = 640 * 1024;

/** Lines of `GET /activities` without and at most with `?limit`. */
const LINES = { default: 100, most: 10_000 };

const log = getLogger(["kas", "inbox"]);

/** Makes the handler of all the autoscaler's requests. It never rejects. */
export function handler(parts: HandlerParts): (request: Request) => Promise<Response> {
  const counts = { accepted: 0, duplicate: 0, unsubscribed: 0, refused: 0, failed: 0 };

  const routes: Record<
    string,
    Partial<Record<string, (request: Request, url: URL) => Response | Promise<Response>>>
  > = {
    "/": { POST: (request) => post(parts, counts, request) },
    "/ping": { GET: () => text("pong") },
    "/status": {
      GET: () =>
        Response.json({ ...parts.status(), messages: { ...counts, waiting: parts.inbox.waiting() } }),
    },
    "/activities": { GET: (_, url) => activities(parts, url) },
  };

  return async (request) => {
    const url = new URL(request.url);
    const methods = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
    if (methods === undefined) return text("not found", STATUS_CODE.NotFound);
    const respond = methods[request.method === "HEAD" ? "GET" : request.method];
    if (respond === undefined) {
      const allow = Object.keys(methods).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
        .join(", ");
      return text("method not allowed", STATUS_CODE.MethodNotAllowed, { allow });
    }
    try {
      return await respond(request, url);
    } catch (error) {
      log.error("a request failed", { path: url.pathname, reason: (error as Error).message });
      return text("internal error", STATUS_CODE.InternalServerError);
    }
  };
}

/** Verify, store, answer; everything else comes after. A 5xx is sent again by SNS, a 4xx never. */
async function post(
  { verify, inbox, wake, resubscribe, now, bodyTimeout = 10_000 }: HandlerParts,
  counts: Record<"accepted" | "duplicate" | "unsubscribed" | "refused" | "failed", number>,
  request: Request,
): Promise<Response> {
  let message: Message;
  try {
    message = await verify(await read(request, BODY_LIMIT, bodyTimeout));
  } catch (error) {
    if (!(error instanceof MessageError || error instanceof BodyError)) throw error;
    counts[error.status >= 500 ? "failed" : "refused"]++;
    log.warn("refused a message", { status: error.status, reason: error.message });
    return text(error.message, error.status);
  }

  const { messageId, type } = message;
  if (type === "UnsubscribeConfirmation") {
    counts.unsubscribed++;
    log.warn("the subscription was deleted", { messageId, resubscribe });
    if (!resubscribe) return text("accepted");
  }
  let added: boolean;
  try {
    const entry = type === "Notification"
      ? { kind: "notification", body: message.message } as const
      : { kind: "confirmation", body: message.token } as const;
    added = inbox.add(messageId, entry, now());
  } catch (error) {
    counts.failed++;
    log.error("cannot store a message", { messageId, reason: (error as Error).message });
    return text("cannot store the message now", STATUS_CODE.ServiceUnavailable);
  }
  counts[added ? "accepted" : "duplicate"]++;
  log.info(added ? "accepted a message" : "had this message before", { messageId, type });
  if (added) wake();
  return text("accepted");
}

function activities(parts: HandlerParts, url: URL): Response {
  const limit = url.searchParams.get("limit") ?? String(LINES.default);
  if (!/^\d{1,5}$/.test(limit) || Number(limit) > LINES.most) {
    return text(`limit: expected a whole number up to ${LINES.most}`, STATUS_CODE.BadRequest);
  }
  return Response.json(parts.activities(Number(limit)));
}

/** Reads a body of so many bytes at most, within a time; what a Content-Length promises is not relied on. */
async function read({ body, headers }: Request, limit: number, timeout: number): Promise<string> {
  const tooLarge = () => new BodyError(`the body has more than ${limit} bytes`, STATUS_CODE.ContentTooLarge);
  if (Number(headers.get("content-length") ?? 0) > limit) throw tooLarge();
  if (body === null) return "";
  const reader = body.getReader();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new BodyError("the body took too long", STATUS_CODE.ServiceUnavailable)),
    timeout,
  );
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    while (true) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) break;
      size += value.byteLength;
      if (size > limit) throw tooLarge();
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {
      // The sender is gone, or will be told by the answer.
    });
    throw error instanceof BodyError
      ? error
      : new BodyError("the body broke off", STATUS_CODE.ServiceUnavailable);
  } finally {
    clearTimeout(timer);
  }
  return await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
}

function text(line: string, status: number = STATUS_CODE.OK, headers: Record<string, string> = {}): Response {
  const plain = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(line, { status, headers: { ...plain, ...headers } });
}
