/**
 * Reads the bodies of requests whose sender is not verified yet. The size of each body and the time to read it are limited. The
 * number of all open bodies and their total size are limited too, and so is the number of large bodies.
 *
 * A message about an alarm is small and arrives at once. So that such a message is accepted whatever other clients send, the
 * reader refuses other bodies when a limit is exceeded: large bodies if there are too many large ones, the largest bodies if
 * the total size is too large, and the oldest body if there are too many bodies.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

/**
 * The reader refuses a body. `status` is the HTTP status of the response, and `why` the label `reason` of
 * `kas_messages_total`.
 */
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
 * The largest number of large bodies that are read or verified at once. Each body takes several times its size of memory,
 * because it is in memory as bytes, as text and as an object. Measured in six rounds with 300 connections that send 600 KB
 * each: the memory of the executable grows from 83 to 175 MB.
 */
const LARGE_BODIES = 4;

/** The largest number of bodies that are read or verified at once. */
const BODIES = 256;

/** The largest total size of the bodies that are being read or verified, in bytes. */
const TOTAL_LIMIT = 8 * 1024 * 1024;

/** The limits of a {@linkcode BodyReader}. */
export interface BodyReaderOptions {
  /** The longest time to read a body, in ms. SNS waits 15 s for the response. */
  readonly timeout?: number;
  /** The largest total size of open bodies, in bytes. A body is open while it is being read or verified. */
  readonly total?: number;
  /** The largest number of open bodies. */
  readonly count?: number;
  /** The largest number of open bodies that are larger than 16 KiB. */
  readonly large?: number;
}

/** A body that is being read or verified. */
interface OpenBody {
  /** The number of bytes that the reader has received. */
  size: number;
  isLarge: boolean;
  /** Ends the reading of the body with an error. */
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
   * Reads the body of a request and passes the text to `use`. The body counts towards the limits until `use` has ended. The reader
   * does not read the headers: SNS does not sign them, and Deno copies all of them, up to 400 KB, when a program reads one.
   *
   * @throws {BodyError} with status 413 if the body is too large, 400 if it is not UTF-8, and 503 if it is too slow or
   * incomplete or if too many bodies are open; SNS retries after 503
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

  /** Counts a body as large. Throws an error if too many large bodies are open. */
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
        // If a piece of the body arrives and the reader refuses the body at the same time, refuse it.
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
        // Ignore this second error: the sender has disconnected, or the response reports the first error.
      });
      throw error instanceof BodyError ? error : unavailable("the body ended early");
    } finally {
      clearTimeout(timer);
      this.#reading.delete(open);
    }
  }

  /** Refuses the largest bodies until the total size of the others is within the limit. */
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

/**
 * The size of the buffer with which the reader reads a body, in bytes. By default, Deno creates a buffer of 64 KiB for each
 * read.
 */
const PIECE = 8 * 1024;

/** Reads a body piece by piece. The caller must use a piece before it reads the next piece, which has the same buffer. */
function pieces(body: ReadableStream<Uint8Array>): {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  readonly cancel: () => Promise<void>;
} {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // Not every stream accepts a buffer of the reader. The other streams create their own buffers.
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

/**
 * Decodes a body piece by piece. Throws an error for invalid bytes: if it replaced them, two bodies could become the same
 * text.
 */
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
