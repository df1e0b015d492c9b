/**
 * Creates a sandbox with a fleet of a given size, half of it in service, and measures how long AWS's own answers about
 * the fleet take.
 *
 * @module
 */
import { StartInstancesCommand } from "@aws-sdk/client-ec2";
import {
  ConfigureHealthCheckCommand,
  RegisterInstancesWithLoadBalancerCommand,
} from "@aws-sdk/client-elastic-load-balancing";
import { putAlarm } from "../../src/aws/cloudwatch/alarms.ts";
import { type Aws, connect } from "../../src/aws/clients.ts";
import type { MachineFactory } from "../../src/sandbox/machines/machine.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { BALANCER, machines } from "../../tests/unit/autoscaler/fixtures.ts";
import { eventually } from "../../tests/support/kas.ts";

/** A fleet in a sandbox of its own. */
export interface Fleet extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly aws: Aws;
  readonly account: { readonly region: string; readonly endpointUrl: string };
}

/** The options of a fleet. */
export interface FleetOptions {
  readonly size: number;
  /** How many times faster than real time the sandbox runs. */
  readonly speed: number;
  /** Whether the workers of the fleet answer. Listing a fleet needs no workers. */
  readonly answering: boolean;
}

/** Machines without a worker. */
const silent: MachineFactory = () => ({
  cpuSeconds: () => 0,
  signal: () => {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

/**
 * The greatest number of instances that can have two alarms each. Source: CloudWatch quotas, 5,000 alarms per region.
 */
const MOST_WATCHED = 2_500;

/** How many instances one call starts. */
const PER_CALL = 500;

/** Time limit until half of a fleet is in service, in ms. */
const TIME_LIMIT = 300_000;

/** Runs `work` for each element, eight at the same time. */
async function forEach<T>(all: Iterable<T>, work: (one: T) => Promise<unknown>): Promise<void> {
  const rest = Iterator.from(all);
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (const one of rest) await work(one);
  }));
}

/** Creates a fleet with its alarms. Starts and registers every second instance. */
export async function fleetOf({ size, speed, answering }: FleetOptions): Promise<Fleet> {
  Deno.env.set("AWS_ACCESS_KEY_ID", "test");
  Deno.env.set("AWS_SECRET_ACCESS_KEY", "test");
  await using stack = new AsyncDisposableStack();
  const machine = machines();
  let first = true;
  const make: MachineFactory = (host) => {
    // The base instance must answer, because the sandbox starts only when it is in service.
    const answers = answering || first;
    first = false;
    return (answers ? machine : silent)(host);
  };
  const sandbox = stack.use(
    await startSandbox({ kind: true, nodes: size - 1, speed, boot: 100, balancerPort: 0, machine: make }),
  );
  const account = { region: "eu-west-1", endpointUrl: sandbox.url };
  const aws = stack.use(connect(account));
  const ids = sandbox.account.instances().map(({ id }) => id);
  await forEach(ids.slice(0, MOST_WATCHED), async (dimension) => {
    const alarm = { fleet: "kas", dimension, period: 60, evaluations: 1 };
    await putAlarm(aws, { ...alarm, kind: "cpuhigh", threshold: 80 });
    await putAlarm(aws, { ...alarm, kind: "cpulow", threshold: 42 });
  });
  const [ec2, elb] = [await aws.ec2(), await aws.elb()];
  const half = ids.filter((_, i) => i % 2 === 0).slice(1);
  if (!answering) {
    // With an HTTP health check, the failing checks would keep the sandbox busy.
    const Target = "TCP:30000";
    const HealthCheck = { Target, Interval: 300, Timeout: 60, HealthyThreshold: 2, UnhealthyThreshold: 2 };
    await elb.send(
      new ConfigureHealthCheckCommand({ LoadBalancerName: BALANCER.name, HealthCheck }),
    );
  }
  for (let begin = 0; begin < half.length; begin += PER_CALL) {
    const InstanceIds = half.slice(begin, begin + PER_CALL);
    await ec2.send(new StartInstancesCommand({ InstanceIds }));
    const Instances = InstanceIds.map((InstanceId) => ({ InstanceId }));
    await elb.send(
      new RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName: BALANCER.name, Instances }),
    );
  }
  await eventually(
    () => sandbox.account.instances(),
    (all) =>
      all.filter(({ state }) => /^(pending|running)$/.test(state)).every((
        { state, registration },
      ) => state === "running" && (!answering || registration === "in-service")),
    TIME_LIMIT,
  );
  const owned = stack.move();
  return { sandbox, aws, account, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A recorded request. */
type Sent = readonly [url: string, init: RequestInit];

/** A fetch that can record the requests that it sends. */
export class Recorder {
  readonly #chains = new Map<string, Sent[]>();
  #recording = false;

  readonly fetch: typeof fetch = async (input, init) => {
    if (!this.#recording) return await fetch(input, init);
    const request = new Request(input, init);
    const { url, method, headers } = request;
    const body = await request.text();
    const action = headers.get("x-amz-target") ?? new URLSearchParams(body).get("Action") ?? url;
    const sent: Sent = [url, { method, headers: [...headers], body }];
    this.#chains.set(action, [...this.#chains.get(action) ?? [], sent]);
    return await fetch(input, init);
  };

  /**
   * Records the requests of `observe`. Returns a function that sends the same requests again without the SDK, and
   * returns how long AWS takes to answer, in ms. It sends the requests of one action one after the other, as for pages,
   * and different actions concurrently.
   */
  async answerTime(observe: () => Promise<unknown>): Promise<() => Promise<number>> {
    this.#recording = true;
    try {
      await observe();
    } finally {
      this.#recording = false;
    }
    const chains = [...this.#chains.values()];
    return async () => {
      const begun = performance.now();
      await Promise.all(chains.map(async (chain) => {
        for (const [url, init] of chain) await (await fetch(url, init)).bytes();
      }));
      return performance.now() - begun;
    };
  }
}
