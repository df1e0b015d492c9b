/**
 * Reads request bodies before their sender is verified. Each body has a limit of size and time, and all bodies together have a limit of size.
 *
 * Above the common limit the reader refuses the largest body that is still being read. A message about an alarm is small, so it
 * comes through whatever other clients send.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/** A body that is too large, too slow, or not UTF-8, with the HTTP status for its sender. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  constructor(message: string, readonly status: number, readonly why: "size" | "body" | "form") {
    super(message);
  }
}

/** The largest body, bytes. An SNS message has at most 256 KiB, and its JSON escapes may double that (R14). */
export const BODY_LIMIT = 640 * 1024;

/** The limit of all bodies that are being read or verified, bytes: 50 of the largest, or thousands of messages about alarms. */
const TOTAL_LIMIT = 50 * BODY_LIMIT;

/** The limits of a {@linkcode BodyReader}. */
export interface BodyReaderOptions {
  /** The longest wait for a body, ms. SNS waits 15 s for the answer. */
  readonly timeout?: number;
  /** The limit of all bodies together, bytes. */
  readonly total?: number;
}

interface OpenBody {
  size: number;
  readonly refuse: (error: BodyError) => void;
}

/** Reads bodies within limits. */
export class BodyReader {
  readonly #timeout: number;
  readonly #total: number;
  readonly #reading = new Set<OpenBody>();
  #size = 0;

  constructor({ timeout = 10_000, total = TOTAL_LIMIT }: BodyReaderOptions = {}) {
    this.#timeout = timeout;
    this.#total = total;
  }

  /**
   * Reads a request's body and passes it to `use`. Its bytes count against the limit until `use` has ended. The reader trusts no
   * header but a Content-Length that is too large: headers are not signed.
   *
   * @throws {BodyError} 413: too large. 400: not UTF-8. 503: too slow, incomplete, or too many bodies at once; SNS retries these
   */
  async read<T>({ body, headers }: Request, use: (text: string) => Promise<T>): Promise<T> {
    if (Number(headers.get("content-length") ?? 0) > BODY_LIMIT) throw tooLarge();
    if (body === null) return await use("");
    const refused = Promise.withResolvers<never>();
    const open: OpenBody = { size: 0, refuse: refused.reject };
    try {
      return await use(await this.#read(body, open, refused.promise));
    } finally {
      this.#size -= open.size;
    }
  }

  async #read(body: ReadableStream<Uint8Array>, open: OpenBody, refused: Promise<never>): Promise<string> {
    const reader = body.getReader();
    const decode = decoder();
    const timer = setTimeout(() => open.refuse(unavailable("the body took too long")), this.#timeout);
    this.#reading.add(open);
    let text = "";
    try {
      while (true) {
        // If both are ready, the refusal wins.
        const { done, value } = await Promise.race([refused, reader.read()]);
        text += decode(value);
        if (done) return text;
        open.size += value.byteLength;
        this.#size += value.byteLength;
        if (open.size > BODY_LIMIT) throw tooLarge();
        this.#makeRoom();
      }
    } catch (error) {
      reader.cancel().catch(() => {
        // The sender is gone, or the answer tells it.
      });
      throw error instanceof BodyError ? error : unavailable("the body ended early");
    } finally {
      clearTimeout(timer);
      this.#reading.delete(open);
    }
  }

  /** Refuses the largest bodies until the rest is within the limit. */
  #makeRoom(): void {
    while (this.#size > this.#total && this.#reading.size > 0) {
      const largest = this.#reading.values().reduce((a, b) => (b.size > a.size ? b : a));
      this.#reading.delete(largest);
      this.#size -= largest.size;
      largest.size = 0;
      largest.refuse(unavailable("too many large bodies at once"));
    }
  }
}

/** Decodes a body in pieces. Invalid bytes are an error and not replaced: two different bodies must not become one text. */
function decoder(): (piece: Uint8Array | undefined) => string {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  return (piece) => {
    try {
      return utf8.decode(piece, { stream: piece !== undefined });
    } catch {
      throw new BodyError("the body is not UTF-8", STATUS_CODE.BadRequest, "form");
    }
  };
}

function tooLarge(): BodyError {
  return new BodyError(`the body is larger than ${BODY_LIMIT} bytes`, STATUS_CODE.ContentTooLarge, "size");
}

function unavailable(message: string): BodyError {
  return new BodyError(message, STATUS_CODE.ServiceUnavailable, "body");
}
