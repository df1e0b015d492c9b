/**
 * Reads the answer to an HTTP/1.1 request while its bytes arrive. Source: RFC 9112.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The largest head of an answer, and the longest line before a chunk, in bytes. */
const LARGEST_HEAD = 64 * 1_024;

/** What the reader expects next. `size` and `trailer` are lines of a chunked body. */
type State = "status" | "header" | "body" | "size" | "trailer" | "done";

/** Reads one answer to a GET request. */
export class AnswerReader {
  readonly #onBody: (piece: Uint8Array) => void;
  #state: State = "status";
  #line = "";
  #headSize = 0;
  /** The bytes that the body or the present chunk still has. `Infinity`: the body ends with the connection. */
  #left = 0;
  #isChunked = false;
  #length: number | undefined;
  #status = 0;
  #isKept = false;

  /** @param onBody called with each piece of the body */
  constructor(onBody: (piece: Uint8Array) => void) {
    this.#onBody = onBody;
  }

  /** The status code. 0 before it arrives. */
  get status(): number {
    return this.#status;
  }

  /** Whether the whole answer has arrived. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Whether the server keeps the connection open for another request. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /**
   * Reads the next bytes.
   *
   * @throws {Error} if they are not HTTP
   */
  push(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length && this.#state !== "done") {
      if (this.#state !== "body") at = this.#pushLine(piece, at);
      else {
        const part = piece.subarray(at, at + Math.min(this.#left, piece.length - at));
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = this.#isChunked ? "size" : "done";
        this.#onBody(part);
      }
    }
    // The server sent more than the answer, so the connection is not usable any more.
    if (at < piece.length) this.#isKept = false;
  }

  /**
   * The server has closed the connection.
   *
   * @throws {Error} if the answer is not complete
   */
  end(): void {
    if (this.#state === "body" && this.#left === Infinity) this.#state = "done";
    this.#isKept = false;
    if (this.#state !== "done") throw new Error("connection closed");
  }

  /** Reads up to the end of the line. Returns the place after it. */
  #pushLine(piece: Uint8Array, at: number): number {
    const found = piece.indexOf(0x0a, at);
    const end = found < 0 ? piece.length : found;
    this.#headSize += end - at;
    if (this.#headSize > LARGEST_HEAD) throw new Error("invalid HTTP: the head is too large");
    this.#line += Buffer.from(piece.subarray(at, end)).toString("latin1");
    if (found < 0) return end;
    const line = this.#line.replace(/\r$/, "");
    this.#line = "";
    this.#readLine(line);
    return end + 1;
  }

  #readLine(line: string): void {
    switch (this.#state) {
      case "status": {
        const [, minor, status] = /^HTTP\/1\.(\d) (\d{3})(?: |$)/.exec(line) ?? [];
        if (status === undefined) throw new Error("invalid HTTP");
        this.#status = Number(status);
        this.#isKept = minor !== "0";
        this.#state = "header";
        return;
      }
      case "header":
        return line === "" ? this.#endHead() : this.#readHeader(line);
      case "size": {
        // An empty line ends the chunk before.
        if (line === "") return;
        const [, digits] = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
        if (digits === undefined) throw new Error("invalid HTTP: a chunk has no size");
        this.#headSize = 0;
        this.#left = parseInt(digits, 16);
        this.#state = this.#left === 0 ? "trailer" : "body";
        return;
      }
      default:
        if (line === "") this.#state = "done";
    }
  }

  #readHeader(line: string): void {
    const [, field = "", text = ""] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    switch (field.toLowerCase()) {
      case "content-length": {
        const length = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
        if (Number.isNaN(length) || (this.#length ?? length) !== length) {
          throw new Error("invalid HTTP: content-length");
        }
        this.#length = length;
        return;
      }
      case "transfer-encoding":
        if (text.toLowerCase() !== "chunked") throw new Error(`transfer-encoding ${text.slice(0, 40)}`);
        this.#isChunked = true;
        return;
      case "content-encoding":
        if (text.toLowerCase() !== "identity") throw new Error(`content-encoding ${text.slice(0, 40)}`);
        return;
      case "connection":
        if (/\bclose\b/i.test(text)) this.#isKept = false;
    }
  }

  #endHead(): void {
    this.#headSize = 0;
    if (this.#status < 200) {
      // An interim response, such as 103 Early Hints, comes before the response.
      this.#state = "status";
      return;
    }
    if (this.#isChunked) this.#state = "size";
    else if (this.#status === 204 || this.#status === 304 || this.#length === 0) this.#state = "done";
    else {
      this.#left = this.#length ?? Infinity;
      if (this.#left === Infinity) this.#isKept = false;
      this.#state = "body";
    }
  }
}
