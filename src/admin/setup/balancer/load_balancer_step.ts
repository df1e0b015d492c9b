/**
 * The steps of `kas admin setup` for an Application or Network Load Balancer that it creates.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  applyChanges,
  delayFor,
  type HealthCheckPlan,
  requiredChanges,
} from "../../../aws/balancing/target_group_settings.ts";
import {
  createListener,
  type Listener,
  type ListenerPlan,
  modifyListener,
} from "../../../aws/balancing/v2/listeners.ts";
import {
  type BalancerType,
  createLoadBalancer,
  findLoadBalancer,
  setSubnets,
} from "../../../aws/balancing/v2/load_balancers.ts";
import {
  createGroup as createTargetGroup,
  TARGET_PROTOCOL,
} from "../../../aws/balancing/v2/target_groups.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import {
  admissionsOf,
  admit,
  coversPort,
  createGroup,
  openPort,
} from "../../../aws/ec2/network/balancer_groups.ts";
import { ExitError } from "../../../cli/command.ts";
import { exists } from "../../../scaling/model/instance.ts";
import { AFTER_CREATION, repeated } from "../repeat.ts";
import type { Ensure, SetupPlan } from "../steps.ts";
import { neededAdmissions } from "./admissions.ts";
import type { LoadBalancerPlan } from "./choice.ts";
import { securityGroupName } from "./made.ts";
import type { Prepared } from "./prepare.ts";

/** How long setup waits until AWS has provisioned a load balancer, in ms. AWS takes 1 to 5 min. */
const ACTIVE_TIMEOUT = 900_000;

/** The interval at which setup looks at the state of a load balancer, in ms. */
const POLL_INTERVAL = 2_000;

/** The default health check of a new target group. */
const DEFAULT_CHECK: Readonly<Record<BalancerType, HealthCheckPlan>> = {
  application: { protocol: "HTTP", port: undefined, path: "/" },
  network: { protocol: "TCP", port: undefined, path: undefined },
};

/**
 * Creates what is missing: security group, target group, load balancer, listeners, and the rules that admit the load balancer to the
 * instances. Changes the settings that differ from the plan.
 *
 * @returns the ARN of the target group, or undefined if a dry run would create it
 */
