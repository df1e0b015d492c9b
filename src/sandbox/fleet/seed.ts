/**
 * Creates the initial account of a sandbox: a fleet with one running base instance and stopped nodes, a load balancer and a topic.
 *
 * @module
 */
import type { Ec2 } from "../ec2/service.ts";
import type { Elb } from "../elb/service.ts";
import type { Lifecycle } from "../ec2/lifecycle.ts";
import type { Faults } from "../faults/faults.ts";
import type { Service, Shape } from "../wire/action.ts";
import { DEFAULT_GROUP } from "../ec2/security_groups.ts";
import { subnetOf, VPC } from "../ec2/zones.ts";
import type { BalancerKind } from "./pool.ts";

/** The services to seed, and the size of the fleet. */
export interface SeedOptions {
  readonly ec2: Ec2;
  readonly elb: Elb;
  readonly elbV2: Service;
  readonly sns: Service;
  readonly lifecycle: Lifecycle;
  readonly faults: Faults;
  readonly fleet: string;
  readonly nodes: number;
  readonly zones: readonly string[];
  /** Time of the seeding in ms since the epoch. */
  readonly now: number;
  readonly balancer: BalancerKind;
  /** Port on which the load balancer listens. */
  readonly listenerPort: number;
  /** Port on which the instances serve. */
  readonly servicePort: number;
  /** Path of the load balancer's health check. Undefined: `/`, or a check by TCP at a Network Load Balancer. */
  readonly healthPath: string | undefined;
}

/** The shortest interval and timeout and the lowest thresholds that ELB allows. All times are in seconds. */
const CHECK = { interval: 5, timeout: 2, unhealthyThreshold: 2, healthyThreshold: 2 };

/**
 * Fills the account with the initial fleet. The base instance has the id i-00000000000000001; the ids of the nodes follow. Returns the ARN
 * of the target group; undefined if the load balancer has none.
 */
export async function seed(options: SeedOptions): Promise<string | undefined> {
  const { ec2, elb, elbV2, sns, lifecycle, faults, fleet, nodes, zones, now, balancer, servicePort } =
    options;
  const tags = (role: string, name: string) => ({
    Name: `${fleet}-${name}`,
    "kas:fleet": fleet,
    "kas:role": role,
  });
  const zone = (index: number) => zones[index % zones.length] ?? "";

  // The fleet exists since before the sandbox started: nothing is being provisioned or registered, and every read shows it.
  const { provisioning, nlbLag, readLag, staleReads } = faults;
  Object.assign(faults, { provisioning: 0, nlbLag: 0, readLag: 0, staleReads: 0 });
  if (balancer === "classic") createClassic(options);
  const targetGroup = balancer === "application" || balancer === "network"
    ? await createV2(options, balancer)
    : undefined;
  const base = ec2.create({ zone: zone(0), keyName: fleet, tags: tags("base", "base") });
  lifecycle.startWithoutBoot(base.id);
  if (balancer === "classic") elb.register(fleet, base.id);
  if (targetGroup !== undefined) {
    await elbV2["RegisterTargets"]?.({
      TargetGroupArn: targetGroup,
      Targets: [{ Id: base.id, Port: servicePort }],
    });
  }
  Object.assign(faults, { provisioning, nlbLag, readLag, staleReads });

  for (let n = 1; n <= nodes; n++) {
    // kas starts the node that was stopped earliest, so node 1 must be the next node that kas starts.
    const stopped = new Date(now - (nodes - n + 1) * 60_000).toISOString().slice(0, 19).replace("T", " ");
    ec2.create({
      zone: zone(n),
      keyName: fleet,
      tags: tags("node", `node-${n}`),
      launchedAt: now - 3_600_000,
      hasRun: true,
      transitionReason: `User initiated (${stopped} GMT)`,
      stateReason: {
        code: "Client.UserInitiatedShutdown",
        message: "Client.UserInitiatedShutdown: User initiated shutdown",
      },
    });
  }
  await sns["CreateTopic"]?.({ Name: fleet, Attributes: { SignatureVersion: "2" } });
  return targetGroup;
}

/** Creates the Classic Load Balancer of the fleet. */
function createClassic(
  { elb, fleet, zones, listenerPort, servicePort, healthPath = "/" }: SeedOptions,
): void {
  elb.create({
    name: fleet,
    zones,
    listeners: [{
      protocol: "HTTP",
      port: listenerPort,
      instanceProtocol: "HTTP",
      instancePort: servicePort,
    }],
    healthCheck: { target: `HTTP:${servicePort}${healthPath}`, ...CHECK },
    attributes: { crossZone: true, draining: true, drainingTimeout: 300, idleTimeout: 60 },
    // As kas admin setup tags what it creates.
    tags: { "kas:created-by": "setup", "kas:fleet": fleet },
  });
}

/**
 * Creates the Application or Network Load Balancer of the fleet, its target group, and a security group that admits clients to the load
 * balancer and the load balancer to the instances. Returns the ARN of the target group.
 */
async function createV2(
  { ec2, elbV2, fleet, zones, listenerPort, servicePort, healthPath }: SeedOptions,
  type: "application" | "network",
): Promise<string> {
  const act = async (service: Service, action: string, input: Shape): Promise<Shape> =>
    await service[action]?.(input) ?? {};
  const created = await act(ec2.service, "CreateSecurityGroup", {
    GroupName: fleet,
    GroupDescription: `Load balancer of the fleet ${fleet}`,
    VpcId: VPC,
  });
  const group = String(created["GroupId"]);
  const admit = (GroupId: string, port: number, source: Shape) =>
    act(ec2.service, "AuthorizeSecurityGroupIngress", {
      GroupId,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, ...source }],
    });
  await admit(group, listenerPort, { IpRanges: [{ CidrIp: "0.0.0.0/0" }] });
  await admit(DEFAULT_GROUP.id, servicePort, { Groups: [{ GroupId: group }] });

  const forNetwork = type === "network";
  const Tags = [{ Key: "kas:fleet", Value: fleet }];
  const check = forNetwork && healthPath === undefined
    ? { HealthCheckProtocol: "TCP" }
    : { HealthCheckProtocol: "HTTP", HealthCheckPath: healthPath ?? "/" };
  const groups = await act(elbV2, "CreateTargetGroup", {
    Name: fleet,
    Protocol: forNetwork ? "TCP" : "HTTP",
    Port: servicePort,
    VpcId: VPC,
    HealthCheckIntervalSeconds: CHECK.interval,
    HealthCheckTimeoutSeconds: CHECK.timeout,
    HealthyThresholdCount: CHECK.healthyThreshold,
    UnhealthyThresholdCount: CHECK.unhealthyThreshold,
    Tags,
    ...check,
  });
  const TargetGroupArn = firstOf(groups["TargetGroups"], "TargetGroupArn");
  const balancers = await act(elbV2, "CreateLoadBalancer", {
    Name: fleet,
    Type: type,
    Subnets: zones.map((zone) => subnetOf(zone)),
    SecurityGroups: [group],
    Tags,
  });
  await act(elbV2, "CreateListener", {
    LoadBalancerArn: firstOf(balancers["LoadBalancers"], "LoadBalancerArn"),
    Protocol: forNetwork ? "TCP" : "HTTP",
    Port: listenerPort,
    DefaultActions: [{ Type: "forward", TargetGroupArn }],
  });
  return TargetGroupArn;
}

/** Returns a field of the first structure in an answer's list. */
function firstOf(list: unknown, name: string): string {
  return String((list as readonly Shape[])[0]?.[name]);
}
