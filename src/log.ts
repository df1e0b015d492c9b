/**
 * Logging: one line an event on stderr, as text or JSON, by LogTape. Parts ask for `getLogger(["kas", part])` of
 * `@logtape/logtape` and log a sentence with its properties; a secret is never among them.
 *
 * @module
 */
import { configure, type LogRecord } from "@logtape/logtape";

/** Sets the process up to log; to be called once, by the service's command. */
export async function setUpLog(form: "text" | "json"): Promise<void> {
  await configure({
    reset: true,
    sinks: { stderr: stderrSink(form === "json" ? jsonLine : textLine) },
    loggers: [
      { category: "kas", sinks: ["stderr"], lowestLevel: "info" },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
}

function stderrSink(format: (record: LogRecord) => string): (record: LogRecord) => void {
  const encoder = new TextEncoder();
  return (record) => {
    Deno.stderr.writeSync(encoder.encode(format(record) + "\n"));
  };
}

function message(record: LogRecord): string {
  return record.message.map((part) => (typeof part === "string" ? part : String(part))).join("");
}

/** `2026-11-23T21:17:32.000Z info autoscaler: accepted message messageId=…`. */
export function textLine(record: LogRecord): string {
  const properties = Object.entries(record.properties)
    .map(([name, value]) =>
      ` ${name}=${typeof value === "string" && /^\S+$/.test(value) ? value : JSON.stringify(value)}`
    );
  const head = `${new Date(record.timestamp).toISOString()} ${record.level} ${
    record.category.slice(1).join(".")
  }:`;
  // A newline in a value would forge a line of the log.
  return `${head} ${message(record)}${properties.join("")}`.replaceAll(/[\r\n]+/g, " ");
}

/** The same as one JSON object. */
export function jsonLine(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    part: record.category.slice(1).join("."),
    message: message(record),
    ...record.properties,
  });
}
