import { assertEquals } from "@std/assert";
import { connect } from "../../../src/aws/clients.ts";
import { statusChecks } from "../../../src/aws/ec2/status_checks.ts";
import { type Sandbox, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { credentials } from "../../unit/aws/wire.ts";

const BASE = "i-00000000000000001";

/** A worker that answers every request. */
const WORKER = `
  const [, listen] = Deno.args;
  const [hostname, port] = listen.split(":");
  Deno.serve({ hostname, port: Number(port), onListen: () => {} }, () => new Response("pong"));
`;

/** Starts a sandbox whose instances are processes. */
function start(): Promise<Sandbox> {
  const script = `data:application/javascript,${encodeURIComponent(WORKER)}`;
  const worker = [Deno.execPath(), "run", "--no-config", "--allow-net", script];
  return startSandbox({ kind: true, speed: 20, worker });
}

/** Sets faults as an operator does, and returns the HTTP status. */
async function post(sandbox: Sandbox, faults: string): Promise<number> {
  const response = await fetch(`${sandbox.url}/faults`, {
    method: "POST",
    body: new URLSearchParams(faults),
  });
  await response.body?.cancel();
  return response.status;
}

/** Waits until the base instance has a registration. */
async function until(sandbox: Sandbox, registration: string): Promise<void> {
  await sandbox.account.waitUntil(() => sandbox.account.instances()[0]?.registration === registration);
}

Deno.test("the load balancer takes an instance out of service that hangs, and back when it continues", async () => {
  await using sandbox = await start();
  assertEquals(await post(sandbox, `hangs=${BASE}:3m`), 204);
  await until(sandbox, "out-of-service");
  assertEquals(sandbox.account.instances()[0]?.state, "running");
  await until(sandbox, "in-service");
});

Deno.test("the load balancer takes an instance out of service whose process has died", async () => {
  await using sandbox = await start();
  assertEquals(await post(sandbox, `dies=${BASE}`), 204);
  await until(sandbox, "out-of-service");
  assertEquals(sandbox.account.instances()[0]?.state, "running");
});

Deno.test("statusChecks() finds impaired and retiring instances in the sandbox", async () => {
  await using sandbox = await start();
  credentials();
  using aws = connect({ region: "eu-west-1", endpointUrl: sandbox.url });
  const failing = async () => [...(await statusChecks(aws, [BASE])).keys()];
  assertEquals(await failing(), []);
  sandbox.faults.set(`impaired=${BASE}`);
  assertEquals(await failing(), [BASE]);
  sandbox.faults.set(`ends=${BASE}`);
  await sandbox.account.waitUntil(() => sandbox.account.instances()[0]?.state === "stopped");
  assertEquals(await failing(), []);
});

Deno.test("the sandbox refuses an invalid fault with status 400, and takes the faults before it", async () => {
  await using sandbox = await start();
  assertEquals(await post(sandbox, "throttle=0.5&throttle=2&errors=1"), 400);
  assertEquals([sandbox.faults.throttle, sandbox.faults.errors], [0.5, 0]);
});
