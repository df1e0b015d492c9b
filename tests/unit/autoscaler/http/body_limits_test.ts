import { assertEquals, assertRejects } from "@std/assert";
import { BODY_LIMIT, BodyError, BodyReader } from "../../../../src/autoscaler/http/body_limits.ts";

const echo = (text: string) => Promise.resolve(text);
const post = (body: BodyInit) => new Request("http://localhost/", { method: "POST", body });

/** A body whose pieces the test sends. */
function slow() {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  return {
    request: post(readable),
    send: (size: number) => writer.write(new Uint8Array(size).fill(0x20)),
    end: () => writer.close(),
    /** Rejects once the reader has stopped. */
    closed: writer.closed,
  };
}

/** Returns the length of the text that the reader read, or the status and the reason of its refusal. */
function outcome(reading: Promise<string>): Promise<string> {
  return reading.then(
    ({ length }) => `${length}`,
    (error) => error instanceof BodyError ? `${error.status} ${error.why}` : `${error}`,
  );
}

Deno.test("BodyReader rejects the largest body if the total exceeds the limit, and still reads a small body", async () => {
  const bodies = new BodyReader({ total: 1_000 });
  const large = [400, 500].map((size) => {
    const body = slow();
    return { ...body, size, outcome: outcome(bodies.read(body.request, echo)) };
  });
  for (const { send, size } of large) await send(size);
  const small = outcome(bodies.read(post("x".repeat(200)), echo));
  assertEquals(await small, "200");
  assertEquals(await large[1]?.outcome, "503 body");
  await assertRejects(() => large[1]?.closed ?? Promise.resolve());
  await large[0]?.end();
  assertEquals(await large[0]?.outcome, "400");
  // No body is open any more.
  assertEquals(await outcome(bodies.read(post("x".repeat(1_000)), echo)), "1000");
});

Deno.test("BodyReader counts a body until the caller has finished using the body", async () => {
  const bodies = new BodyReader({ total: 1_000 });
  const read = Promise.withResolvers<void>();
  const verified = Promise.withResolvers<string>();
  const first = bodies.read(post("x".repeat(600)), () => {
    read.resolve();
    return verified.promise;
  });
  await read.promise;
  assertEquals(await outcome(bodies.read(post("x".repeat(600)), echo)), "503 body");
  verified.resolve("");
  await first;
  assertEquals(await outcome(bodies.read(post("x".repeat(600)), echo)), "600");
});

Deno.test("BodyReader rejects a large body if there are too many large bodies, and reads a small body", async () => {
  const bodies = new BodyReader({ large: 1 });
  const verified = Promise.withResolvers<string>();
  const reading = Promise.withResolvers<void>();
  const first = bodies.read(post("x".repeat(100_000)), () => {
    reading.resolve();
    return verified.promise;
  });
  await reading.promise;
  assertEquals(await outcome(bodies.read(post("x".repeat(100_000)), echo)), "503 body");
  assertEquals(await outcome(bodies.read(post("x".repeat(5_000)), echo)), "5000");
  verified.resolve("");
  await first;
  assertEquals(await outcome(bodies.read(post("x".repeat(100_000)), echo)), "100000");
});

Deno.test("BodyReader reads no header, because Deno then copies all headers, and a client may send 400 KB", async () => {
  const request = post("x");
  Object.defineProperty(request, "headers", {
    get: () => {
      throw new Error("a header was read");
    },
  });
  assertEquals(await outcome(new BodyReader().read(request, echo)), "1");
});

Deno.test("if there are too many bodies, BodyReader rejects the body that it has been reading for the longest time", async () => {
  const bodies = new BodyReader({ count: 2 });
  const open = [slow(), slow()].map((body) => ({
    ...body,
    outcome: outcome(bodies.read(body.request, echo)),
  }));
  for (const { send } of open) await send(10);
  assertEquals(await outcome(bodies.read(post("x"), echo)), "1");
  assertEquals(await open[0]?.outcome, "503 body");
  await open[1]?.end();
  assertEquals(await open[1]?.outcome, "10");
});

const TEXTS: readonly [what: string, body: BodyInit, outcome: string][] = [
  ["a body of the limit", "x".repeat(BODY_LIMIT), String(BODY_LIMIT)],
  ["one byte more", "x".repeat(BODY_LIMIT + 1), "413 size"],
  ["no body", "", "0"],
  ["a byte order mark", new Uint8Array([0xef, 0xbb, 0xbf, 0x7b]), "1"],
  ["a byte that is not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "400 form"],
  ["an overlong slash", new Uint8Array([0xc0, 0xaf]), "400 form"],
  ["a surrogate", new Uint8Array([0xed, 0xa0, 0x80]), "400 form"],
  ["half a character at its end", new Uint8Array([0x22, 0xe2, 0x82]), "400 form"],
];
for (const [what, body, expected] of TEXTS) {
  Deno.test(`BodyReader reads ${what}: ${expected}`, async () => {
    assertEquals(await outcome(new BodyReader().read(post(body), echo)), expected);
  });
}

Deno.test("BodyReader joins a character whose bytes arrive in two pieces", async () => {
  const bytes = new TextEncoder().encode("€");
  const body = ReadableStream.from([bytes.slice(0, 1), bytes.slice(1)]);
  assertEquals(await new BodyReader().read(post(body), echo), "€");
});

Deno.test("BodyReader answers 503 to an incomplete body, so that SNS retries", async () => {
  const body = new ReadableStream({ start: (controller) => controller.error(new TypeError("reset")) });
  assertEquals(await outcome(new BodyReader().read(post(body), echo)), "503 body");
});
