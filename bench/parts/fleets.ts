/**
 * Measures whether the other fleets of an autoscaler make one fleet react more slowly: the reactions of a fleet alone, of the same fleet
 * among twenty, and of the same fleet while AWS does not answer the calls for the others.
 *
 * @module
 */
import { CreateTagsCommand, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { putAlarm } from "../../src/aws/cloudwatch/alarms.ts";
import { type Fleet, fleetOf } from "../support/fleet.ts";
import { type Cell, type Goal, type Options, type Part, quantile, type Result } from "../report/result.ts";
import { kasRig, react, type Rig } from "../support/rig.ts";

/** The number of fleets, and of instances in each. */
const FLEETS = 20;
const SIZE = 10;

/** How many times as fast as real time the sandbox runs. */
const SPEED = 40;

/** How often the other fleets reconcile: six times as often as by default. */
const RESYNC = "10s";

/** The time from one measurement to the next, in ms. */
const PACE = 500;

/** The goal: how many times as long a reaction may take with the other fleets as without them (p99). */
const RATIO = 2;

const ALONE = "one fleet alone";
const AMONG = `the same fleet among ${FLEETS}`;
const HANGING = `the same fleet, and AWS does not answer the calls for the ${FLEETS - 1} others`;

/** Creates the other fleets: running instances without a load balancer, with two alarms each. Returns their names. */
async function createOthers({ aws }: Fleet): Promise<string[]> {
  const ec2 = await aws.ec2();
  const names = Array.from({ length: FLEETS - 1 }, (_, n) => `other-${n + 1}`);
  for (const fleet of names) {
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({ ImageId: "ami-1", MinCount: SIZE, MaxCount: SIZE, InstanceType: "t3.micro" }),
    );
    const ids = Instances.flatMap(({ InstanceId = [] }) => InstanceId);
    const Tags = [{ Key: "kas:fleet", Value: fleet }, { Key: "kas:role", Value: "base" }];
    await ec2.send(new CreateTagsCommand({ Resources: ids, Tags }));
    for (const dimension of ids) {
      const alarm = { fleet, dimension, period: 60, evaluations: 1 };
      await putAlarm(aws, { ...alarm, kind: "cpuhigh", threshold: 80 });
      await putAlarm(aws, { ...alarm, kind: "cpulow", threshold: 1 });
    }
  }
  return names;
}

/** Starts an autoscaler with the measured fleet and others. */
function severalRig(fleet: Fleet, others: readonly string[], more: object = {}): Promise<Rig> {
  const quiet = { warmup: "0s", "cooldown-in": "0s", "metric-delay": "0s", "start-timeout": "10m" };
  return kasRig(fleet, {
    config: {
      ...quiet,
      fleets: [
        { fleet: "kas", "load-balancer": "kas", resync: "1h" },
        ...others.map((name) => ({ fleet: name, balancer: "none", resync: RESYNC, ...more })),
      ],
    },
  });
}

/** Measures the reactions of each candidate in turns, ms. */
async function measure(candidates: ReadonlyMap<string, Rig>, times: number): Promise<Map<string, number[]>> {
  const found = new Map([...candidates.keys()].map((name) => [name, [] as number[]]));
  for (let n = 0; n < times; n++) {
    for (const [name, rig] of candidates) {
      const pause = new Promise((resolve) => setTimeout(resolve, PACE));
      found.get(name)?.push((await react(rig)).started);
      await pause;
    }
  }
  return found;
}

/** Creates an account with all fleets, and starts an autoscaler in it. Each candidate has an account of its own. */
async function candidate(
  start: (fleet: Fleet, others: readonly string[]) => Promise<Rig>,
): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const fleet = stack.use(await fleetOf({ size: SIZE, speed: SPEED, answering: true }));
  const rig = stack.use(await start(fleet, await createOthers(fleet)));
  const owned = stack.move();
  return { ...rig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function run({ quick }: Options): Promise<Result> {
  const times = quick ? 5 : 30;
  await using silent = silentServer();
  await using one = await candidate((fleet) => kasRig(fleet));
  await using among = await candidate((fleet, others) => severalRig(fleet, others));
  await using hanging = await candidate((fleet, others) =>
    severalRig(fleet, others, { "endpoint-url": silent.url })
  );
  const candidates = new Map([[ALONE, one], [AMONG, among], [HANGING, hanging]]);
  await measure(candidates, Math.ceil(times / 10));
  return resultOf(await measure(candidates, times), times);
}

/** Starts a server that accepts connections, and does not answer. */
function silentServer(): AsyncDisposable & { readonly url: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) connections.push(connection);
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      for (const connection of connections) connection.close();
    },
  };
}

function resultOf(found: ReadonlyMap<string, readonly number[]>, times: number): Result {
  const p99 = (name: string) => quantile(found.get(name) ?? [], 0.99);
  const rows = [...found].map(([name, all]): Cell[] => [
    name,
    quantile(all, 0.5),
    quantile(all, 0.99),
    p99(name) / p99(ALONE),
  ]);
  const goals = [AMONG, HANGING].map((name): Goal => ({
    goal: `${name}: at most ${RATIO} times the reaction time of one fleet alone (p99)`,
    found: `${(p99(name) / p99(ALONE)).toFixed(2)} times ${p99(ALONE).toFixed(0)} ms`,
    met: p99(name) <= RATIO * p99(ALONE),
  }));
  return {
    part: "fleets",
    title: "Several fleets in one autoscaler",
    how:
      `${times} alarms in turns, half a second apart, each asking for an instance of a fleet of ${SIZE}; a tenth of them before do not ` +
      `count. Measured from the POST to StartInstances at the sandbox. The ${
        FLEETS - 1
      } other fleets have ${SIZE} running instances with ` +
      `two alarms each, and reconcile every ${RESYNC}. While AWS does not answer, each of their calls fails after its time limit.`,
    tables: [{
      title: "Message to StartInstances, ms",
      columns: ["autoscaler", "p50", "p99", "p99 / alone"],
      rows,
    }],
    goals,
    notes: [],
    panels: [],
  };
}

/** Several fleets in one autoscaler. */
export const fleets: Part = { name: "fleets", needs: [], run };
