import { assert, assertEquals } from "@std/assert";
import type { CallEvent } from "../../../../src/sandbox/faults/faults.ts";
import { beginAll, type Burst, isThrottled, openPaused, playBurst } from "../../../support/lab/burst.ts";
import { fleetOf } from "../../../support/lab/fleet_plan.ts";
import type { Lab } from "../../../support/lab/lab.ts";
import { countInService } from "../../../support/lab/script.ts";

/** The time that an answer of AWS takes, as a fault of the sandbox. */
const LATENCY = "latency=80ms";

/** Returns a plan with this many nodes, all of them in service or all of them stopped. */
function nodes(count: number, serving: boolean, faults: readonly string[] = []) {
  return fleetOf(Array(count).fill(serving), { faults: [LATENCY, ...faults], startTimeout: 300_000 });
}

/** The ids of all nodes. */
function nodesOf({ cloud }: Lab): readonly string[] {
  return cloud.ids.slice(1);
}

/** The number of calls of an action. */
function count({ calls }: Burst, action: string): number {
  return calls.filter((call) => call.action === action).length;
}

function statuses({ ended }: Burst): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Map.groupBy(ended, ({ status }) => status).entries().map(([status, all]) => [status, all.length]),
  );
}

Deno.test("50 starts, and later 50 stops, at the same time need few calls, and AWS throttles none of them", async () => {
  await using lab = await openPaused(nodes(50, false));
  const starts = await playBurst(lab, "start", nodesOf(lab));
  assertEquals([statuses(starts), countInService(lab)], [{ successful: 50 }, 51]);
  // Two for each zone: the first instance may go alone.
  assert(count(starts, "StartInstances") <= 4);
  assert(count(starts, "RegisterInstancesWithLoadBalancer") <= 20);
  assert(starts.calls.length <= 350, `${starts.calls.length} calls`);

  const stops = await playBurst(lab, "stop", nodesOf(lab));
  assertEquals([statuses(stops), countInService(lab)], [{ successful: 50 }, 1]);
  assert(count(stops, "DeregisterInstancesFromLoadBalancer") <= 3);
  assert(count(stops, "StopInstances") <= 3);
  // Each stop reads whether its instance is protected. One call can read this for only one instance.
  assert(stops.calls.length <= 200, `${stops.calls.length} calls`);
  assertEquals([...starts.calls, ...stops.calls].filter(isThrottled), []);
});

Deno.test("the starts in a zone without capacity fail after few calls, and those in the other zone succeed", async () => {
  await using lab = await openPaused(nodes(40, false, ["no-capacity=eu-west-1b"]));
  const starts = await playBurst(lab, "start", nodesOf(lab));
  assertEquals(statuses(starts), { successful: 20, failed: 20 });
  // EC2 refuses 20, 10, 5, 3, 2 and 1 instances.
  assert(count(starts, "StartInstances") <= 12, `${count(starts, "StartInstances")} calls`);
});

Deno.test("an instance that EC2 refuses to stop fails no other stop, and stays in service", async () => {
  const plan = nodes(10, true);
  const [first, ...others] = plan.nodes;
  assert(first !== undefined);
  await using lab = await openPaused({
    ...plan,
    nodes: [{ ...first, unstoppable: "one-time-spot" }, ...others],
  });
  const stops = await playBurst(lab, "stop", nodesOf(lab));
  assertEquals(statuses(stops), { successful: 9, failed: 1 });
  await lab.pass(60_000);
  assertEquals([lab.status(1), lab.status(2)], ["running in-service", "stopped none"]);
});

Deno.test("of ten stops at the same time, kas completes only as many as leave the minimum in service (R3)", async () => {
  const plan = nodes(10, true);
  const least = { value: Infinity };
  const made: { lab?: Lab } = {};
  await using lab = await openPaused({ ...plan, limits: { ...plan.limits, min: 5 } }, {
    onCall: ({ moment }) => {
      if (moment === "after" && made.lab !== undefined) {
        least.value = Math.min(least.value, countInService(made.lab));
      }
    },
  });
  made.lab = lab;
  const stops = await playBurst(lab, "stop", nodesOf(lab));
  assertEquals([statuses(stops), least.value], [{ successful: 6, failed: 4 }, 5]);
});

Deno.test("activities that begin at the same time all succeed although AWS throttles and fails many calls", async () => {
  await using lab = await openPaused(nodes(20, false, ["throttle=0.3", "errors=0.1"]));
  const starts = await playBurst(lab, "start", nodesOf(lab));
  assertEquals([statuses(starts), countInService(lab)], [{ successful: 20 }, 21]);
});

/** Returns the instances that a changing call names, without those for which the journal has no open step. */
function unwritten({ kas }: Lab, { action, input }: CallEvent): string[] {
  if (!/^(Start|Stop|Register|Deregister)/.test(action)) return [];
  const open = new Set(
    kas.journal.unfinished().flatMap(({ id }) => kas.journal.steps(id))
      .filter(({ ended }) => ended === undefined).map(({ instance }) => instance),
  );
  const { InstanceIds = [], Instances = [] } = input as {
    readonly InstanceIds?: readonly string[];
    readonly Instances?: readonly { readonly InstanceId: string }[];
  };
  return [...InstanceIds, ...Instances.map(({ InstanceId }) => InstanceId)].filter((id) => !open.has(id));
}

for (const [kind, serving] of [["start", false], ["stop", true]] as const) {
  Deno.test(`whenever the autoscaler crashes during six ${kind}s, each step is in the journal before its call, and all ${kind}s succeed (R13)`, async () => {
    for (const moment of ["before", "after"] as const) {
      for (const nth of [1, 2, 3, 5, 8, 13, 21, 34]) {
        const missing: string[] = [];
        const made: { lab?: Lab } = {};
        await using lab = await openPaused(nodes(6, serving), {
          onCall: (passing) => {
            if (passing.moment === "before" && made.lab !== undefined) {
              missing.push(...unwritten(made.lab, passing));
            }
          },
        });
        made.lab = lab;
        lab.crashAt({ at: "call", nth, moment, down: 5_000 });
        for (const end of beginAll(lab, kind, nodesOf(lab))) void end.catch(() => {});
        await lab.pass(300_000);
        const found = [lab.crashes.call, missing, countInService(lab)];
        assertEquals(found, [1, [], serving ? 1 : 7], `crash ${moment} call ${nth}`);
      }
    }
  });
}
