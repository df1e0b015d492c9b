/**
 * The sandbox's ELB v2 over real sockets, with one load balancer and one target group.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { LoopbackAddresses } from "../../../../src/sandbox/machines/addresses.ts";
import { realClock } from "../../../../src/sandbox/clock.ts";
import { type Ec2, ec2 as makeEc2 } from "../../../../src/sandbox/ec2/service.ts";
import { subnetOf, VPC, zones } from "../../../../src/sandbox/ec2/zones.ts";
import { Lifecycle } from "../../../../src/sandbox/ec2/lifecycle.ts";
import { Balancers } from "../../../../src/sandbox/elb/balancers.ts";
import { elbV2 } from "../../../../src/sandbox/elbv2/service.ts";
import { Faults } from "../../../../src/sandbox/faults/faults.ts";
import { AwsError, type Shape } from "../../../../src/sandbox/wire/action.ts";
import { Account } from "../../../../src/sandbox/account/account.ts";
import { eventually } from "../../../support/kas.ts";
import { type LocalMachines, localMachines } from "../machines.ts";
import { at } from "../output.ts";

export const REGION = "eu-west-1";
/** The ids of instances: running, running, stopped. */
export const [A, B, STOPPED] = [
  "i-00000000000000001",
  "i-00000000000000002",
  "i-00000000000000003",
] as const;

/** The subnets of the default VPC, one in each zone. */
export const SUBNETS = zones(REGION).map((zone) => subnetOf(zone));

/** The settings of the target group web. */
export const WEB = {
  Name: "web",
  Protocol: "HTTP",
  Port: "30000",
  VpcId: VPC,
  HealthCheckProtocol: "HTTP",
  HealthCheckPath: "/ping",
  HealthCheckIntervalSeconds: "5",
  HealthCheckTimeoutSeconds: "2",
};

/** Settings of {@linkcode startElbV2}. */
export interface ElbV2Settings {
  /** Deregistration delay in seconds. */
  readonly delay?: string;
  /** Whether the load balancer is a Network Load Balancer. Default: an Application Load Balancer. */
  readonly network?: boolean;
  /** Settings of the target group that differ from {@linkcode WEB}. */
  readonly group?: Shape;
  /** Faults from the start. */
  readonly faults?: readonly string[];
}

/** The sandbox's ELB v2, with instances, a target group and a load balancer. */
export interface ElbV2Fixture extends AsyncDisposable {
  /** Calls an action of ELB v2. */
  readonly call: (action: string, input: Shape) => Promise<Shape | void>;
  readonly machines: LocalMachines;
  readonly faults: Faults;
  readonly account: Account;
  readonly ec2: Ec2;
  /** ARN of the target group. */
  readonly group: string;
  /** ARN of the load balancer. */
  readonly balancer: string;
  /** The input that creates the listener of the load balancer. */
  readonly listener: Shape;
  /** Address of the load balancer. */
  readonly host: string;
  /** URL of `/work` at the load balancer. */
  readonly url: string;
  /** Returns the address of an instance. */
  readonly address: (id: string) => string;
  /** Registers or deregisters targets: an instance, or an instance and its port: `i-1:80`. */
  readonly register: (...targets: string[]) => Promise<unknown>;
  readonly deregister: (...targets: string[]) => Promise<unknown>;
  /** Returns the state of a target and its reason. */
  readonly health: (target: string) => Promise<string>;
  /** Waits until a target has a state and a reason. */
  readonly until: (target: string, wanted: string) => Promise<string>;
}

/**
 * Starts ELB v2 with the target group web, and the load balancer web whose port 30000 can forward to it. Sandbox time passes a hundred
 * times faster.
 */
export async function startElbV2(
  { delay = "300", network = false, group: settings = {}, faults: given = [] }: ElbV2Settings = {},
): Promise<ElbV2Fixture> {
  await using stack = new AsyncDisposableStack();
  const clock = realClock(100);
  const account = new Account(clock.now);
  const addresses = stack.use(new LoopbackAddresses());
  const faults = new Faults(1, clock);
  for (const fault of given) faults.set(fault);
  const machines = localMachines();
  const lifecycle = stack.use(
    new Lifecycle({ clock, account, addresses, machine: machines.make, boot: () => 100, shutdown: 100 }),
  );
  const balancers = stack.use(new Balancers(clock, account, faults));
  const ec2 = makeEc2({ clock, account, lifecycle, addresses, faults, region: REGION });
  const service = elbV2({ clock, account, balancers, addresses, faults, region: REGION });
  for (const zone of [...zones(REGION), zones(REGION)[0]]) ec2.create({ zone });
  for (const id of [A, B]) lifecycle.startWithoutBoot(id);

  const call = async (action: string, input: Shape) => await service[action]?.(input);
  const Protocol = network ? "TCP" : "HTTP";
  const groups = await call("CreateTargetGroup", { ...WEB, Protocol, ...settings });
  const group = String(at(groups, "TargetGroups.0.TargetGroupArn"));
  const Attributes = [{ Key: "deregistration_delay.timeout_seconds", Value: delay }];
  await call("ModifyTargetGroupAttributes", { TargetGroupArn: group, Attributes });
  const Type = network ? "network" : "application";
  const created = await call("CreateLoadBalancer", { Name: "web", Type, Subnets: SUBNETS });
  const balancer = String(at(created, "LoadBalancers.0.LoadBalancerArn"));
  const host = String(at(created, "LoadBalancers.0.DNSName"));
  const listener = {
    LoadBalancerArn: balancer,
    Protocol,
    Port: "30000",
    DefaultActions: [{ Type: "forward", TargetGroupArn: group }],
  };

  const act = (action: string) => (...ids: string[]) => {
    const Targets = ids.map((target) => {
      const [Id, Port] = target.split(":");
      return { Id, ...(Port === undefined ? {} : { Port }) };
    });
    return call(action, { TargetGroupArn: group, Targets });
  };
  const health = async (id: string): Promise<string> => {
    const health = at(await act("DescribeTargetHealth")(id), "TargetHealthDescriptions.0.TargetHealth");
    return [at(health, "State"), at(health, "Reason")].filter(Boolean).join(" ");
  };
  const owned = stack.move();
  return {
    call,
    machines,
    faults,
    account,
    ec2,
    group,
    balancer,
    listener,
    host,
    url: `http://${host}:30000/work`,
    address: (id: string) => account.current.instances.get(id)?.address ?? "",
    register: act("RegisterTargets"),
    deregister: act("DeregisterTargets"),
    health,
    until: (id: string, wanted: string) => eventually(() => health(id), (found) => found === wanted),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Asserts that a call fails with an error code. */
export async function assertCode(code: string, call: () => Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(call, AwsError)).code, code);
}