export async function setUpLoadBalancer(
  aws: Aws,
  { fleet, drainTimeout, onNote }: SetupPlan,
  { plan, made, listeners, wanted, forward, site }: Prepared,
  instances: readonly Ec2Instance[],
  ensure: Ensure,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name, type } = plan;
  const afterCreation = <T>(call: () => Promise<T>) => repeated(call, AFTER_CREATION, signal);

  const groupName = securityGroupName(fleet);
  const securityGroup = made.securityGroups.find(({ vpc }) => vpc === site.vpc);
  let groupId = securityGroup?.id ?? "";
  await ensure("security-group", groupName, securityGroup === undefined ? "create" : undefined, async () => {
    groupId = await createGroup(aws, { name: groupName, fleet, vpc: site.vpc });
  });
  for (const { port } of wanted) {
    const rules = securityGroup?.rules.filter((rule) => coversPort(rule, port)) ?? [];
    const isOpen = rules.some((rule) => rule.isOpen);
    // An operator has restricted who reaches the load balancer.
    if (rules.length > 0 && !isOpen) continue;
    await ensure(
      "rule",
      `tcp:${port} from everybody to ${groupName}`,
      isOpen ? undefined : "create",
      () => afterCreation(() => openPort(aws, groupId, port)),
    );
  }

  let targetGroup = made.targetGroup?.arn;
  const healthCheck = plan.healthCheck ?? DEFAULT_CHECK[type];
  // Application Load Balancers always balance over all zones.
  const crossZone = type === "network";
  if (targetGroup === undefined) {
    await ensure("target-group", name, "create", async () => {
      const settings = { name, fleet, type, port: forward, vpc: site.vpc, healthCheck };
      const arn = targetGroup = await createTargetGroup(aws, settings);
      const attributes = { delay: delayFor(drainTimeout), ...(crossZone ? { crossZone } : {}) };
      await afterCreation(() => applyChanges(aws, arn, attributes));
    }, { detail: `${TARGET_PROTOCOL[type]}:${forward}, health check ${checkText(healthCheck, forward)}` });
  } else {
    const settings = { healthCheck: plan.healthCheck, drainTimeout, crossZone };
    const changes = await requiredChanges(aws, targetGroup, settings, signal);
    const change = Object.keys(changes).length === 0 ? undefined : "update";
    await ensure("target-group", name, change, () => applyChanges(aws, targetGroup ?? "", changes));
  }

  let balancer = made.loadBalancer?.arn ?? "";
  await ensure("balancer", name, made.loadBalancer === undefined ? "create" : undefined, async () => {
    const settings = { name, fleet, type, subnets: site.subnets, securityGroup: groupId };
    balancer = await afterCreation(() => createLoadBalancer(aws, settings));
  }, { detail: `${type}, in ${site.vpc}, ${site.subnets.join(", ")}` });
  if (made.loadBalancer !== undefined && site.newZones.length > 0) {
    await ensure("zone", site.newZones.join(", "), "enable", () => setSubnets(aws, balancer, site.subnets));
  }
  for (const each of wanted) {
    const existing = listeners.find(({ port }) => port === each.port);
    const change = existing === undefined ? "create" : isSame(existing, each) ? undefined : "update";
    await ensure("listener", `${each.protocol.toLowerCase()}:${each.port}`, change, () => {
      const target = { loadBalancer: balancer, targetGroup: targetGroup ?? "", fleet };
      return existing === undefined
        ? afterCreation(() => createListener(aws, each, target))
        : modifyListener(aws, existing.arn, each);
    });
  }

  const checkPort = plan.healthCheck === undefined
    ? made.targetGroup?.healthCheckPort
    : plan.healthCheck.port;
  const ports = [...new Set([forward, checkPort ?? forward])];
  const admissions = securityGroup === undefined ? [] : await admissionsOf(aws, securityGroup.id, signal);
  for (const { group, port, exists } of neededAdmissions(instances, ports, admissions)) {
    await ensure(
      "rule",
      `tcp:${port} from ${groupName} to ${group}`,
      exists ? undefined : "create",
      () => afterCreation(() => admit(aws, group, port, groupId)),
    );
  }
  if (!instances.some(exists)) {
    onNote?.(
      `Fleet ${fleet} has no instances yet. Run kas admin setup again after you have created them: it admits the load balancer to ` +
        "their security groups, registers them, and creates their alarms",
    );
  }
  return targetGroup;
}

function checkText({ protocol, port, path = "" }: HealthCheckPlan, forward: number): string {
  return `${protocol}:${port ?? forward}${path}`;
}

function isSame(existing: Listener, { protocol, certificate }: ListenerPlan): boolean {
  return existing.protocol === protocol && existing.certificate === certificate;
}

/**
 * Waits until AWS has provisioned a load balancer.
 *
 * @throws {ExitError} if AWS cannot provision it, or does not within 15 min
 */
export async function waitUntilActive(
  aws: Aws,
  { fleet, onProgress }: SetupPlan,
  { name }: LoadBalancerPlan,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + ACTIVE_TIMEOUT;
  for (;;) {
    // ELB may not list a load balancer yet that it has just created.
    const found = await findLoadBalancer(aws, name, fleet, signal);
    if (found?.state.startsWith("active")) return;
    if (found?.state === "failed" || performance.now() >= deadline) {
      throw new ExitError(
        `Load balancer ${name} is ${found?.state ?? "missing"}${found?.reason ? `: ${found.reason}` : ""}`,
        1,
        "kas admin teardown deletes what setup has created",
      );
    }
    onProgress?.(`wait until load balancer ${name} is active`);
    await delay(POLL_INTERVAL, undefined, { signal });
  }
}
