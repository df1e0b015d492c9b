/**
 * A sandbox whose machines run inside this process, and an autoscaler that sends it requests over HTTP.
 *
 * @module
 */
import { PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { PublishCommand } from "@aws-sdk/client-sns";
import { type AlarmPlan, fleetAlarms, putAlarm, setAlarmState } from "../../../src/aws/cloudwatch/alarms.ts";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import { requestsOf } from "../../../src/aws/balancing/classic_balancer.ts";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { listSubscriptions, subscribe } from "../../../src/aws/sns/topic.ts";
import type { FleetOptions } from "../../../src/autoscaler/assembly_options.ts";
import type { FleetService } from "../../../src/autoscaler/fleet_service.ts";
import { type Service, type ServiceOptions, startService } from "../../../src/autoscaler/service.ts";
import { Journal } from "../../../src/autoscaler/store/journal.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import type { JournalLine } from "../../../src/autoscaler/store/lines.ts";
import { type Alarm, type AlarmKind, alarmName, type AlarmState } from "../../../src/scaling/model/alarm.ts";
import type { MachineFactory } from "../../../src/sandbox/machines/machine.ts";
import { INSTANCE_PORT } from "../sandbox/machines.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import type { AutoscalerRuntime } from "../../../src/autoscaler/assemble.ts";
import { realRuntime } from "../../../src/runtime.ts";
import { beginAt, decisionOf, starting } from "../../support/decisions.ts";
import { eventually } from "../../support/kas.ts";

/** The ids of the sandbox's instances: the base instance, and the nodes in the order in which they were stopped. */
export const BASE = "i-00000000000000001";
export const NODES = ["i-00000000000000002", "i-00000000000000003", "i-00000000000000004"] as const;

/** The load balancer that the sandbox has when it starts. */
export const BALANCER = balancerRef({ fleet: "kas" });

/** Machines that answer every request with `pong`, as workers do. */
export interface Machines extends MachineFactory {
  /** The number of /work requests without an answer. */
  readonly held: () => number;
}

/**
 * Creates machines.
 *
 * @param serves whether the worker of an instance answers with 200
 * @param work the machines answer a /work request when this promise resolves
 */
export function machines(
  serves: (id: string) => boolean = () => true,
  work: Promise<void> = Promise.resolve(),
): Machines {
  let held = 0;
  const make: MachineFactory = ({ id, address }) => {
    let firstWork: string | undefined;
    const server = Deno.serve(
      { hostname: address, port: INSTANCE_PORT, onListen: () => {} },
      async ({ url }) => {
        if (new URL(url).pathname === "/work") {
          held++;
          await work;
          firstWork ??= new Date().toISOString();
        }
        const headers = {
          "kas-version": "test",
          ...(firstWork === undefined ? {} : { "kas-first-work": firstWork }),
        };
        return serves(id) ? new Response("pong", { headers }) : new Response("not yet", { status: 503 });
      },
    );
    return { cpuSeconds: () => 0, signal: () => {}, [Symbol.asyncDispose]: () => server.shutdown() };
  };
  return Object.assign(make, { held: () => held });
}

/** The options of a service with one fleet. */
export type StageOptions = FleetOptions & Omit<ServiceOptions, "fleets">;

/** A running service with one fleet. */
export type StagedService = Service & Pick<FleetService, "autoscaler" | "inbox">;

/** Starts a service with one fleet. */
export function startOne(options: StageOptions, runtime?: AutoscalerRuntime): StagedService {
  const service = startService({ ...options, fleets: [options] }, runtime);
  const [fleet] = service.fleets;
  if (fleet === undefined) throw new Error("the service has no fleet");
  return { ...service, autoscaler: fleet.autoscaler, inbox: fleet.inbox };
}

/** A sandbox, and the functions with which a test starts and observes an autoscaler in it. */
export interface Stage extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly aws: Aws;
  readonly options: StageOptions;
  /** Starts an autoscaler on the state folder. */
  start(more?: Partial<StageOptions>, runtime?: AutoscalerRuntime): StagedService;
  /** Subscribes an autoscaler to the topic, and waits until the autoscaler has confirmed the subscription. */
  subscribe(autoscaler: Pick<Service, "url">): Promise<void>;
  /**
   * Sets the state of an alarm of the fleet. Also sets a threshold with which CloudWatch computes the same state for an idle
   * CPU, so that CloudWatch does not change the state again.
   */
  alarm(kind: AlarmKind, dimension: string, state: AlarmState): Promise<void>;
  /** Returns an alarm as CloudWatch describes it. */
  alarmNow(kind: AlarmKind, dimension: string): Promise<Alarm>;
  /** Publishes a text to the topic. */
  publish(text: string): Promise<void>;
  /** Returns the state and the registration of an instance, for example `running in-service`. */
  standing(id: string): string;
}

/**
 * Opens a stage. By default its sandbox runs with `--kind`, and the autoscaler reconciles when it starts and then once an hour.
 */
