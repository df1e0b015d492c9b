/**
 * Logging: one line an event on stderr, as text or JSON, by LogTape. Parts ask for `getLogger(["kas", part])` of
 * `@logtape/logtape` and log a sentence with its properties; a secret is never among them.
 *
 * Lines are written beside the work: a reader of stderr that is slow, stuck or gone holds nothing up.
 *
 * @module
 */
import { configure, type LogRecord } from "@logtape/logtape";

/** Where lines go; a promise that rejects loses what it was given. */
export type Write = (bytes: Uint8Array) => Promise<number>;

/** Characters that may wait for a reader of stderr; beyond that lines are lost, and counted. */
const BACKLOG = 2 ** 20;

/** Longest wait for a reader of stderr at the end of the process, ms. */
const LAST_LINES = 1_000;

/**
 * Sets the process up to log; to be called once, by the service's command. Disposing of the result waits for the last lines
 * to be written, a second at most.
 */
export async function setUpLog(form: "text" | "json"): Promise<AsyncDisposable> {
  const format = form === "json" ? jsonLine : textLine;
  const lines = new Lines((bytes) => Deno.stderr.write(bytes), (count) => format(lostLines(count)));
  await configure({
    reset: true,
    sinks: { stderr: (record) => lines.add(format(record)) },
    loggers: [
      { category: "kas", sinks: ["stderr"], lowestLevel: "info" },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
  return lines;
}

/** Writes lines in the order in which they came, those that came meanwhile in one go. */
export class Lines implements AsyncDisposable {
  readonly #write: Write;
  readonly #told: (lost: number) => string;
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #lost = 0;
  #writing: Promise<void> | undefined;

  /** @param told the line that says how many were lost */
  constructor(write: Write, told: (lost: number) => string) {
    this.#write = write;
    this.#told = told;
  }

  /** Adds a line, which is written later, or lost where nobody reads. */
  add(line: string): void {
    if (this.#waiting.length + line.length > BACKLOG) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) {
      this.#waiting += this.#told(this.#lost) + "\n";
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
        // Nobody is there to read it, and nowhere to say so.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, LAST_LINES);
    await Promise.race([this.#writing, late.promise]);
    clearTimeout(timer);
  }
}

function lostLines(count: number): LogRecord {
  const text = "lines of the log were lost, as nobody read them";
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

/** `2026-11-23T21:17:32.000Z info autoscaler: accepted message messageId=…`. */
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

/** The same as one JSON object. */
export function jsonLine(record: LogRecord): string {
  const head = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    part: record.category.slice(1).join("."),
    message: message(record),
  };
  // No property takes the place of these.
  return oneLine(JSON.stringify({ ...head, ...record.properties, ...head }));
}

/** Escapes what would forge a line of the log or command the terminal it is read on. */
function oneLine(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
