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

Deno.test("ping sends a request to the worker of every running instance", async () => {
  await using f = await fleet();
  const { status, out, err } = await f.kas("ping");
  assertEquals([status, err], [0, ""]);
  const [header = "", line = "", rest] = out.split("\n");
  assertEquals(header, "target\tservice\turl\tstatus\tms");
  const [target, service, url = "", code, ms = ""] = line.split("\t");
  assertEquals([target, service, code, rest], [BASE, "worker", "200", ""]);
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

Deno.test("ping also sends a request to the autoscaler of a control instance", async () => {
  await using f = await fleet({ empty: true });
  await f.rows("instances create --image ami-1 --role control");
  await f.sandbox.account.waitUntil(() =>
    f.sandbox.account.instances().every(({ state }) => state === "running")
  );
  const { status, out } = await f.kas("ping");
  const services = out.trimEnd().split("\n").slice(1).map((line) => line.split("\t"));
  assertEquals(services.map((fields) => fields[1]), ["worker", "autoscaler"]);
  assertMatch(services[1]?.[2] ?? "", /:10000\/ping$/);
  assertEquals([status, services[1]?.[3]], [1, "refused"]);
});

Deno.test("ping with host names makes no call to AWS", async () => {
  await using f = await fleet();
  await using pong = serve(() => new Response("pong"));
  await using other = serve(() => new Response("<html>"));
  const closed = closedHost();
  const calls = f.sandbox.calls.length;
  const { status, out } = await f.kas(
    `ping ${pong.host} ${other.host} ${closed} --url http://${pong.host}/x`,
  );
  assertEquals(out.trimEnd().split("\n").slice(1).map((line) => line.split("\t").slice(0, 4)), [
    [pong.host, "worker", `http://${pong.host}/ping`, "200"],
    [other.host, "worker", `http://${other.host}/ping`, "not-pong"],
    [closed, "worker", `http://${closed}/ping`, "refused"],
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
