import { assertEquals, assertMatch } from "@std/assert";
import { balancerRef, register, registrations } from "../../../src/aws/balancing/balancer.ts";
import { findInstance } from "../../../src/aws/ec2/instances.ts";
import { startInstance } from "../../../src/aws/ec2/state_changes.ts";
import type { FleetOptions } from "../../../src/autoscaler/assembly_options.ts";
import { applyChanges } from "../../../src/aws/balancing/target_group_settings.ts";
import { type Made, makeTargetGroup } from "../../e2e/contract/target_group.ts";
import { eventually } from "../../support/kas.ts";
import {
  BASE,
  eventualLine,
  firstResync,
  lines,
  machines,
  NODES,
  type Stage,
  stage,
} from "../../unit/autoscaler/fixtures.ts";

const [FIRST] = NODES;

/**
 * Opens a stage whose fleet is behind a target group. Unless no load balancer uses the group, the base instance is in service
 * in it.
 */
async function behindTargetGroup(
  it: Stage,
  { delay, unused = false }: { readonly delay: number; readonly unused?: boolean },
): Promise<Made & { readonly fleet: FleetOptions["fleet"] }> {
  const made = await makeTargetGroup({ aws: it.aws }, "web", { unused });
  await applyChanges(it.aws, made.ref.arns[0], { delay });
  await register(it.aws, made.ref, BASE);
  if (!unused) await standing(it, made, BASE, "in-service");
  return { ...made, fleet: { fleet: "kas", balancer: made.ref } };
}

async function standing(it: Stage, { ref }: Made, id: string, wanted: string | undefined): Promise<void> {
  await eventually(() => registrations(it.aws, ref), (found) => found.get(id) === wanted);
}

/** Returns the calls of the autoscaler that changed the state or the registration of an instance. */
function changes({ sandbox }: Stage): string[] {
  return sandbox.calls.map(({ action }) => action)
    .filter((action) => /^(Register|Deregister|Start|Stop)/.test(action));
}

Deno.test("behind a target group, an alarm scales the fleet out, an alarm scales the fleet in, and no request fails", async () => {
  const held = Promise.withResolvers<void>();
  const machine = machines(() => true, held.promise);
  await using it = await stage({ machine });
  const web = await behindTargetGroup(it, { delay: 160 });
  const autoscaler = await it.start({ fleet: web.fleet });
  await it.subscribe(autoscaler);
  await firstResync(autoscaler);

  await it.alarm("cpuhigh", BASE, "ALARM");
  const started = await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals([started?.kind, started?.instance], ["start", FIRST]);
  await standing(it, web, FIRST, "in-service");

  const work = [1, 2].map(() => fetch(`http://${web.dnsName}:30000/work`));
  await eventually(machine.held, (n) => n === work.length);
  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpulow", FIRST, "OK");
  await standing(it, web, FIRST, "draining");
  held.resolve();
  const answers = await Promise.all(work.map(async (response) => await (await response).text()));
  assertEquals(answers, ["pong", "pong"]);
  // A target drains for the whole deregistration delay, even if it is idle (R10).
  await standing(it, web, FIRST, "draining");
  assertEquals(changes(it).includes("StopInstances"), false);
  const stopped = await eventualLine(
    autoscaler,
    ({ kind, status }) => kind === "stop" && status === "successful",
  );
  assertEquals(stopped?.instance, FIRST);
  assertEquals((await findInstance(it.aws, FIRST))?.state, "stopped");
  // The first call is from the test itself, for the base instance.
  assertEquals(changes(it), [
    "RegisterTargets",
    "StartInstances",
    "RegisterTargets",
    "DeregisterTargets",
    "StopInstances",
  ]);
});

Deno.test("behind two target groups, kas registers instances with both, and drains nodes from both", async () => {
  await using it = await stage();
  const web = await behindTargetGroup(it, { delay: 160 });
  const admin = await makeTargetGroup({ aws: it.aws }, "admin");
  const balancer = balancerRef({ fleet: "kas", targetGroup: [web.ref.arns[0], admin.ref.arns[0]] });
  const registered = async (id: string) => {
    const groups = await Promise.all([web, admin].map(({ ref }) => registrations(it.aws, ref)));
    return groups.map((group) => group.get(id));
  };
  const autoscaler = await it.start({ fleet: { fleet: "kas", balancer } });
  await it.subscribe(autoscaler);
  // The base instance was in one group only.
  await eventually(() => registered(BASE), (found) => found.every((it) => it === "in-service"));

  await it.alarm("cpuhigh", BASE, "ALARM");
  await eventualLine(autoscaler, ({ status }) => status === "successful");
  assertEquals(await registered(FIRST), ["in-service", "in-service"]);

  await it.alarm("cpuhigh", BASE, "OK");
  await it.alarm("cpulow", FIRST, "OK");
  await eventualLine(autoscaler, ({ kind, status }) => kind === "stop" && status === "successful");
  assertEquals(await registered(FIRST), [undefined, undefined]);
});

Deno.test("if a node does not drain in time, kas registers it again, and the reason contains the state of the target", async () => {
  await using it = await stage({}, { drainTimeout: 300 });
  const web = await behindTargetGroup(it, { delay: 3_600 });
  await startInstance(it.aws, FIRST);
  await eventually(() => findInstance(it.aws, FIRST), (found) => found?.state === "running");
  await register(it.aws, web.ref, FIRST);
  await standing(it, web, FIRST, "in-service");
  const autoscaler = await it.start({ fleet: web.fleet });
  await it.subscribe(autoscaler);
  await it.alarm("cpulow", FIRST, "OK");
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(line?.reason ?? "", new RegExp(`${FIRST}.* draining: `));
  assertEquals(Object.keys(line?.phases ?? {}).at(-1), "re-registered");
  await standing(it, web, FIRST, "in-service");
  assertEquals(changes(it).includes("StopInstances"), false);
});

Deno.test("kas quarantines no node behind an unused target group, because the nodes did not cause the failure", async () => {
  await using it = await stage({ nodes: 2 }, { startTimeout: 600 });
  const web = await behindTargetGroup(it, { delay: 1, unused: true });
  const autoscaler = await it.start({ fleet: web.fleet });
  await it.subscribe(autoscaler);
  await it.alarm("cpuhigh", BASE, "ALARM");
  const line = await eventualLine(autoscaler, ({ status }) => status === "failed");
  assertMatch(line?.reason ?? "", new RegExp(`${FIRST}.* unused: `));
  for (const id of NODES.slice(0, 2)) {
    const found = await eventually(() => findInstance(it.aws, id), (found) => found?.state === "stopped");
    assertEquals(found?.quarantine, undefined);
  }
  assertEquals((await lines(autoscaler)).filter(({ kind }) => kind === "start").length, 1);
});
