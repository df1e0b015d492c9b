import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { execute, FROM_SOURCE, type Running, start } from "../../support/kas.ts";

/** Starts a worker process on a free port. Returns the process and the worker's URL. */
async function startWorker(...options: string[]): Promise<{ worker: Running; url: string }> {
  const worker = start([...FROM_SOURCE, "worker", "--listen", "127.0.0.1:0", ...options]);
  const [, url = ""] = await worker.line(/listening on (http:\/\/\S+)/);
  return { worker, url };
}

async function get(url: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.text() };
}

Deno.test("kas worker answers /ping immediately while every thread is busy and the queue is long", async () => {
  const { worker, url } = await startWorker("--threads", "1", "--work-ms", "30000", "--queue", "3");
  await using _worker = worker;
  const leave = new AbortController();
  const clients = [1, 2, 3, 4].map(() => fetch(`${url}/work`, { signal: leave.signal }).catch(() => {}));
  // When the worker has received the four requests, the queue is full for the fifth request.
  let full = await get(`${url}/work?probe`);
  assertEquals(full, { status: 503, body: "too many requests are waiting" });

  const pings: number[] = [];
  for (let n = 0; n < 20; n++) {
    const begin = performance.now();
    assertEquals(await get(`${url}/ping`), { status: 200, body: "pong" });
    pings.push(performance.now() - begin);
  }
  assertLess(pings.toSorted((a, b) => a - b)[10] ?? Infinity, 50);

  full = await get(`${url}/work`);
  assertEquals(full.status, 503);
  leave.abort();
  await Promise.all(clients);
});

Deno.test("kas worker gives the queue place of a client that disconnects to the next client", async () => {
  const { worker, url } = await startWorker("--threads", "1", "--work-ms", "1-30000", "--queue", "1000");
  await using _worker = worker;
  // Each request would use CPU for 15 s on average. The last request gets a thread in time only if the worker stops the jobs of the
  // clients that have disconnected.
  for (let n = 0; n < 5; n++) {
    const leave = new AbortController();
    const client = fetch(`${url}/work`, { signal: leave.signal }).catch(() => {});
    await get(`${url}/ping`);
    leave.abort();
    await client;
  }
  worker.kill("SIGTERM");
  assertEquals((await worker.status).code, 0);
});

Deno.test("kas worker finishes accepted requests at SIGTERM, accepts no new requests, and exits with status 0", async () => {
  const { worker, url } = await startWorker("--threads", "1", "--work-ms", "100");
  await using _worker = worker;
  const answers = Array.from({ length: 4 }, () => get(`${url}/work`));
  // The worker accepts requests in order. So when it answers this request, it has accepted the requests before it.
  await get(`${url}/ping`);
  worker.kill("SIGTERM");
  await worker.line(/draining/);
  const refused = await fetch(`${url}/ping`).then(() => false, () => true);
  assert(refused, "a connection was accepted after SIGTERM");
  for (const { status, body } of await Promise.all(answers)) {
    assertEquals(status, 200);
    assertMatch(body, /^-?\d+\t\d\.\d{6}$/);
  }
  assertEquals((await worker.status).code, 0);
});

Deno.test("kas worker exits within the time of --drain, even if requests are in progress", async () => {
  const { worker, url } = await startWorker("--threads", "1", "--work-ms", "30000", "--drain", "100ms");
  await using _worker = worker;
  const work = get(`${url}/work`).catch(() => {});
  await get(`${url}/ping`);
  const begin = performance.now();
  worker.kill("SIGTERM");
  assertEquals((await worker.status).code, 0);
  assertLess(performance.now() - begin, 5_000);
  assert(
    worker.lines.some((line) => line.includes("drain timeout reached")),
    worker.lines.join("\n"),
  );
  await work;
});

Deno.test("kas worker counts its requests and the machine's CPU time in /metrics after it has dropped its permissions", async () => {
  const { worker, url } = await startWorker("--threads", "1", "--work-ms", "1");
  await using _worker = worker;
  assertEquals((await get(`${url}/work`)).status, 200);
  const { status, body } = await get(`${url}/metrics`);
  assertEquals(status, 200);
  assertMatch(body, /^kas_worker_requests_total\{outcome="served"\} 1$/m);
  assertMatch(body, /^kas_worker_cpu_seconds_total\{cpu="(0|process)",mode="idle"\} \d/m);
});

Deno.test("kas worker prints an error if it cannot listen on its address", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using worker = start([...FROM_SOURCE, "worker", "--listen", `127.0.0.1:${taken.addr.port}`]);
  assertEquals((await worker.status).code, 1);
  assertMatch(worker.lines.join("\n"), /^kas: .*in use/m);
});

Deno.test("kas worker without a config file loads neither the AWS SDK nor zod nor other parts of kas", async () => {
  const root = new URL("../../../src/worker/command.ts", import.meta.url);
  const { code, stdout, stderr } = await execute([Deno.execPath(), "info", "--json", root.pathname]);
  assertEquals(code, 0, stderr);
  const loaded = loadedModules(JSON.parse(stdout).modules, root.href);
  assert(loaded.some((specifier) => specifier.endsWith("/src/worker/burn.ts")), loaded.join(" "));
  assertEquals(
    loaded.filter((specifier) =>
      /aws-sdk|smithy|zod|src\/(aws|admin|autoscaler|sandbox|sns)\//.test(specifier)
    ),
    [],
  );
});

/** A module in the output of `deno info`. */
interface InfoModule {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

/**
 * Returns the modules that a module loads, itself included. The settings load a schema only for a config file or for schedules, which the
 * worker does not have.
 */
function loadedModules(modules: readonly InfoModule[], root: string): string[] {
  const dependencies = new Map(modules.map(({ specifier, dependencies = [] }) => [specifier, dependencies]));
  const loaded = new Set([root]);
  for (const specifier of loaded) {
    for (const { code, isDynamic } of dependencies.get(specifier) ?? []) {
      const isSchema = isDynamic && specifier.includes("/src/settings/");
      if (code !== undefined && !isSchema) loaded.add(code.specifier);
    }
  }
  return [...loaded];
}
