import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AnswerReader } from "../../../../src/process/http/answer.ts";

/** Reads an answer in pieces of these sizes, and then everything else. */
function read(text: string, sizes: readonly number[] = [], isClosed = false) {
  const bytes = new TextEncoder().encode(text);
  let body = "";
  const decoder = new TextDecoder();
  const reader = new AnswerReader((piece) => body += decoder.decode(piece, { stream: true }));
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    if (at < bytes.length) reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (isClosed) reader.end();
  return { status: reader.status, body, isDone: reader.isDone, isKept: reader.isKept };
}

const answer = (head: string, body: string) => `HTTP/1.1 200 OK\r\n${head}\r\n${body}`;

Deno.test("an answer ends after its length, its last chunk, or with the connection", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 10 });
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), sizes, (body, sizes) => {
      const { length } = new TextEncoder().encode(body);
      const whole = { status: 200, body, isDone: true };
      assertEquals(read(answer(`Content-Length: ${length}\r\n`, body), sizes), { ...whole, isKept: true });
      assertEquals(read(answer(`content-length: ${length}\r\nConnection: close\r\n`, body), sizes), {
        ...whole,
        isKept: false,
      });
      const chunk = `${length.toString(16)};x=y\r\n${body}\r\n`;
      const chunked = answer("Transfer-Encoding: chunked\r\n", `${chunk}${chunk}0\r\nTrailer: x\r\n\r\n`);
      assertEquals(read(chunked, sizes), { ...whole, body: body + body, isKept: true });
      assertEquals(read(answer("", body), sizes, true), { ...whole, isKept: false });
    }),
  );
});

Deno.test("an answer without a body ends after its head, and interim answers do not count", () => {
  assertEquals(read("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), {
    status: 204,
    body: "",
    isDone: true,
    isKept: true,
  });
  assertEquals(read("HTTP/1.0 200 OK\ncontent-length: 1\n\nx"), {
    status: 200,
    body: "x",
    isDone: true,
    isKept: false,
  });
});

Deno.test("a connection on which more than the answer arrives is not kept", () => {
  assertEquals(read(answer("content-length: 1\r\n", "xy")), {
    status: 200,
    body: "x",
    isDone: true,
    isKept: false,
  });
});

Deno.test("an answer that is not HTTP, too large, compressed or incomplete is an error", () => {
  const invalid: readonly [string, string][] = [
    ["SSH-2.0-OpenSSH_9.2\r\n", "invalid HTTP"],
    [answer("content-length: -1\r\n", ""), "content-length"],
    [answer("content-length: 1\r\ncontent-length: 2\r\n", ""), "content-length"],
    [answer("transfer-encoding: chunked\r\n", "xyz\r\n"), "a chunk has no size"],
    [answer("transfer-encoding: gzip\r\n", ""), "transfer-encoding gzip"],
    [answer("content-encoding: gzip\r\n", ""), "content-encoding gzip"],
    [answer(`x: ${"y".repeat(70_000)}\r\n`, ""), "the head is too large"],
    [answer("content-length: 5\r\n", "x"), "connection closed"],
    [answer("transfer-encoding: chunked\r\n", "5\r\nx"), "connection closed"],
    ["HTTP/1.1 200", "connection closed"],
  ];
  for (const [text, message] of invalid) assertThrows(() => read(text, [], true), Error, message);
});

Deno.test("the reader ends with an answer or an error, whatever arrives", () => {
  const piece = fc.constantFrom(
    "HTTP/1.1 200 OK\r\n",
    "\r\n",
    "content-length: 3\r\n",
    "a",
    ":",
    "5\r\n",
    "transfer-encoding: chunked\r\n",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    try {
      assertEquals(read(pieces.join(""), [1, 2, 3], true).isDone, true);
    } catch (error) {
      assertEquals((error as Error).constructor, Error);
    }
  }));
});
