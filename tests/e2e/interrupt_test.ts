import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { FROM_SOURCE, type Running, start } from "../support/kas.ts";
import { FAST } from "./contract/backends.ts";

const [BASE, NODE, OTHER] = ["i-00000000000000001", "i-00000000000000002", "i-00000000000000003"] as const;

/** A proxy to the sandbox that never answers one action. `held` resolves once it receives that action. */
function holding(sandbox: Sandbox, action: string) {
  const held = Promise.withResolvers<void>();
  const closed = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: closed.signal, onListen: () => {} },
    async (request) => {
      const body = await request.bytes();
      const { method, headers } = request;
      if (`${headers.get("x-amz-target")} ${new TextDecoder().decode(body)}`.includes(action)) {
        held.resolve();
        return await new Promise<Response>(() => {});
      }
      return await fetch(sandbox.url, { method, headers, body });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    held: held.promise,
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await server.finished;
    },
  };
}

/** Interrupts a process. Returns its exit status and its output. */
async function interrupted(running: Running): Promise<{ code: number; said: string }> {
  running.kill("SIGINT");
  const { code } = await running.status;
  return { code, said: running.lines.join("\n") };
}

/** A command, the AWS call during which the test sends Ctrl-C, and the remaining work that the command then prints. */
const CASES: [words: string, action: string, left: RegExp][] = [
  [
    "setup",
    "PutMetricAlarm",
    /kas:cpuhigh:/,
  ],
  [
    "teardown --yes",
    "DeleteTopic",
    /topic kas, instance .*, balancer kas/,
  ],
  ["scale out", "StartInstances", new RegExp(`start ${NODE}`)],
  [
    `instances start ${NODE} ${OTHER}`,
    "StartInstances",
    new RegExp(`${NODE}, ${OTHER}`),
  ],
  [
    `instances terminate ${NODE} ${OTHER} --yes`,
    "TerminateInstances",
    new RegExp(`${NODE}, ${OTHER}`),
  ],
  [
    `instances stop ${BASE} --force`,
    "StopInstances",
    new RegExp(BASE),
  ],
  [
    "alarms set --all",
    "PutMetricAlarm",
    new RegExp(`${BASE}, ${NODE}, ${OTHER}`),
  ],
];

for (const [words, action, left] of CASES) {
  Deno.test(`Ctrl-C ends kas admin ${words} with status 130, and kas prints what is not completed`, async () => {
    await using sandbox = await startSandbox({ ...FAST, nodes: 2 });
    await using between = holding(
      sandbox,
      `Action=${action}&`.replace("Action=PutMetricAlarm&", "PutMetricAlarm"),
    );
    await using kas = start([...FROM_SOURCE, "admin", ...words.split(" ")], {
      ...sandbox.env,
      AWS_ENDPOINT_URL: between.url,
    });
    await between.held;
    const ended = await interrupted(kas);
    assertMatch(ended.said, new RegExp(`kas: Interrupted.*: .*${left.source}`));
    assertMatch(ended.said, /^kas: Interrupted$/m);
    assertEquals(ended.code, 130);
  });
}

Deno.test("Ctrl-C ends kas admin load with the results so far, and kas admin ping with status 130", async () => {
  const asked = Promise.withResolvers<void>();
  const pinged = Promise.withResolvers<void>();
  let answered = 0;
  const closed = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: closed.signal, onListen: () => {} },
    (request) => {
      if (new URL(request.url).pathname === "/work") {
        if (++answered > 2) asked.resolve();
        return new Response("1\t0.1\n");
      }
      pinged.resolve();
      return new Promise<Response>(() => {});
    },
  );
  const host = `127.0.0.1:${server.addr.port}`;
  try {
    await using load = start([
      ...FROM_SOURCE,
      ..."admin load --think 1ms --duration 10m --url".split(" "),
      `http://${host}/work`,
    ]);
    await asked.promise;
    const row = await interrupted(load);
    assertMatch(row.said, /^step\tclients\trequests\t.*\n1\t1\t[1-9]\d*\t0\t/);
    assertEquals(row.code, 0);

    await using ping = start([...FROM_SOURCE, ..."admin ping --timeout 10m".split(" "), host]);
    await pinged.promise;
    assertEquals((await interrupted(ping)).code, 130);
  } finally {
    closed.abort();
    await server.finished;
  }
});

Deno.test("Ctrl-C during the scenario of the sandbox ends the scenario, the workers and the autoscaler", async () => {
  const words = "admin sandbox --scenario nine-steps --speed 60 --port 0 --balancer-port 0".split(" ");
  await using kas = start([...FROM_SOURCE, ...words]);
  await kas.line(/^1\t|^STEP|^step/);
  const { code } = await interrupted(kas);
  assertEquals(code, 130);
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "ppid"], stdout: "piped" }).output();
  const parents = new TextDecoder().decode(stdout).split("\n").map(Number);
  assert(!parents.includes(kas.pid), "a child process is left");
});

Deno.test("a second Ctrl-C ends a draining worker immediately", async () => {
  await using worker = start([
    ...FROM_SOURCE,
    ..."worker --listen 127.0.0.1:0 --threads 1 --queue 0 --work-ms 600000 --drain 600s".split(" "),
  ]);
  const [, url = ""] = await worker.line(/listening on (http:\/\/[^\s"]+)/);
  // The worker has no queue, so it accepts one request and refuses the other.
  const works = [1, 2].map(() => fetch(`${url}/work`).catch(() => undefined));
  assertEquals((await Promise.race(works))?.status, 503);
  worker.kill("SIGINT");
  await worker.line(/draining/);
  worker.kill("SIGINT");
  assertEquals((await worker.status).code, 130);
  for (const response of await Promise.all(works)) await response?.body?.cancel();
});
