/**
 * Reads the bodies of requests whose senders are not known yet: each bounded in size and time, and all of them together.
 *
 * Beyond what all may hold, the largest one still being read has to go, so that a small message, as an alarm's is, comes
 * through whatever others send beside it.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/** A body that is too large, too slow or no text, and the HTTP status that says so. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  constructor(message: string, readonly status: number, readonly why: "size" | "body" | "form") {
    super(message);
  }
}

/** Bytes. SNS's messages have 256 KiB, and JSON may escape them to twice that (R14). */
export const BODY_LIMIT = 640 * 1024;

/** Bytes of all bodies that are being read or verified: room for 50 of the largest, and for thousands of alarms'. */
const TOTAL_LIMIT = 50 * BODY_LIMIT;

/** The bounds. */
export interface BodyReaderOptions {
  /** Longest wait for a body, ms. Under the 15 s for which SNS waits for the answer. */
  readonly timeout?: number;
  /** Bytes of all bodies at the same time. */
  readonly total?: number;
}

interface Held {
  size: number;
  readonly refuse: (error: BodyError) => void;
}

/** The bodies in memory. */
export class BodyReader {
  readonly #timeout: number;
  readonly #total: number;
  readonly #reading = new Set<Held>();
  #size = 0;

  constructor({ timeout = 10_000, total = TOTAL_LIMIT }: BodyReaderOptions = {}) {
    this.#timeout = timeout;
    this.#total = total;
  }

  /**
   * Reads a request's body and hands it on; its bytes count until that is done. What a Content-Length promises is not
   * relied on, nor is a type or an encoding looked at: headers are not signed.
   *
   * @throws {BodyError} 413 too large; 400 no UTF-8; 503 too slow, broken off, or too much at once: it may be sent again
   */
  async read<T>({ body, headers }: Request, use: (text: string) => Promise<T>): Promise<T> {
    if (Number(headers.get("content-length") ?? 0) > BODY_LIMIT) throw tooLarge();
    if (body === null) return await use("");
    const refused = Promise.withResolvers<never>();
    const held: Held = { size: 0, refuse: refused.reject };
    try {
      return await use(await this.#read(body, held, refused.promise));
    } finally {
      this.#size -= held.size;
    }
  }

  async #read(body: ReadableStream<Uint8Array>, held: Held, refused: Promise<never>): Promise<string> {
    const reader = body.getReader();
    const decode = decoder();
    const timer = setTimeout(() => held.refuse(unavailable("the body took too long")), this.#timeout);
    this.#reading.add(held);
    let text = "";
    try {
      while (true) {
        // A refusal goes first where both are there.
        const { done, value } = await Promise.race([refused, reader.read()]);
        text += decode(value);
        if (done) return text;
        held.size += value.byteLength;
        this.#size += value.byteLength;
        if (held.size > BODY_LIMIT) throw tooLarge();
        this.#makeRoom();
      }
    } catch (error) {
      reader.cancel().catch(() => {
        // The sender is gone, or will be told by the answer.
      });
      throw error instanceof BodyError ? error : unavailable("the body broke off");
    } finally {
      clearTimeout(timer);
      this.#reading.delete(held);
    }
  }

  /** Sends the largest bodies away while there are too many. */
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

/** Decodes piece by piece. Invalid bytes are not replaced: two sequences of bytes shall not be one text. */
function decoder(): (piece: Uint8Array | undefined) => string {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  return (piece) => {
    try {
      return utf8.decode(piece, { stream: piece !== undefined });
    } catch {
      throw new BodyError("the body is no UTF-8", STATUS_CODE.BadRequest, "form");
    }
  };
}

function tooLarge(): BodyError {
  return new BodyError(`the body has more than ${BODY_LIMIT} bytes`, STATUS_CODE.ContentTooLarge, "size");
}

function unavailable(message: string): BodyError {
  return new BodyError(message, STATUS_CODE.ServiceUnavailable, "body");
}
