/**
 * The sandbox's simulated AWS without sockets, on virtual time: one fleet, its load balancer, its topic and its alarms.
 *
 * @module
 */
import type { Signer } from "../../../src/sandbox/sns/certificate.ts";
import { zones } from "../../../src/sandbox/ec2/zones.ts";
import type { Call } from "../../../src/sandbox/wire/endpoint.ts";
import { BOOT, SHUTDOWN } from "../../../src/sandbox/faults/defaults.ts";
import { Faults } from "../../../src/sandbox/faults/faults.ts";
import { ACCOUNT_ID, type Service, type Shape } from "../../../src/sandbox/wire/action.ts";
import { startServices } from "../../../src/sandbox/services.ts";
import { Account } from "../../../src/sandbox/account/account.ts";
import type { BilledUnits } from "../../../src/sandbox/account/billing.ts";
import type { Instance } from "../../../src/sandbox/account/instance.ts";
import type { RegistrationPhase } from "../../../src/sandbox/account/load_balancer.ts";
import { faultsOf, type FleetPlan, type InstancePlan, instancesOf } from "./fleet_plan.ts";
import { Machines } from "./machines.ts";
import { QueueWorkers } from "./queue_workers.ts";
import type { VirtualTime } from "./virtual_time.ts";

export const FLEET = "kas";
export const REGION = "eu-west-1";
export const TOPIC_ARN = `arn:aws:sns:${REGION}:${ACCOUNT_ID}:${FLEET}`;
/** The launch template of the fleet. */
export const TEMPLATE = "kas-node";
/** The URL of SNS in the lab's network. */
export const SNS_URL = "http://sns.lab";

/** How long a boot and a shutdown take if the plan is `kind`, in ms. */
const KIND_BOOT = 20_000;
const KIND_SHUTDOWN = 15_000;

/** The thresholds of the CPU alarms in percent. */
const CPU = { low: 35, high: 70 } as const;

/** The real state of an instance. AWS's answers may show an older state. */
export interface Truth {
  readonly id: string;
  readonly role: string;
  readonly state: Instance["state"];
  readonly registration: RegistrationPhase | "none";
  readonly tags: Readonly<Record<string, string>>;
  /** Whether EC2's status checks fail. */
  readonly isImpaired: boolean;
}

/** The simulated AWS of a lab. */
export interface Cloud extends AsyncDisposable {
  readonly faults: Faults;
  readonly machines: Machines;
  /** The services of the instances. Only a fleet without a load balancer uses them. */
  readonly workers: QueueWorkers;
  readonly account: Account;
  /** The ids of the planned instances, in the order of the plan. */
  readonly ids: readonly string[];
  /** Answers a request to AWS. */
  readonly handle: (request: Request) => Promise<Response>;
  /** Returns the units that AWS would bill so far. */
  readonly billed: () => BilledUnits;
  /** All calls so far, oldest first. */
  readonly calls: readonly Call[];
  /** Returns the real state of an instance, or undefined if it does not exist. */
  truth(id: string): Truth | undefined;
  /** Returns the fleet's instances except terminated ones. */
  fleet(): Truth[];
  /** Makes an AWS call as another person with access to the account. Returns an error instead of throwing it. */
  elsewhere(service: "ec2" | "elb" | "cloudWatch" | "sns", action: string, input: Shape): Promise<unknown>;
  /** Sends a request to /work at the load balancer. Returns the HTTP status of the answer. */
  work(): Promise<number>;
}

