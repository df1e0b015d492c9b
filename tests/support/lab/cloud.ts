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
import { faultsOf, FLEET, type FleetPlan, type InstancePlan, instancesOf, nameOf } from "./fleet_plan.ts";
export { FLEET } from "./fleet_plan.ts";
import { Machines } from "./machines.ts";
import { QueueWorkers } from "./queue_workers.ts";
import type { VirtualTime } from "./virtual_time.ts";

export const REGION = "eu-west-1";
export const TOPIC_ARN = topicArnOf({});

/** Returns the ARN of a fleet's topic. */
export function topicArnOf({ topic = FLEET }: Pick<FleetPlan, "topic">): string {
  return `arn:aws:sns:${REGION}:${ACCOUNT_ID}:${topic}`;
}

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

/** A fleet in the simulated AWS. */
export interface CloudFleet {
  /** The ids of the planned instances, in the order of the plan. */
  readonly ids: readonly string[];
  /** Returns the fleet's instances except terminated ones. */
  fleet(): Truth[];
  /** Sets the work to do, as the number of machines that it keeps busy. The fleet's instances in service share it. */
  demand(machines: number): void;
  /** Sends a request to /work at the load balancer. Returns the HTTP status of the answer. */
  work(): Promise<number>;
}

/** The simulated AWS of a lab. Its members of {@linkcode CloudFleet} are those of the first fleet. */
export interface Cloud extends CloudFleet, AsyncDisposable {
  /** The fleets, in the order of the plans. */
  readonly fleets: readonly CloudFleet[];
  readonly faults: Faults;
  readonly machines: Machines;
  /** The services of the instances. Only a fleet without a load balancer uses them. */
  readonly workers: QueueWorkers;
  readonly account: Account;
  /** Answers a request to AWS. */
  readonly handle: (request: Request) => Promise<Response>;
  /** Returns the units that AWS would bill so far. */
  readonly billed: () => BilledUnits;
  /** All calls so far, oldest first. */
  readonly calls: readonly Call[];
  /** Returns the real state of an instance, or undefined if it does not exist. */
  truth(id: string): Truth | undefined;
  /** Makes an AWS call as another person with access to the account. Returns an error instead of throwing it. */
  elsewhere(service: "ec2" | "elb" | "cloudWatch" | "sns", action: string, input: Shape): Promise<unknown>;
}

/**
 * Creates a simulated AWS with fleets.
 *
 * @param plans the fleets; the first plan also says how AWS behaves
 */
