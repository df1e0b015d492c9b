/**
 * Reads request bodies before their sender is verified. Each body has a limit of size and time. All bodies together have limits of number
 * and size, and the large ones among them a narrower one.
 *
 * A message about an alarm is small and arrives at once, so it comes through whatever other clients send: above a limit the reader
 * refuses large bodies, then the largest, then the one that has taken longest.
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

/** The largest body, in bytes. An SNS message has at most 256 KiB, and its JSON escapes may double that (R14). */
export const BODY_LIMIT = 640 * 1024;

/** A body above this size is large, in bytes. SNS's message about an alarm has 3 to 5 KiB. */
const LARGE = 16 * 1024;

/**
 * How many large bodies are read or verified at once. Each takes several times its size: as it arrives, as text, and as an object.
 * Measured with 300 connections that send 600 KB each, in six rounds: the executable grows from 83 to 175 MB.
 */
const LARGE_BODIES = 4;

/** How many bodies are read or verified at once. */
const BODIES = 256;

/** The limit of all bodies that are being read or verified, in bytes. */
const TOTAL_LIMIT = 8 * 1024 * 1024;

/** Options of a {@linkcode BodyReader}: its limits. */
export interface BodyReaderOptions {
  /** The longest wait for a body, in ms. SNS waits 15 s for the answer. */
  readonly timeout?: number;
  /** The limit of all bodies together, in bytes. */
  readonly total?: number;
  /** How many bodies may be open at once. */
  readonly count?: number;
  /** How many large bodies may be open at once. */
  readonly large?: number;
}

interface OpenBody {
  size: number;
  isLarge: boolean;
  readonly refuse: (error: BodyError) => void;
}

/** A reader of request bodies that enforces limits. */
export class BodyReader {
  readonly #timeout: number;
  readonly #total: number;
  readonly #count: number;
  readonly #large: number;
  /** The bodies that are being read, the oldest first. */
  readonly #reading = new Set<OpenBody>();
  /** The bodies that are being read or verified. */
  readonly #open = new Set<OpenBody>();
  #size = 0;

  constructor(
    { timeout = 10_000, total = TOTAL_LIMIT, count = BODIES, large = LARGE_BODIES }: BodyReaderOptions = {},
  ) {
    this.#timeout = timeout;
    this.#total = total;
    this.#count = count;
    this.#large = large;
  }

  /**
   * Reads a request's body and passes it to `use`. Its bytes count against the limit until `use` has ended. The reader
   * reads no header: headers are not signed, and Deno copies all of them, up to 400 KB, when one is read.
   *
   * @throws {BodyError} 413: too large. 400: not UTF-8. 503: too slow, incomplete, or too many bodies at once; SNS retries these
   */
  async read<T>({ body }: Request, use: (text: string) => Promise<T>): Promise<T> {
    if (body === null) return await use("");
    const refused = Promise.withResolvers<never>();
    const open: OpenBody = { size: 0, isLarge: false, refuse: refused.reject };
    try {
      this.#open.add(open);
      return await use(await this.#read(body, open, refused.promise));
    } finally {
      this.#size -= open.size;
      this.#open.delete(open);
    }
  }

  /** Counts a body as large, or refuses the body if too many large ones are open. */
  #growLarge(open: OpenBody): void {
    if (open.isLarge) return;
    const others = this.#open.values().filter(({ isLarge }) => isLarge);
    if (others.toArray().length >= this.#large) throw tooMany();
    open.isLarge = true;
  }

  async #read(body: ReadableStream<Uint8Array>, open: OpenBody, refused: Promise<never>): Promise<string> {
    const reader = pieces(body);
    const decode = decoder();
    const timer = setTimeout(() => open.refuse(unavailable("the body took too long")), this.#timeout);
    this.#reading.add(open);
    if (this.#open.size > this.#count) this.#refuse(this.#reading.values().next().value);
    let text = "";
    try {
      while (true) {
        // If a chunk and the refusal are both ready, the refusal wins.
        const { done, value } = await Promise.race([refused, reader.read()]);
        text += decode(value);
        if (done || value === undefined) return text;
        open.size += value.byteLength;
        this.#size += value.byteLength;
        if (open.size > BODY_LIMIT) throw tooLarge();
        if (open.size > LARGE) this.#growLarge(open);
        this.#makeRoom();
      }
    } catch (error) {
      reader.cancel().catch(() => {
        // Ignore this error: the sender has disconnected, or the response reports the error.
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
      this.#refuse(largest);
    }
  }

  #refuse(open: OpenBody | undefined): void {
    if (open === undefined) return;
    this.#reading.delete(open);
    this.#open.delete(open);
    this.#size -= open.size;
    open.size = 0;
    open.refuse(tooMany());
  }
}

/** The size of the one buffer that a body is read with, in bytes. Left to itself, Deno takes a new one of 64 KiB for each read. */
const PIECE = 8 * 1024;

/** Reads a body piece by piece. A piece is valid until the next one is read. */
function pieces(body: ReadableStream<Uint8Array>): {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  readonly cancel: () => Promise<void>;
} {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // A stream that the server did not create uses its own buffers.
    return body.getReader();
  }
  let buffer = new ArrayBuffer(PIECE);
  return {
    read: async () => {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value !== undefined) buffer = value.buffer;
      return { done, value };
    },
    cancel: () => reader.cancel(),
  };
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

function tooMany(): BodyError {
  return unavailable("too many bodies at once");
}

function unavailable(message: string): BodyError {
  return new BodyError(message, STATUS_CODE.ServiceUnavailable, "body");
}
