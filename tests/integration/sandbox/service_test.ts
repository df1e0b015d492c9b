import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { program, testWith } from "../../support/needs.ts";

const NODE_SERVER = decodeURIComponent(
  new URL("../../../examples/node-server/server.js", import.meta.url).pathname,
);
/** A service that answers every request with status 404. */
const NOT_FOUND =
  `node -e 'require("http").createServer((_, answer) => answer.writeHead(404).end()).listen(process.env.PORT, process.env.HOST)'`;
const BASE = "i-00000000000000001";

/** Starts a sandbox whose instances run the Node server of examples/. */
function sandbox(options: SandboxOptions) {
  return startSandbox({
    speed: 100,
    service: `node '${NODE_SERVER}'`,
    serviceHealth: "/healthz",
    ...options,
  });
}

for (
  const [balancer, variable] of [
    ["application", "KAS_TARGET_GROUP"],
    ["network", "KAS_TARGET_GROUP"],
    ["classic", "KAS_LOAD_BALANCER"],
  ] as const
) {
  testWith(
    [program("node")],
    `a sandbox with ${balancer} balancer serves a service on its port`,
    async () => {
      await using kas = await sandbox({ balancer, servicePort: 8_393 });
      assertEquals(kas.account.instances().map(({ registration }) => registration), ["in-service", "none"]);
      const scheme = balancer === "network" ? "tcp" : "http";
      assertEquals(kas.balancerUrl, `${scheme}://127.0.0.1:${kas.balancerPort}`);
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const answer = await fetch(`http://127.0.0.1:${kas.balancerPort}/`, { client });
      assertStringIncludes(await answer.text(), `from ${BASE}`);
      assertEquals(kas.account.requests(), 1);
      assertEquals(
        ["KAS_TARGET_GROUP", "KAS_LOAD_BALANCER", "KAS_BALANCER"].filter((name) => name in kas.env),
        [variable],
      );
      const [{ cpuSeconds = 0 } = {}] = kas.account.instances();
      assertEquals(cpuSeconds > 0.05, true);
    },
  );
}

testWith(
  [program("node")],
  "a sandbox without a balancer runs the service on the address of the instance",
  async () => {
    await using kas = await sandbox({ balancer: "none" });
    const [{ address, registration } = {}] = kas.account.instances();
    assertEquals(registration, "none");
    assertEquals(await (await fetch(`http://${address}:8080/healthz`)).text(), "ok\n");
    assertEquals([kas.env["KAS_BALANCER"], kas.env["KAS_LOAD_BALANCER"]], ["none", undefined]);
  },
);

for (const balancer of ["application", "none"] as const) {
  Deno.test(`a sandbox with balancer ${balancer} reports a service that ends, with the end of its stderr`, async () => {
    const service = "echo no such luck >&2; exit 3";
    const error = await assertRejects(() => startSandbox({ kind: true, service, balancer }), Error);
    assertStringIncludes(error.message, BASE);
    assertStringIncludes(error.message, "no such luck");
  });
}

testWith(
  [program("node")],
  "a sandbox whose service fails the health check reports the address of the check and the status",
  async () => {
    const error = await assertRejects(
      () => sandbox({ kind: true, serviceHealth: "/nosuch", service: NOT_FOUND, startTimeout: 3_000 }),
      Error,
    );
    for (const part of [BASE, ":8080/nosuch", "404"]) assertStringIncludes(error.message, part);
  },
);

Deno.test("a sandbox whose service listens on another port reports the address to which the health check connects", async () => {
  const options = { kind: true, service: "sleep 60", servicePort: 8_082, startTimeout: 1_000 };
  const error = await assertRejects(() => startSandbox(options), Error);
  assertStringIncludes(error.message, ":8082/");
  assertStringIncludes(error.message, "PORT");
});

for (const option of ["port", "balancerPort"] as const) {
  Deno.test(`a sandbox that finds its ${option} in use reports the address and the option`, async () => {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = other.addr as Deno.NetAddr;
    const error = await assertRejects(() => startSandbox({ service: "sleep 60", [option]: port }), Error);
    assertStringIncludes(error.message, `127.0.0.1:${port}`);
    assertStringIncludes(error.message, option === "port" ? "--port" : "--balancer-port");
  });
}

testWith(
  [program("node")],
  "a sandbox refuses a service that listens on all addresses, as a second instance could not start",
  async () => {
    const everywhere =
      `require("node:http").createServer((_, answer) => answer.end()).listen(process.env.PORT)`;
    const service = `node -e '${everywhere}'`;
    const error = await assertRejects(
      // The load balancer listens on another port than the service.
      () => startSandbox({ kind: true, speed: 100, service, servicePort: 8_391, balancerPort: 8_392 }),
      Error,
    );
    assertStringIncludes(error.message, "HOST");
  },
);