export async function openCloud(
  time: VirtualTime,
  plans: readonly [FleetPlan, ...FleetPlan[]],
  signer: Signer,
  network: typeof fetch,
): Promise<Cloud> {
  await using stack = new AsyncDisposableStack();
  const { clock } = time;
  const [plan] = plans;
  const faults = new Faults(plan.seed, clock);
  for (const fault of faultsOf(plan)) faults.set(fault);
  const account = new Account(clock.now);
  const hasBalancer = plan.balancer === undefined;
  const workers = new QueueWorkers(time);
  const machines = new Machines(time, account, plans.map(nameOf), hasBalancer ? undefined : workers);
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

  const create = (fleet: FleetPlan): string[] => {
    const name = nameOf(fleet);
    if (hasBalancer) {
      elb.create({
        name,
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
    return instancesOf(fleet).map((planned, place) => {
      // The first node has been stopped for the longest time.
      const since = new Date(time.now() - (60 - place) * 60_000).toISOString().slice(0, 19).replace("T", " ");
      const { id } = ec2.create({
        zone: zones(REGION)[planned.zone] ?? "",
        tags: tagsOf(name, planned, place),
        keyName: name,
        launchedAt: time.now() - 7_200_000,
        hasRun: true,
        spotRequest: planned.unstoppable === "one-time-spot" ? "one-time" : undefined,
        rootDevice: planned.unstoppable === "instance-store" ? "instance-store" : "ebs",
        ...(planned.serving ? {} : { transitionReason: `User initiated (${since} GMT)` }),
      });
      if (planned.serving) {
        lifecycle.startWithoutBoot(id);
        if (hasBalancer) elb.register(name, id);
      }
      return id;
    });
  };
  const created = plans.map((fleet) => ({ fleet, ids: create(fleet) }));

  await act(ec2.service, "CreateLaunchTemplate", {
    LaunchTemplateName: TEMPLATE,
    LaunchTemplateData: { ImageId: "ami-00000000000000001", KeyName: FLEET },
  });
  for (const topic of new Set(plans.map(({ topic = FLEET }) => topic))) {
    await act(sns.service, "CreateTopic", { Name: topic, Attributes: { SignatureVersion: "2" } });
  }
  for (const { fleet, ids } of created) {
    for (const alarm of alarmsOf(fleet, ids)) await act(cloudWatch.service, "PutMetricAlarm", alarm);
    // `kas admin setup` also enables detailed monitoring.
    await act(ec2.service, "MonitorInstances", { InstanceIds: ownIds(fleet, ids) });
  }

  const truth = (id: string): Truth | undefined => {
    const instance = account.current.instances.get(id);
    return instance && {
      id,
      role: instance.tags["kas:role"] ?? "node",
      state: instance.state,
      registration: hasBalancer
        ? account.current.balancers.get(instance.tags["kas:fleet"] ?? "")?.registrations.get(id) ?? "none"
        // A control instance runs the autoscaler, and not the service. An operator takes care of a detached instance (R23).
        : instance.tags["kas:role"] === "control" || instance.tags["kas:detached"] !== undefined
        ? "none"
        : workers.registration(id),
      tags: instance.tags,
      isImpaired: instance.impairedSince !== undefined,
    };
  };
  const owned = stack.move();
  const fleets = created.map(({ fleet, ids }): CloudFleet => {
    const name = nameOf(fleet);
    return {
      ids,
      fleet: () =>
        [...account.current.instances.keys()].flatMap((id) => truth(id) ?? [])
          .filter(({ tags, state }) => tags["kas:fleet"] === name && state !== "terminated"),
      demand: (count) => machines.setDemand(name, count),
      work: async () => {
        const proxy = balancers.proxy(name);
        if (proxy === undefined) throw new Error("there is no load balancer");
        const answer = await proxy.handle(new Request("http://lb.lab/work"));
        // The request is in progress until the client has read the answer.
        await answer.text();
        return answer.status;
      },
    };
  });
  const [first] = fleets;
  if (first === undefined) throw new Error("there is no fleet");
  return {
    ...first,
    fleets,
    faults,
    machines,
    workers,
    account,
    handle,
    billed: () => aws.billing.units(),
    calls,
    truth,
    elsewhere: async (service, action, input) => {
      try {
        return await act(aws[service].service, action, input);
      } catch (error) {
        return error;
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function tagsOf(fleet: string, instance: InstancePlan, place: number): Record<string, string> {
  const { kind, quarantined, grouped } = instance;
  return {
    Name: `${kind}-${place}`,
    "kas:fleet": kind === "foreign" ? "other" : fleet,
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
  const fleet = nameOf(plan);
  const topic = topicArnOf(plan);
  const alarm = (name: string, metric: Shape, threshold: number, missing: string) => ({
    AlarmName: `${fleet}:${name}`,
    ...metric,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    Threshold: threshold,
    Period: 60,
    EvaluationPeriods: 1,
    TreatMissingData: missing,
    AlarmActions: [topic],
    OKActions: [topic],
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
    Dimensions: [{ Name: "LoadBalancerName", Value: fleet }],
  };
  return [
    ...ownIds(plan, ids).flatMap((id) => [
      alarm(`cpuhigh:${id}`, cpu(id), CPU.high, "missing"),
      alarm(`cpulow:${id}`, cpu(id), CPU.low, "missing"),
    ]),
    ...(plan.reqcount ? [alarm(`reqcount:${fleet}`, requests, 1_000, "notBreaching")] : []),
  ];
}
