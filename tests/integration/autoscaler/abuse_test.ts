/**
 * Abuse of connections, with real sockets. The autoscaler still accepts a genuine message at once, and releases all resources
 * afterwards (R12, R14).
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startSandbox } from "../../../src/sandbox/sandbox.ts";
import { eventually, FROM_SOURCE, start } from "../../support/kas.ts";
import { type Need, program, testWith } from "../../support/needs.ts";
import { machines, stage } from "../../unit/autoscaler/fixtures.ts";
import { startProcess } from "../../unit/autoscaler/process.ts";

/** The largest body that the autoscaler accepts, in bytes. */
const LIMIT = 640 * 1024;

/** The longest time from the publication of a message until the autoscaler has accepted it, in ms. Usually it is about 100 ms. */
const SOON = 3_000;

const bytes = (text: string) => new TextEncoder().encode(text);
const head = (length: number) => `POST / HTTP/1.1\r\nHost: kas\r\nContent-Length: ${length}\r\n\r\n`;
const procfs = () => ({ what: "needs /proc", met: Deno.build.os === "linux" });

/** Connections of an attacker. Their disposal closes those that are still open. */
class Crowd implements AsyncDisposable {
  readonly #port: number;
  readonly conns: Deno.TcpConn[] = [];
  readonly #reading: Promise<string>[] = [];

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  /** Opens a number of connections, and sends the same bytes on each. */
  async open(count: number, first = ""): Promise<void> {
    for (let n = 0; n < count; n++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      this.conns.push(conn);
      if (first !== "") await conn.write(bytes(first));
    }
  }

  /** Sends bytes on all connections. */
  async send(piece: Uint8Array): Promise<void> {
    await Promise.all(this.conns.map(async (conn) => {
      try {
        for (let at = 0; at < piece.length;) at += await conn.write(piece.subarray(at));
      } catch {
        // The server has closed this connection.
      }
    }));
  }

  /** Returns the beginning of the answer on each connection. "" if the server closes the connection without an answer. */
  answers(): readonly Promise<string>[] {
    const read = async (conn: Deno.TcpConn) => {
      const buffer = new Uint8Array(4_096);
      try {
        const n = await conn.read(buffer);
        return new TextDecoder().decode(buffer.subarray(0, n ?? 0));
      } catch {
        return "";
      }
    };
    this.#reading.push(...this.conns.map(read));
    return this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const conn of this.conns) conn.close();
    await Promise.all(this.#reading);
  }
}

/**
 * Returns the number of connections that the server has not closed, including connections that the client has closed
 * (proc(5)).
 */
function held(url: string): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, "0");
  const line = new RegExp(`^ *\\d+: [0-9A-F]{8}:${port} [0-9A-F:]{13} (?:01|08) `);
  return Deno.readTextFileSync("/proc/net/tcp").split("\n").filter((it) => line.test(it)).length;
}

