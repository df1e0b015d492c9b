/**
 * The log on stderr: one line per event, as text or JSON. Modules call `getLogger(["kas", part])` of LogTape and log an event
 * with its fields. No field holds a secret.
 *
 * Writing is asynchronous, so that a slow, blocked or closed reader of stderr never delays the service.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { configure, type LogRecord } from "@logtape/logtape";

/** Writes bytes and returns how many bytes were written. If the write fails, kas drops the bytes. */
export type Write = (bytes: Uint8Array) => Promise<number>;

/** Maximum number of characters that wait to be written. kas drops further lines and counts them. */
const MAX_BUFFERED = 2 ** 20;

/** Maximum time for which kas waits, before the process ends, until the last lines are written, in ms. */
const FLUSH_TIMEOUT = 1_000;

/**
 * Configures logging for the process. `kas worker` and `kas autoscaler` call this function once. The disposal of the result waits
 * at most one second until the last lines are written.
 */
export async function setUpLog(form: "text" | "json"): Promise<AsyncDisposable> {
  const format = form === "json" ? jsonLine : textLine;
  const lines = new LineWriter((bytes) => Deno.stderr.write(bytes), (count) => format(lostLines(count)));
  await configure({
    reset: true,
    contextLocalStorage: new AsyncLocalStorage(),
    sinks: { stderr: (record) => lines.add(format(record)) },
    loggers: [
      { category: "kas", sinks: ["stderr"], lowestLevel: "info" },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
  return lines;
}

/** Writes lines in order. Lines that arrive during a write are written together. */
export class LineWriter implements AsyncDisposable {
  readonly #write: Write;
  readonly #formatLost: (count: number) => string;
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #lost = 0;
  #writing: Promise<void> | undefined;

  /** @param formatLost returns the line that reports how many lines were dropped */
  constructor(write: Write, formatLost: (count: number) => string) {
    this.#write = write;
    this.#formatLost = formatLost;
  }

  /** Adds a line, which is written later. Drops the line if too many characters wait to be written. */
  add(line: string): void {
    if (this.#waiting.length + line.length > MAX_BUFFERED) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) {
      this.#waiting += this.#formatLost(this.#lost) + "\n";
      this.#lost = 0;
    }
    this.#waiting += line + "\n";
    this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== "") {
      let bytes = this.#encoder.encode(this.#waiting);
      this.#waiting = "";
      try {
        while (bytes.length > 0) bytes = bytes.subarray(await this.#write(bytes));
      } catch {
        // The write fails if stderr is closed. kas has no other place to report this.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, FLUSH_TIMEOUT);
    await Promise.race([this.#writing, late.promise]);
    clearTimeout(timer);
  }
}

function lostLines(count: number): LogRecord {
  const text = "log lines dropped because stderr was not read";
  return {
    category: ["kas", "log"],
    level: "warning",
    message: [text],
    rawMessage: text,
    timestamp: Date.now(),
    properties: { count },
  };
}

function message(record: LogRecord): string {
  return record.message.map((part) => (typeof part === "string" ? part : String(part))).join("");
}

/** Formats a record as text: `2026-11-23T21:17:32.000Z info autoscaler: message accepted messageId=…`. */
export function textLine(record: LogRecord): string {
  const properties = Object.entries(record.properties)
    .map(([name, value]) =>
      ` ${name}=${typeof value === "string" && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value)}`
    );
  const head = `${new Date(record.timestamp).toISOString()} ${record.level} ${
    record.category.slice(1).join(".")
  }:`;
  return oneLine(`${head} ${message(record)}${properties.join("")}`);
}

/** Formats a record as one JSON object. */
export function jsonLine(record: LogRecord): string {
  const head = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    part: record.category.slice(1).join("."),
    message: message(record),
  };
  // `head` is first, so that its keys are first in the line. `head` is also last, so that no field of the event replaces its keys.
  return oneLine(JSON.stringify({ ...head, ...record.properties, ...head }));
}

/**
 * Escapes control characters and bidirectional controls. With them, a text from outside could add a false log line or control a
 * terminal.
 */
function oneLine(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
