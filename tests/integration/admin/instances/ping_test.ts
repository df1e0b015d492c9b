import { assertEquals, assertMatch } from "@std/assert";
import { BASE, fleet, NOBODY, NODE } from "../../../unit/admin/fleet.ts";

function serve(handler: Deno.ServeHandler): { readonly host: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return { host: `127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** An address at which no server listens. */
function closedHost(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `127.0.0.1:${listener.addr.port}`;
}

Deno.test("ping makes the load balancer's health check of every running instance", async () => {
  await using f = await fleet();
  const { status, out, err } = await f.kas("ping");
  assertEquals([status, err], [0, ""]);
  const [header = "", line = "", rest] = out.split("\n");
  assertEquals(header, "target\tservice\turl\tstatus\tms");
  const [target, service, url = "", code, ms = ""] = line.split("\t");
  assertEquals([target, service, code, rest], [BASE, "service", "200", ""]);
  assertMatch(url, /^http:\/\/127\.77\.\d+\.\d+:30000\/ping$/);
  assertMatch(ms, /^\d+$/);
});

Deno.test("ping exits with status 1 if a service fails, and prints the name of the service", async () => {
  await using f = await fleet();
  f.machines.broken.add(BASE);
  const broken = await f.kas(`ping ${BASE} ${NODE}`);
  assertEquals(broken.status, 1);
  assertMatch(broken.err, new RegExp(`^kas: .*${BASE}.* 500\nkas: .*${NODE}.* stopped\n$`));
  assertEquals((await f.kas(`ping ${NOBODY}`)).status, 4);
  assertEquals((await f.kas(`ping ${BASE} ${NOBODY}`)).status, 1);
});

Deno.test("ping sends a request to the autoscaler of a control instance, and makes no check of it while it serves no requests", async () => {
  await using f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1 --role control");
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  const { status, out } = await f.kas("ping");
  const services = out.trimEnd().split("\n").slice(1).map((line) => line.split("\t"));
  assertEquals(services.map((fields) => fields[1]), ["autoscaler"]);
  assertMatch(services[0]?.[2] ?? "", /:10000\/ping$/);
  assertEquals([status, services[0]?.[3]], [1, "refused"]);

  // An autoscaler that polls opens no port for other hosts.
  const polls = await f.kas("ping --pull");
  assertEquals([polls.status, polls.out.trimEnd().split("\n")[1]?.split("\t")[3]], [0, "no-check"]);
});

Deno.test("ping of kas's own services at a host and port makes no call to AWS", async () => {
  await using f = await fleet();
  await using pong = serve(() => new Response("pong"));
  await using other = serve(() => new Response("<html>"));
  const closed = closedHost();
  const calls = f.sandbox.calls.length;
  const { status, out } = await f.kas(
    `ping ${pong.host} ${other.host} ${closed} --url http://${pong.host}/x`,
  );
  assertEquals(out.trimEnd().split("\n").slice(1).map((line) => line.split("\t").slice(0, 4)), [
    [pong.host, "kas", `http://${pong.host}/ping`, "200"],
    [other.host, "kas", `http://${other.host}/ping`, "not-pong"],
    [closed, "kas", `http://${closed}/ping`, "refused"],
    [pong.host, "autoscaler", `http://${pong.host}/ping`, "200"],
  ]);
  assertEquals(status, 1);
  assertEquals(f.sandbox.calls.length, calls);
});

Deno.test("ping waits for a response at most as long as --timeout", async () => {
  await using f = await fleet();
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using silent = serve(() => promise);
  const { status, out } = await f.kas(`ping ${silent.host} --timeout 20ms`);
  assertEquals([status, out.split("\n")[1]?.split("\t")[3]], [1, "timeout"]);
  resolve(new Response());
});

Deno.test("ping makes the check of --health-check at each instance and host", async () => {
  await using f = await fleet();
  await using service = serve(({ url }) =>
    new Response(null, { status: new URL(url).pathname === "/healthz" ? 204 : 404 })
  );
  const [host, port] = service.host.split(":");
  const found = async (words: string) => {
    const { status, out } = await f.kas(`ping ${host} ${words}`);
    return [status, ...(out.split("\n")[1] ?? "").split("\t").slice(1, 4)];
  };
  const at = (protocol: string, path = "") => `${protocol}://${host}:${port}${path}`;
  assertEquals(await found(`--health-check http:${port}/healthz`), [
    0,
    "service",
    at("http", "/healthz"),
    "204",
  ]);
  assertEquals(await found(`--health-check http:${port}/other`), [1, "service", at("http", "/other"), "404"]);
  assertEquals(await found(`--health-check tcp:${port}`), [0, "service", at("tcp"), "open"]);
  assertEquals(await found(`--health-check https:${port}/healthz`), [
    1,
    "service",
    at("https", "/healthz"),
    "broken",
  ]);
  assertEquals(await found("--health-check none"), [0, "service", "-", "no-check"]);
});