/** A subscribed autoscaler, and a function that makes its topic send a message. */
async function subscribed() {
  await using stack = new AsyncDisposableStack();
  const set = stack.use(await stage());
  const autoscaler = await set.start();
  await set.subscribe(autoscaler);
  const counted = async () => (await (await fetch(`${autoscaler.url}/status`)).json()).messages.accepted;
  const owned = stack.move();
  return {
    url: autoscaler.url,
    /** Makes SNS send a signed message. Returns the time until the autoscaler has accepted it, in ms. */
    notify: async () => {
      const before = await counted();
      const began = performance.now();
      await set.publish("Is anybody there?");
      await eventually(counted, (accepted) => accepted > before);
      return performance.now() - began;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const ABUSES: readonly [what: string, abuse: (crowd: Crowd) => Promise<void>, need?: Need][] = [
  ["1,000 idle connections", (crowd) => crowd.open(1_000)],
  ["200 connections that send their headers byte by byte", async (crowd) => {
    await crowd.open(200, "POST / HTTP/1.1\r\n");
    for (const byte of "Host: kas\r\nX-Slow: ") await crowd.send(bytes(byte));
  }],
  ["200 connections that send their bodies byte by byte", async (crowd) => {
    await crowd.open(200, head(LIMIT));
    for (const byte of '{"Type":"Notification"') await crowd.send(bytes(byte));
  }],
  ["200 connections that send the length of a chunk but no chunk", async (crowd) => {
    await crowd.open(200, "POST / HTTP/1.1\r\nHost: kas\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{");
  }],
  ["200 connections that send half a message and close", async (crowd) => {
    await crowd.open(200, `${head(2_000)}{"Type":"Notification",`);
    for (const conn of crowd.conns.splice(0)) conn.close();
  }],
  ["50 connections that send many requests and read no response", async (crowd) => {
    await crowd.open(50, "GET /status HTTP/1.1\r\nHost: kas\r\n\r\n".repeat(50));
  }, {
    what: "when Deno 2.7's server stops, it waits for such connections without end",
    met: !Deno.version.deno.startsWith("2.7."),
  }],
];

for (const [what, abuse, need = procfs()] of ABUSES) {
  testWith(
    [procfs(), need],
    `the autoscaler accepts a genuine message immediately despite ${what}, and leaks no connection`,
    async () => {
      await using service = await subscribed();
      await service.notify();
      const before = held(service.url);
      {
        await using crowd = new Crowd(service.url);
        await abuse(crowd);
        const ms = await service.notify();
        assert(ms < SOON, `it took ${ms} ms`);
      }
      // The sandbox keeps one connection open for messages, and this test keeps one open.
      await eventually(() => held(service.url), (now) => now <= before + 2);
    },
  );
}

Deno.test("the autoscaler answers pipelined requests on one connection in order", async () => {
  await using service = await subscribed();
  await using crowd = new Crowd(service.url);
  const requests = ["", "{", "x".repeat(10)].map((body) => `${head(body.length)}${body}`).join("");
  await crowd.open(1, `${requests}GET /ping HTTP/1.1\r\nHost: kas\r\nConnection: close\r\n\r\n`);
  const buffer = new Uint8Array(65_536);
  let text = "";
  const [conn] = crowd.conns;
  for (let n = await conn?.read(buffer) ?? null; n !== null; n = await conn?.read(buffer) ?? null) {
    text += new TextDecoder().decode(buffer.subarray(0, n));
  }
  assertEquals([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status), [
    "400",
    "400",
    "400",
    "200",
  ]);
});

/** Returns the resident memory of a process, in MiB (proc(5)). */
function memory(pid: number): number {
  const [, pages] = Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ");
  return Number(pages) * 4_096 / 2 ** 20;
}

testWith(
  [procfs()],
  "the autoscaler needs little memory for 300 concurrent bodies of 600 KB, or for 1,000 small bodies",
  async () => {
    await using set = await stage();
    await using autoscaler = await startProcess(set);
    await (await fetch(`${autoscaler.url}/ping`)).text();
    const before = memory(autoscaler.pid);
    for (const [count, size] of [[300, 600_000], [1_000, 6_000]] as const) {
      await using crowd = new Crowd(autoscaler.url);
      await crowd.open(count, head(size));
      crowd.answers();
      await crowd.send(new Uint8Array(size - 1).fill(0x20));
      assertEquals(await (await fetch(`${autoscaler.url}/ping`)).text(), "pong");
    }
    const grown = Math.round(memory(autoscaler.pid) - before);
    assert(grown < 150, `it grew by ${grown} MiB from ${Math.round(before)} MiB`);
  },
);

Deno.test("of 200 concurrent large bodies the autoscaler keeps only some in memory, and still accepts a genuine message", async () => {
  await using service = await subscribed();
  await service.notify();
  await using crowd = new Crowd(service.url);
  await crowd.open(200, head(LIMIT));
  let answered: string[] = [];
  for (const answer of crowd.answers()) {
    answer.then((text) => answered = [...answered, text]);
  }
  // Send all bytes except for the last byte of each body: 125 MiB in total. The autoscaler keeps only four bodies in memory.
  await crowd.send(new Uint8Array(LIMIT - 1).fill(0x20));
  const ms = await service.notify();
  assert(ms < SOON, `it took ${ms} ms`);
  await eventually(() => answered.length, (count) => count >= 196);
  const refusal = /^HTTP\/1\.1 503 [^]*too many bodies at once$/;
  for (const answer of answered.filter((it) => it !== "")) assertMatch(answer, refusal);
});

testWith(
  [program("prlimit"), procfs()],
  "an autoscaler that ran out of file descriptors accepts connections again after clients close theirs",
  async () => {
    await using sandbox = await startSandbox({
      kind: true,
      nodes: 1,
      speed: 40,
      balancerPort: 0,
      machine: machines(),
    });
    const state = await Deno.makeTempDir();
    try {
      const limited = ["prlimit", "--nofile=256:256", ...FROM_SOURCE];
      const words = [...limited, "autoscaler", "--listen", "127.0.0.1:0", "--state", state];
      await using autoscaler = start(words, sandbox.env);
      const [, url = ""] = await autoscaler.line(/listening on (http:\/\/[^\s"]+)/);
      {
        await using crowd = new Crowd(url);
        // Without free file descriptors, the autoscaler refuses further connections, or makes them wait.
        await crowd.open(400).catch(() => {});
        const failed = () => autoscaler.lines.some((line) => line.includes("accepting a connection failed"));
        const full = () => [...Deno.readDirSync(`/proc/${autoscaler.pid}/fd`)].length >= 255;
        await eventually(() => failed() || full(), (reached) => reached);
      }
      // Deno.serve fails only when the connections have ended.
      await autoscaler.line(/accepting a connection failed/);
      const answer = await eventually(
        () => fetch(`${url}/ping`).then((response) => response.text(), String),
        (text) => text === "pong",
      );
      assertEquals(answer, "pong");
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  },
);
