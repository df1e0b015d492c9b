import { assertEquals, assertMatch } from "@std/assert";
import type { LogRecord } from "@logtape/logtape";
import { jsonLine, LineWriter, textLine } from "../../../src/process/log.ts";

const RECORD: LogRecord = {
  category: ["kas", "inbox"],
  level: "warning",
  message: ["refused a message"],
  rawMessage: "refused a message",
  timestamp: Date.UTC(2026, 10, 24),
  properties: { status: 403, reason: "Signature: it does not match the message", messageId: "m-1" },
};

Deno.test("textLine() writes time, level, category, message and fields on one line", () => {
  assertEquals(
    textLine(RECORD),
    '2026-11-24T00:00:00.000Z warning inbox: refused a message status=403 reason="Signature: it does not match the message" messageId=m-1',
  );
});

Deno.test("jsonLine() writes a log record as one JSON object", () => {
  assertEquals(JSON.parse(jsonLine(RECORD)), {
    time: "2026-11-24T00:00:00.000Z",
    level: "warning",
    part: "inbox",
    message: "refused a message",
    status: 403,
    reason: "Signature: it does not match the message",
    messageId: "m-1",
  });
});

Deno.test("jsonLine() lets no field replace time, level, category or message", () => {
  const { time, level, message } = JSON.parse(
    jsonLine({ ...RECORD, properties: { time: "never", level: "info", message: "all is well" } }),
  );
  assertEquals([time, level, message], ["2026-11-24T00:00:00.000Z", "warning", "refused a message"]);
});

const HOSTILE: readonly [what: string, value: string][] = [
  ["a line of its own", "x\n2026-11-24T00:00:00.000Z info inbox: accepted a message"],
  ["a carriage return", "x\rinfo"],
  ["a terminal's command", "\x1b[2J\x9b2J\x07"],
  ["Unicode's line separators", "a\u2028b\u2029c\u0085d"],
];

for (const [what, value] of HOSTILE) {
  for (const [form, format] of [["text", textLine], ["json", jsonLine]] as const) {
    Deno.test(`a value with ${what} is written on one ${form} line without control characters`, () => {
      const line = format({ ...RECORD, message: [value], properties: { value } });
      assertMatch(line, /^[^\p{Cc}\u2028\u2029]+$/u);
      if (form === "json") assertEquals(JSON.parse(line).value, value);
    });
  }
}

const told = (lost: number) => `${lost} were lost`;

/** Someone who reads lines, but only from when they are told to. */
class Reader {
  readonly #told = Promise.withResolvers<void>();
  text = "";

  readonly write = async (bytes: Uint8Array): Promise<number> => {
    await this.#told.promise;
    // A write may be short.
    const part = bytes.subarray(0, 1_000_000);
    this.text += new TextDecoder().decode(part);
    return part.length;
  };

  read(): void {
    this.#told.resolve();
  }
}

Deno.test("LineWriter writes all lines in order before its disposal ends, even after partial writes", async () => {
  const slow = new Reader();
  const long = "x".repeat(500_000);
  {
    await using lines = new LineWriter(slow.write, told);
    lines.add("first");
    lines.add(long);
    lines.add(long);
    slow.read();
  }
  assertEquals(slow.text.length, 6 + 2 * 500_001);
  assertMatch(slow.text, /^first\nx+\nx+\n$/);
});

Deno.test("LineWriter never blocks: it buffers 1 MiB and reports the number of dropped lines", async () => {
  const stuck = new Reader();
  await using lines = new LineWriter(stuck.write, told);
  const line = "x".repeat(9_999);
  for (let n = 0; n < 200; n++) lines.add(line);
  stuck.read();
  await lines[Symbol.asyncDispose]();
  const written = stuck.text.trimEnd().split("\n").length;
  lines.add("after");
  await lines[Symbol.asyncDispose]();
  assertEquals(stuck.text.trimEnd().split("\n").slice(-2), [
    `${200 - written} were lost`,
    "after",
  ]);
});

Deno.test("LineWriter continues after a failed write", async () => {
  const written: string[] = [];
  let broken = true;
  await using lines = new LineWriter((bytes) => {
    if (broken) return Promise.reject(new Deno.errors.BrokenPipe("nobody reads"));
    written.push(new TextDecoder().decode(bytes));
    return Promise.resolve(bytes.length);
  }, told);
  lines.add("lost");
  await lines[Symbol.asyncDispose]();
  broken = false;
  lines.add("read");
  await lines[Symbol.asyncDispose]();
  assertEquals(written, ["read\n"]);
});
