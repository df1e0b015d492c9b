import { ConfigureHealthCheckCommand } from "@aws-sdk/client-elastic-load-balancing";
import { assertEquals } from "@std/assert";
import { parseHealthCheck } from "../../../../src/health/spec.ts";
import type { MachineFactory } from "../../../../src/sandbox/machines/machine.ts";
import { INSTANCE_PORT } from "../../../unit/sandbox/machines.ts";
import { eventually } from "../../../support/kas.ts";
import { BALANCER, BASE, eventualLine, NODES, type Stage, stage } from "../../../unit/autoscaler/fixtures.ts";

const [FIRST] = NODES;

/** The User-Agent of kas's own health checks. */
const KAS = /^ELB-HealthChecker.* kas$/;

/** Machines with a service that is not `kas worker`: it answers /healthz, and other paths with 404. Until it is `ready`, it answers all paths. */
function services() {
  let isReady = false;
  const checks: string[] = [];
  const machine: MachineFactory = ({ id, address }) => {
    const server = Deno.serve(
      { hostname: address, port: INSTANCE_PORT, onListen: () => {} },
      ({ url, headers }) => {
        const { pathname } = new URL(url);
        if (KAS.test(headers.get("user-agent") ?? "")) checks.push(`${id} ${pathname}`);
        return new Response("fine", { status: isReady && pathname !== "/healthz" ? 404 : 200 });
      },
    );
    return { cpuSeconds: () => 0, signal: () => {}, [Symbol.asyncDispose]: () => server.shutdown() };
  };
  return { machine, checks, ready: () => void (isReady = true) };
}

/** Opens a stage with this service, whose load balancer checks /healthz. */
async function staged(
  { machine, ready }: ReturnType<typeof services>,
  startTimeout = 10_000,
): Promise<Stage> {
  const it = await stage({ machine }, { startTimeout });
  const HealthCheck = {
    Target: `HTTP:${INSTANCE_PORT}/healthz`,
    Interval: 5,
    Timeout: 2,
    HealthyThreshold: 2,
    UnhealthyThreshold: 2,
  };
  const command = new ConfigureHealthCheckCommand({ LoadBalancerName: BALANCER.name, HealthCheck });
  await (await it.aws.elb()).send(command);
  ready();
  await eventually(() => it.standing(BASE), (standing) => standing === "running in-service");
  return it;
}

Deno.test("kas makes the load balancer's health check of any service, and does not wait for its first request (R9, R17)", async () => {
  const service = services();
  const { checks } = service;
  await using it = await staged(service);
  const autoscaler = await it.start();
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status !== "in-progress");
  assertEquals([line?.status, it.standing(FIRST)], ["successful", "running in-service"]);
  // The last check is the one whose answer shows that this is another service.
  await eventually(() => checks.length, (n) => n >= 2);
  await autoscaler[Symbol.asyncDispose]();
  assertEquals(new Set(checks), new Set([`${FIRST} /healthz`]));
});

Deno.test("--health-check overrides the load balancer's health check (R9)", async () => {
  await using it = await staged(services(), 300);
  const healthCheck = parseHealthCheck(`http:${INSTANCE_PORT}/another`);
  const autoscaler = await it.start({ fleet: { fleet: "kas", balancer: BALANCER, healthCheck } });
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertEquals(Object.keys(line?.phases ?? {}).includes("healthy"), false);
});

Deno.test("kas opens a connection if the load balancer's health check is over TCP (R9)", async () => {
  const service = services();
  const { checks } = service;
  await using it = await staged(service);
  const healthCheck = parseHealthCheck(`tcp:${INSTANCE_PORT}`);
  const autoscaler = await it.start({ fleet: { fleet: "kas", balancer: BALANCER, healthCheck } });
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status !== "in-progress");
  assertEquals([line?.status, checks], ["successful", []]);
});

for (
  const [address, checked] of [
    ["public", 1],
    // The instances of the sandbox have no IPv6 addresses, so that kas checks none of them, and the load balancer decides.
    ["ipv6", 0],
  ] as const
) {
  Deno.test(`an instance comes into service with --address ${address} (R9)`, async () => {
    const service = services();
    const { checks } = service;
    await using it = await staged(service, 2_000);
    const autoscaler = await it.start({ fleet: { fleet: "kas", balancer: BALANCER, address } });
    await it.subscribe(autoscaler);
    await it.alarm("cpuhigh", BASE, "ALARM");
    const line = await eventualLine(autoscaler, ({ status }) => status !== "in-progress");
    assertEquals([line?.status, it.standing(FIRST)], ["successful", "running in-service"]);
    assertEquals(new Set(checks).size, checked);
  });
}
