import { assertEquals, assertMatch } from "@std/assert";
import { execute, FROM_SOURCE } from "../../support/kas.ts";

const SCRIPT = new URL("checks_behind_proxy.ts", import.meta.url).pathname;

/** A loopback address at which no server listens. */
const NOBODY = "127.0.0.77";

/** Starts a server that answers every request in the same way. Returns the server and the requested URLs. */
function server(answer: () => Response) {
  const requests: string[] = [];
  const http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    requests.push(request.url);
    return answer();
  });
  return {
    url: `http://127.0.0.1:${http.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
}

/** A proxy that answers every request as a healthy worker does. */
const proxyServer = () => server(() => new Response("pong", { headers: { "kas-version": "proxy" } }));

function through(proxy: string): Record<string, string> {
  return { HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy, NODE_USE_ENV_PROXY: "1" };
}

Deno.test("health checks do not use a configured HTTP proxy", async () => {
  await using proxy = proxyServer();
  await using sick = server(() => new Response("sick", { status: 503 }));
  const words = [Deno.execPath(), "run", "-A", "--quiet", SCRIPT, `${sick.url}/ping`, NOBODY];
  const { stdout, stderr } = await execute(words, through(proxy.url));
  assertEquals(stderr, "");
  const { fetch, direct, healthCheck, service, autoscaler } = JSON.parse(stdout);
  // The fetch of the URL used the proxy, which proves that the proxy was configured. The other requests did not use it.
  assertEquals([fetch, proxy.requests.length], [200, 1]);
  assertEquals(direct, [503, "sick"]);
  assertEquals(healthCheck, false);
  assertMatch(service.noAnswer, /connection refused$/);
  assertMatch(autoscaler, /503/);
});

Deno.test("kas admin ping does not use a configured HTTP proxy", async () => {
  await using proxy = proxyServer();
  await using sick = server(() => new Response("sick", { status: 503 }));
  const target = new URL(sick.url).host;
  const words = [...FROM_SOURCE, "admin", "ping", target, "--output", "json"];
  const { code, stdout } = await execute(words, through(proxy.url));
  assertEquals(code, 1);
  assertEquals(proxy.requests, []);
  assertMatch(stdout, /"status":\s*503/);
});