/** Creates a simulated AWS with a fleet. */
export async function openCloud(
  time: VirtualTime,
  plan: FleetPlan,
  signer: Signer,
  network: typeof fetch,
): Promise<Cloud> {
  await using stack = new AsyncDisposableStack();
  const { clock } = time;
  const faults = new Faults(plan.seed, clock);
  for (const fault of faultsOf(plan)) faults.set(fault);
  const account = new Account(clock.now);
  const hasBalancer = plan.balancer === undefined;
  const workers = new QueueWorkers(time);
  const machines = new Machines(time, account, FLEET, hasBalancer ? undefined : workers);
  const calls: Call[] = [];
  const aws = stack.use(startServices({
    clock,
    account,
    faults,
    region: REGION,
    machine: machines.make,
    boot: plan.kind ? [KIND_BOOT, KIND_BOOT] : BOOT,
    shutdown: plan.shutdown ?? (plan.kind ? KIND_SHUTDOWN : SHUTDOWN),
    url: () => SNS_URL,
    signer,
    record: (call) => void calls.push(call),
    fetch: network,
  }));
  const { lifecycle, balancers, ec2, elb, sns, cloudWatch, handle } = aws;
  const act = async (service: Service, action: string, input: Shape) => await service[action]?.(input);

  if (hasBalancer) {
    elb.create({
      name: FLEET,
      zones: zones(REGION),
      // Without a listener the load balancer opens no port. The lab passes requests to it.
      listeners: [],
      healthCheck: {
        target: "HTTP:30000/ping",
        interval: 15,
        timeout: 5,
        unhealthyThreshold: 2,
        healthyThreshold: 2,
      },
      attributes: { crossZone: true, draining: true, drainingTimeout: 300, idleTimeout: 60 },
    });
  }
  const ids = instancesOf(plan).map((planned, place) => {
    // The first node has been stopped for the longest time.
    const stopped = new Date(time.now() - (60 - place) * 60_000).toISOString().slice(0, 19).replace("T", " ");
    const { id } = ec2.create({
      zone: zones(REGION)[planned.zone] ?? "",
      tags: tagsOf(planned, place),
      keyName: FLEET,
      launchedAt: time.now() - 7_200_000,
      hasRun: true,
      spotRequest: planned.unstoppable === "one-time-spot" ? "one-time" : undefined,
      rootDevice: planned.unstoppable === "instance-store" ? "instance-store" : "ebs",
      ...(planned.serving ? {} : { transitionReason: `User initiated (${stopped} GMT)` }),
    });
    if (planned.serving) {
      lifecycle.startWithoutBoot(id);
      if (hasBalancer) elb.register(FLEET, id);
    }
    return id;
  });

  await act(ec2.service, "CreateLaunchTemplate", {
    LaunchTemplateName: TEMPLATE,
    LaunchTemplateData: { ImageId: "ami-00000000000000001", KeyName: FLEET },
  });
  await act(sns.service, "CreateTopic", { Name: FLEET, Attributes: { SignatureVersion: "2" } });
  for (const alarm of alarmsOf(plan, ids)) await act(cloudWatch.service, "PutMetricAlarm", alarm);
  // `kas admin setup` also enables detailed monitoring.
  await act(ec2.service, "MonitorInstances", { InstanceIds: ownIds(plan, ids) });

  const truth = (id: string): Truth | undefined => {
    const instance = account.current.instances.get(id);
    return instance && {
      id,
      role: instance.tags["kas:role"] ?? "node",
      state: instance.state,
      registration: hasBalancer
        ? account.current.balancers.get(FLEET)?.registrations.get(id) ?? "none"
        : workers.registration(id),
      tags: instance.tags,
      isImpaired: instance.impairedSince !== undefined,
    };
  };
  const owned = stack.move();
  return {
    faults,
    machines,
    workers,
    account,
    ids,
    handle,
    billed: () => aws.billing.units(),
    calls,
    truth,
    fleet: () =>
      [...account.current.instances.keys()].flatMap((id) => truth(id) ?? [])
        .filter(({ tags, state }) => tags["kas:fleet"] === FLEET && state !== "terminated"),
    elsewhere: async (service, action, input) => {
      try {
        return await act(aws[service].service, action, input);
      } catch (error) {
        return error;
      }
    },
    work: async () => {
      const proxy = balancers.proxy(FLEET);
      if (proxy === undefined) throw new Error("there is no load balancer");
      const answer = await proxy.handle(new Request("http://lb.lab/work"));
      // The request is in progress until the client has read the answer.
      await answer.text();
      return answer.status;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function tagsOf(instance: InstancePlan, place: number): Record<string, string> {
  const { kind, quarantined, grouped } = instance;
  return {
    Name: `${kind}-${place}`,
    "kas:fleet": kind === "foreign" ? "other" : FLEET,
    "kas:role": kind === "foreign" ? "node" : kind,
    ...(quarantined ? { "kas:quarantine": "found broken" } : {}),
    ...(instance.protected ? { "kas:protected": "true" } : {}),
    ...(grouped ? { "aws:autoscaling:groupName": "theirs" } : {}),
  };
}

/** Returns the ids of the fleet's instances, without instances of other fleets. */
function ownIds(plan: FleetPlan, ids: readonly string[]): string[] {
  return ids.filter((_, place) => instancesOf(plan)[place]?.kind !== "foreign");
}

/** Returns the fleet's alarms, with the settings that `kas admin setup` gives them. */
function alarmsOf(plan: FleetPlan, ids: readonly string[]): Shape[] {
  const alarm = (name: string, metric: Shape, threshold: number, missing: string) => ({
    AlarmName: `${FLEET}:${name}`,
    ...metric,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    Threshold: threshold,
    Period: 60,
    EvaluationPeriods: 1,
    TreatMissingData: missing,
    AlarmActions: [TOPIC_ARN],
    OKActions: [TOPIC_ARN],
  });
  const cpu = (id: string) => ({
    Namespace: "AWS/EC2",
    MetricName: "CPUUtilization",
    Statistic: "Average",
    Dimensions: [{ Name: "InstanceId", Value: id }],
  });
  const requests = {
    Namespace: "AWS/ELB",
    MetricName: "RequestCount",
    Statistic: "Sum",
    Dimensions: [{ Name: "LoadBalancerName", Value: FLEET }],
  };
  return [
    ...ownIds(plan, ids).flatMap((id) => [
      alarm(`cpuhigh:${id}`, cpu(id), CPU.high, "missing"),
      alarm(`cpulow:${id}`, cpu(id), CPU.low, "missing"),
    ]),
    ...(plan.reqcount ? [alarm(`reqcount:${FLEET}`, requests, 1_000, "notBreaching")] : []),
  ];
}