export async function stage(
  sandboxOptions: SandboxOptions = {},
  more: Partial<StageOptions> = {},
  runtime: AutoscalerRuntime = realRuntime,
): Promise<Stage> {
  Deno.env.set("AWS_ACCESS_KEY_ID", "test");
  Deno.env.set("AWS_SECRET_ACCESS_KEY", "test");
  await using stack = new AsyncDisposableStack();
  const state = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(state, { recursive: true }));
  const sandbox = stack.use(
    await startSandbox({
      kind: true,
      nodes: 1,
      speed: 40,
      balancerPort: 0,
      machine: machines(),
      ...sandboxOptions,
    }),
  );
  const account = { region: "eu-west-1", endpointUrl: sandbox.url };
  const aws = stack.use(connect(account));
  const topicArn = sandbox.env["KAS_TOPIC_ARN"] ?? "";
  const options: StageOptions = {
    account,
    fleet: { fleet: "kas", balancer: BALANCER },
    topicArn,
    listen: { hostname: "127.0.0.1", port: 0 },
    state,
    limits: { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 },
    startTimeout: 10_000,
    drainTimeout: 10_000,
    quarantineFor: 86_400_000,
    resubscribe: false,
    trustSigner: sandbox.env["KAS_TRUST_SIGNER"],
    dryRun: false,
    ...more,
  };
  const autoscalers = stack.use(new AsyncDisposableStack());
  const owned = stack.move();
  return {
    sandbox,
    aws,
    options,
    start: (more = {}, own = runtime) => autoscalers.use(startOne({ ...options, ...more }, own)),
    subscribe: async ({ url }) => {
      await subscribe(aws, topicArn, url);
      await eventually(
        () => Array.fromAsync(listSubscriptions(aws, topicArn)),
        (all) => all.length > 0 && all.every(({ status }) => status === "confirmed"),
      );
    },
    alarm: async (kind, dimension, state) => {
      const threshold = state === "ALARM" ? 0 : 100;
      const name = `kas:${kind}:${dimension}`;
      const plan = { fleet: "kas", dimension, threshold, period: 60, evaluations: 1, topicArn };
      await (kind === "reqcount"
        ? putAlarm(aws, { ...plan, kind, requests: requestsOf(dimension) })
        : putLasting(aws, { ...plan, kind }));
      await setAlarmState(aws, name, state, "a test");
    },
    alarmNow: async (kind, dimension) => {
      const alarm = (await fleetAlarms(aws, "kas")).find((it) =>
        it.kind === kind && it.dimension === dimension
      );
      if (alarm === undefined) throw new Error(`there is no ${kind} alarm of ${dimension}`);
      return alarm;
    },
    publish: async (text) => {
      await (await aws.sns()).send(new PublishCommand({ TopicArn: topicArn, Message: text }));
    },
    standing: (id) => {
      const { state, registration } = sandbox.account.instances().find((instance) => instance.id === id) ??
        {};
      return `${state} ${registration}`;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Creates a CPU alarm that keeps its state while it has no datapoints. */
export async function putLasting(
  aws: Aws,
  { threshold, period, topicArn, ...name }: AlarmPlan,
): Promise<void> {
  const actions = topicArn === undefined ? [] : [topicArn];
  await (await aws.cloudWatch()).send(
    new PutMetricAlarmCommand({
      AlarmName: alarmName(name),
      Namespace: "AWS/EC2",
      MetricName: "CPUUtilization",
      Statistic: "Average",
      Dimensions: [{ Name: "InstanceId", Value: name.dimension }],
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      Threshold: threshold,
      Period: period,
      EvaluationPeriods: name.evaluations,
      TreatMissingData: "ignore",
      AlarmActions: actions,
      OKActions: actions,
    }),
  );
}

/**
 * Writes two failed health checks of an instance to the journal of a state folder. kas quarantines it after the next failure
 * (R18).
 */
export function failTwice(state: string, instance: string): void {
  using store = Store.open(state);
  const journal = new Journal(store);
  const now = Date.now();
  for (const minutes of [20, 10]) {
    const at = now - minutes * 60_000;
    const activity = beginAt(journal, {
      trigger: { kind: "operator", direction: "out", instance },
      observation: { kind: "unobserved", now: at },
      decision: decisionOf(starting(instance)),
      dryRun: false,
    });
    const cause = {
      reason: `${instance} did not pass its health check`,
      quarantine: false,
      fault: "unhealthy",
    } as const;
    journal.dropCandidate(activity, cause, false, at);
    journal.end(activity, "failed", cause.reason, at);
  }
}

/** Waits until the first reconciliation has ended. A message that arrives before would be evaluated first. */
export async function firstResync(autoscaler: Pick<Service, "url">): Promise<void> {
  await eventually(() => lines(autoscaler), (all) => all.length > 0);
}

/** Waits until the newest activity in the journal satisfies a condition. */
export function eventualLine(
  autoscaler: Pick<Service, "url">,
  satisfies: (line: JournalLine) => boolean,
): Promise<JournalLine | undefined> {
  return eventually(
    async () => (await lines(autoscaler)).find(({ kind }) => kind !== "none"),
    (line) => line !== undefined && satisfies(line),
  );
}

/** Returns the lines of the journal from `GET /activities`, newest first. */
export async function lines({ url }: Pick<Service, "url">): Promise<JournalLine[]> {
  return await (await fetch(`${url}/activities`)).json();
}
