import { assertEquals, assertMatch } from "@std/assert";
import { eventually, execute, FROM_SOURCE, type Running, start } from "../support/kas.ts";
import { installed, type Need, program, testWith } from "../support/needs.ts";
import { OLDEST, OLDEST_NEED } from "./nginx/oldest.ts";
import { freePort, type Nginx, type NginxOptions, startNginx as startVersion } from "./nginx/server.ts";

/** Starts one of the versions of nginx. */
type Start = (options?: NginxOptions) => Promise<Nginx>;

/** Registers a test for each version of nginx that the configuration supports. */
function testNginx(needs: readonly Need[], name: string, fn: (startNginx: Start) => Promise<void>): void {
  const own = { path: installed("nginx")[0] ?? "nginx", env: {} };
  testWith([program("nginx"), ...needs], name, () => fn((options) => startVersion(own, options)));
  testWith(
    [OLDEST_NEED, ...needs],
    `${name} (1.18)`,
    () => fn((options) => startVersion(OLDEST, options)),
  );
}

/** Sends a request. Returns the status and the text of the answer. */
async function ask(
  url: string,
  init: RequestInit & { client?: Deno.HttpClient } = {},
): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

/** A server behind nginx that counts its connections. */
function upstream(respond: (request: Request) => Response | Promise<Response>) {
  const clients = new Set<number>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, { remoteAddr }) => {
      clients.add(remoteAddr.port);
      return respond(request);
    },
  );
  return { port: server.addr.port, clients, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Starts a worker on a port. Resolves once it listens. */
async function worker(port: number): Promise<Running> {
  const running = start([
    ...FROM_SOURCE,
    "worker",
    "--listen",
    `127.0.0.1:${port}`,
    "--threads",
    "1",
    "--work-ms",
    "20",
  ]);
  await running.line(/listening on/);
  return running;
}

testNginx(
  [],
  "nginx forwards only POST / and GET /ping to the autoscaler",
  async (startNginx) => {
    await using behind = upstream(async (request) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${(await request.text()).length}`)
    );
    await using nginx = await startNginx({ autoscaler: behind.port });
    const at = (path: string, init?: RequestInit) => ask(`${nginx.autoscaler}${path}`, init);
    assertEquals(await at("/", { method: "POST", body: "x".repeat(640 * 1024) }), [
      200,
      `POST / ${640 * 1024}`,
    ]);
    assertEquals(await at("/ping"), [200, "GET /ping 0"]);
    const refused: [string, RequestInit | undefined, number][] = [
      ["/", { method: "POST", body: "x".repeat(640 * 1024 + 1) }, 413],
      ["/", undefined, 405],
      ["/", { method: "PUT", body: "x" }, 405],
      ["/ping", { method: "POST", body: "x" }, 405],
      ["/status", undefined, 404],
      ["/activities", undefined, 404],
      ["/metrics", undefined, 404],
      ["/ping/..%2fstatus", undefined, 404],
      ["//status", undefined, 404],
    ];
    for (const [path, init, status] of refused) {
      const [got, text] = await at(path, init);
      assertEquals([path, init?.method, got], [path, init?.method, status]);
      assertEquals(/nginx\/\d/.test(text), false, "nginx shows its version");
    }
  },
);

testNginx([], "nginx reuses its connections to the worker", async (startNginx) => {
  await using behind = upstream(() => new Response("pong"));
  await using nginx = await startNginx({ worker: behind.port });
  for (let n = 0; n < 50; n++) assertEquals(await ask(`${nginx.worker}/ping`), [200, "pong"]);
  // nginx has two worker processes, and each has its own connection.
  assertEquals(behind.clients.size <= 3, true, `${behind.clients.size} connections for 50 requests`);
});

testNginx(
  [],
  "nginx logs the client address from a configured load balancer, and does not log /ping",
  async (startNginx) => {
    await using behind = upstream(() => new Response("ok"));
    await using nginx = await startNginx({ worker: behind.port, balancer: "127.0.0.1" });
    // The load balancer appends the client's address to the header that the client sent.
    const headers = { "x-forwarded-for": "198.51.100.1, 203.0.113.7" };
    await ask(`${nginx.worker}/ping`, { headers });
    await ask(`${nginx.worker}/work?n=1`, { headers });
    const log = await eventually(() => nginx.log("worker"), (text) => text.includes("/work"));
    assertMatch(log, /^203\.0\.113\.7 \[\S+\] "GET \/work\?n=1 HTTP\/1\.1" 200 /m);
    assertEquals(log.includes("/ping"), false);
  },
);

testNginx(
  [],
  "nginx ignores X-Forwarded-For from unknown addresses, so that clients cannot evade the connection limit",
  async (startNginx) => {
    const answer = Promise.withResolvers<void>();
    let arrived = 0;
    await using behind = upstream(async ({ method }) => {
      if (method === "GET") return new Response("ok");
      arrived++;
      await answer.promise;
      return new Response("ok");
    });
    await using nginx = await startNginx({ autoscaler: behind.port, worker: behind.port });
    const post = async (n: number) => {
      const headers = { "x-forwarded-for": `198.51.100.${n}, 10.0.0.${n}` };
      return (await ask(nginx.autoscaler, { method: "POST", body: "x", headers }))[0];
    };
    const first = Array.from({ length: 100 }, (_, n) => post(n));
    await eventually(() => arrived, (count) => count === 100);
    // The server behind nginx gives no answer before the deadline.
    const deadline = Promise.withResolvers<string>();
    const timer = setTimeout(() => deadline.resolve("passed on"), 3_000);
    const more = await Promise.race([Promise.all([post(100), post(101), post(102)]), deadline.promise]);
    clearTimeout(timer);
    answer.resolve();
    assertEquals(more, [503, 503, 503]);
    assertEquals(new Set(await Promise.all(first)), new Set([200]));
    await ask(`${nginx.worker}/work`, { headers: { "x-forwarded-for": '203.0.113.7" 200' } });
    const log = await eventually(() => nginx.log("worker"), (text) => text.includes("/work"));
    assertMatch(log, /^127\.0\.0\.1 \[.* forwarded "203\.0\.113\.7\\x22 200"$/m);
  },
);

testNginx(
  [],
  "nginx shows a worker's metrics to private addresses, and to no client of a load balancer",
  async (startNginx) => {
    await using behind = upstream(({ url }) => new Response(new URL(url).pathname));
    await using nginx = await startNginx({ worker: behind.port });
    const at = `${nginx.worker}/metrics`;
    assertEquals(await ask(at), [200, "/metrics"]);
    assertEquals((await ask(at, { headers: { "x-forwarded-for": "10.0.0.7" } }))[0], 404);
    await using balanced = await startNginx({ worker: behind.port, balancer: "127.0.0.1" });
    assertEquals(
      (await ask(`${balanced.worker}/metrics`, { headers: { "x-forwarded-for": "203.0.113.7" } }))[0],
      404,
    );
  },
);

Deno.test("the nginx configuration denies a worker's metrics to public addresses", async () => {
  const text = await Deno.readTextFile(new URL("../../nginx/kas-worker.conf", import.meta.url));
  const [, location = ""] = /location = \/metrics \{(.*?)\n {4}\}/s.exec(text) ?? [];
  const rules = Array.from(
    location.matchAll(/^\s*(allow|deny) (.*);$/gm),
    ([, rule, whom]) => `${rule} ${whom}`,
  );
  assertEquals(rules.at(-1), "deny all");
  assertEquals(
    rules.slice(0, -1).every((rule) => /^allow (127|10|100\.64|172\.16|192\.168)\./.test(rule)),
    true,
  );
});

testNginx([], "nginx waits for a response to /work that takes 6 s", async (startNginx) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using behind = upstream(({ url }) => {
    if (new URL(url).pathname !== "/work") return new Response("ok");
    asked.resolve();
    return answer.promise;
  });
  await using nginx = await startNginx({ worker: behind.port });
  const work = ask(`${nginx.worker}/work`);
  await asked.promise;
  // 6 s is longer than nginx's time limit for /ping.
  const timer = setTimeout(() => answer.resolve(new Response("1\t0.5")), 6_000);
  assertEquals(await work.finally(() => clearTimeout(timer)), [200, "1\t0.5"]);
});

testNginx(
  [],
  "a worker restarts behind nginx without a failed request, because the standby worker answers",
  async (startNginx) => {
    const [main, standby] = [freePort(), freePort()];
    const first = await worker(main);
    await using stack = new AsyncDisposableStack();
    stack.use(first);
    await using nginx = await startNginx({ worker: main, standby });

    const statuses = new Map<string, number>();
    let hammering = true;
    const hammer = async (path: string) => {
      while (hammering) {
        const status = await ask(`${nginx.worker}${path}`).then(
          ([status]) => `${path} ${status}`,
          (error) => `${error}`,
        );
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const clients = [..."123456"].map((n) => hammer(Number(n) > 2 ? "/ping" : "/work"));
    const answered = (more: number) => {
      const goal = [...statuses.values()].reduce((sum, n) => sum + n, 0) + more;
      return eventually(() => [...statuses.values()].reduce((sum, n) => sum + n, 0), (n) => n >= goal);
    };
    await answered(50);
    const second = stack.use(await worker(standby));
    first.kill("SIGTERM");
    assertEquals((await first.status).code, 0);
    await answered(50);
    stack.use(await worker(main));
    second.kill("SIGTERM");
    assertEquals((await second.status).code, 0);
    await answered(50);
    hammering = false;
    await Promise.all(clients);
    assertEquals([...statuses.keys()].sort(), ["/ping 200", "/work 200"]);
  },
);

testNginx(
  [program("openssl")],
  "nginx forwards only POST / and GET /ping over TLS, and uses the given certificate",
  async (startNginx) => {
    const folder = await Deno.makeTempDir();
    try {
      const words =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE " +
        `-keyout ${folder}/key.pem -out ${folder}/certificate.pem`;
      const { code, stderr } = await execute(words.split(" "));
      assertEquals(code, 0, stderr);
      const [certificate, key] = await Promise.all(
        ["certificate", "key"].map((name) => Deno.readTextFile(`${folder}/${name}.pem`)),
      );
      await using behind = upstream(() => new Response("accepted"));
      await using nginx = await startNginx({
        autoscaler: behind.port,
        tls: { certificate: certificate ?? "", key: key ?? "" },
      });
      using client = Deno.createHttpClient({ caCerts: [certificate ?? ""] });
      assertEquals(await ask(nginx.tls, { method: "POST", body: "x", client }), [200, "accepted"]);
      assertEquals((await ask(`${nginx.tls}/status`, { client }))[0], 404);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("the nginx configuration trusts X-Forwarded-For only from configured addresses", async () => {
  for (const door of ["autoscaler", "worker"]) {
    const text = await Deno.readTextFile(new URL(`../../nginx/kas-${door}.conf`, import.meta.url));
    const directives = text.split("\n").map((line) => line.trim()).filter((line) => !line.startsWith("#"));
    assertEquals(directives.filter((line) => line.startsWith("set_real_ip_from")), []);
    assertEquals(directives.filter((line) => line === `include kas-${door}/*.conf;`).length, 1);
  }
});
