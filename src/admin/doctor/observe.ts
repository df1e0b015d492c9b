/**
 * Makes the observation of doctor. Doctor sends all requests at the same time, and keeps each answer or failure separately.
 *
 * @module
 */
import { fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { drainingTimeout, findBalancer } from "../../aws/balancing/balancer.ts";
import { type ChecksOf, readChecks } from "../../aws/balancing/checks.ts";
import { fleetHealth } from "../../aws/balancing/unbalanced.ts";
import type { Aws } from "../../aws/clients.ts";
import { isNotFound } from "../../aws/errors.ts";
import { type Ec2Instance, fleetInstances, type FleetSelector } from "../../aws/ec2/instances.ts";
import { type DryRun, isAllowed } from "../../aws/ec2/dry_run.ts";
import { statusChecks } from "../../aws/ec2/status_checks.ts";
import { groupsNamed } from "../../aws/ec2/network/balancer_groups.ts";
import { ingressOf } from "../../aws/ec2/security_groups.ts";
import { listSubscriptions } from "../../aws/sns/topic.ts";
import { findTopic } from "../account.ts";
import { checkedAddress } from "../instances/service_checks.ts";
import { askAutoscaler, type Autoscaler } from "./autoscalers.ts";
import type { Answer, Observation, Plan, Protection } from "./observation.ts";
import { securityGroupName } from "../setup/balancer/made.ts";
import { baselineOf } from "../../scaling/model/burstable.ts";
import { exists } from "../../scaling/model/instance.ts";
import { type CreditMode, creditModes, isProtected } from "../../aws/ec2/instance_settings.ts";
import { type Attributes, subscriptionAttributes, topicAttributes } from "../../aws/sns/attributes.ts";
import { readMetrics } from "./metrics.ts";
import { scrapeOnce } from "./scrapes.ts";
import { askServices } from "./services.ts";

/** The actions of the ELB API that read a load balancer, by the kind of load balancer. */
const READ_ACTIONS = {
  "classic": {
    balancer: "DescribeLoadBalancers",
    attributes: "DescribeLoadBalancerAttributes",
    health: "DescribeInstanceHealth",
  },
  "target-groups": {
    balancer: "DescribeTargetGroups",
    attributes: "DescribeTargetGroupAttributes",
    health: "DescribeTargetHealth",
  },
  "none": { balancer: "none", attributes: "none", health: "none" },
} as const;

/** Maximum number of addresses at which doctor asks for an autoscaler. */
const MOST_ADDRESSES = 10;

/** Maximum number of nodes for whose protection doctor asks. Doctor makes one call per node. */
const MOST_PROTECTIONS = 10;

/** Options of {@linkcode observe}. */
export interface ObserveOptions {
  readonly aws: Aws;
  readonly selector: FleetSelector;
  readonly plan: Plan;
  /** Maximum time for which doctor waits for the answers of all autoscalers, and for those of all services, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Observes the fleet. Rejects only if the signal aborts. */
export async function observe(options: ObserveOptions): Promise<Omit<Observation, "ahead">> {
  const { aws, selector, plan, timeout, signal } = options;
  const ask = <T>(action: string, get: () => Promise<T>): Promise<Answer<T>> => answerOf(action, get, signal);
  // The time begins with the requests, and not while AWS still answers slowly.
  const inTime = () => AbortSignal.any([signal, AbortSignal.timeout(timeout)]);

  const actions = READ_ACTIONS[plan.balancer.kind];
  const testAll = (all: readonly DryRun[]) =>
    Promise.all(all.map(async (dryRun) => ({
      action: dryRun.action,
      allowed: await ask(`ec2:${dryRun.action}`, () => isAllowed(aws, dryRun, signal)),
    })));
  const instances = ask(
    "ec2:DescribeInstances",
    () => Array.fromAsync(fleetInstances(aws, selector, signal)),
  );
  const balancer = ask(
    `elasticloadbalancing:${actions.balancer}`,
    () => findBalancer(aws, plan.balancer, signal),
  );
  const topic = ask("sns:ListSubscriptionsByTopic", () => topicOf(aws, plan, signal));
  const checks = ask(
    `elasticloadbalancing:${actions.balancer}`,
    () => readChecks(aws, plan.balancer, signal),
  );
  const health = ask(
    `elasticloadbalancing:${actions.health}`,
    () => ifFound(fleetHealth(aws, plan.balancer, async () => valueOf(await instances, []), signal), []),
  );
  const answers = await allOf({
    plan,
    instances,
    balancer,
    topic,
    draining: ask(
      `elasticloadbalancing:${actions.attributes}`,
      () => ifFound(drainingTimeout(aws, plan.balancer, signal), undefined),
    ),
    health,
    alarms: ask("cloudwatch:DescribeAlarms", () => fleetAlarms(aws, plan.fleet, signal)),
    allowed: instances.then((all) => testAll(dryRuns(plan, valueOf(all, [])))),
    ingress: instances.then((all) =>
      ask("ec2:DescribeSecurityGroups", () => ingressOf(aws, groupsOf(valueOf(all, [])), signal))
    ),
    madeGroups: ask("ec2:DescribeSecurityGroups", async () => {
      if (plan.balancer.kind !== "target-groups") return new Set<string>();
      const groups = await groupsNamed(aws, securityGroupName(plan.fleet), plan.fleet, signal);
      return new Set(groups.filter(({ ofSetup }) => ofSetup).map(({ id }) => id));
    }),
    topicAttributes: topic.then((answer) =>
      ask("sns:GetTopicAttributes", async () => {
        const arn = valueOf(answer, undefined)?.arn;
        return arn === undefined ? undefined : await ifFound(topicAttributes(aws, arn, signal), undefined);
      })
    ),
    subscriptionAttributes: topic.then((answer) =>
      ask("sns:GetSubscriptionAttributes", () => attributesOf(aws, valueOf(answer, undefined), signal))
    ),
    protection: instances.then((all) =>
      ask("ec2:DescribeInstanceAttribute", () => protectionOf(aws, plan, valueOf(all, []), signal))
    ),
    statuses: instances.then((all) =>
      ask("ec2:DescribeInstanceStatus", () => statusChecks(aws, runningIds(valueOf(all, [])), signal))
    ),
    credits: instances.then((all) =>
      ask("ec2:DescribeInstanceCreditSpecifications", () => creditsOf(aws, valueOf(all, []), signal))
    ),
    autoscalers: topic.then((answer) =>
      askAutoscalers(addresses(plan, valueOf(answer, undefined)), plan.fleet, inTime())
    ),
    checks,
    services: Promise.all([instances, checks]).then(([all, answer]) => {
      const { healthCheck } = plan;
      const of: ChecksOf = healthCheck === undefined ? valueOf(answer, () => []) : () => [healthCheck];
      return askServices(valueOf(all, []), of, (instance) => checkedAddress(plan, instance), inTime());
    }),
    scrapes: instances.then((all) =>
      scrapeOnce(valueOf(all, []), plan.scrape, (instance) => checkedAddress(plan, instance))
    ),
    metrics: readMetrics(aws, plan, async () => valueOf(await health, []), signal),
  });
  signal.throwIfAborted();
  return answers;
}

/** Waits for all promises in a record, and returns a record of their values. */
async function allOf<T extends Record<string, unknown>>(
  record: T,
): Promise<{ readonly [K in keyof T]: Awaited<T[K]> }> {
  const entries = Object.entries(record).map(async ([name, value]) => [name, await value] as const);
  return Object.fromEntries(await Promise.all(entries)) as { readonly [K in keyof T]: Awaited<T[K]> };
}

async function answerOf<T>(action: string, get: () => Promise<T>, signal: AbortSignal): Promise<Answer<T>> {
  try {
    return { value: await get() };
  } catch (error) {
    signal.throwIfAborted();
    return { failed: { action, error } };
  }
}

function valueOf<T, N>(answer: Answer<T>, otherwise: N): T | N {
  return "value" in answer ? answer.value : otherwise;
}

async function ifFound<T, N>(promise: Promise<T>, otherwise: N): Promise<T | N> {
  try {
    return await promise;
  } catch (error) {
    if (isNotFound(error)) return otherwise;
    throw error;
  }
}

async function topicOf(aws: Aws, plan: Plan, signal: AbortSignal) {
  if (plan.pull) return undefined;
  const arn = await findTopic(aws, plan);
  if (arn === undefined) return undefined;
  return await ifFound(
    Array.fromAsync(listSubscriptions(aws, arn, signal)).then((all) => ({ arn, subscriptions: all })),
    undefined,
  );
}

/** Returns the attributes of the topic's confirmed HTTP subscriptions, by ARN. */
async function attributesOf(
  aws: Aws,
  topic: Awaited<ReturnType<typeof topicOf>>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Attributes>> {
  const confirmed = (topic?.subscriptions ?? [])
    .filter(({ protocol, status }) => status === "confirmed" && /^https?$/.test(protocol))
    .slice(0, MOST_ADDRESSES);
  const found = await Promise.all(
    confirmed.map(async ({ arn }) =>
      [arn, await ifFound(subscriptionAttributes(aws, arn, signal), undefined)] as const
    ),
  );
  return new Map(found.flatMap(([arn, attributes]) => attributes === undefined ? [] : [[arn, attributes]]));
}

/**
 * Returns which nodes are protected. A call returns the protection of one instance. So in a large fleet, doctor asks only for
 * some nodes.
 */
async function protectionOf(
  aws: Aws,
  { shrink }: Plan,
  instances: readonly Ec2Instance[],
  signal: AbortSignal,
): Promise<Protection> {
  const asked = instances.filter((instance) => instance.role === "node" && exists(instance))
    .map(({ id }) => id).slice(0, MOST_PROTECTIONS);
  const answers = await Promise.all(
    asked.map((id) => ifFound(isProtected(aws, id, shrink, signal), false)),
  );
  return { asked, protected: asked.filter((_, i) => answers[i]) };
}

/** Returns the credit modes of the instances of T types. */
async function creditsOf(
  aws: Aws,
  instances: readonly Ec2Instance[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CreditMode>> {
  const burstable = instances.filter((instance) =>
    exists(instance) && baselineOf(instance.type) !== undefined
  );
  return await ifFound(creditModes(aws, burstable.map(({ id }) => id), signal), new Map());
}

/**
 * Returns the actions to test with DryRun. Doctor tests them on a node, because a policy may deny them on base and control
 * instances.
 */
function dryRuns({ fleet, grow, shrink }: Plan, instances: readonly Ec2Instance[]): DryRun[] {
  const node = instances.find(({ role }) => role === "node");
  const like = grow ?? node;
  return [
    ...(node === undefined ? [] : [
      { action: "StartInstances", id: node.id },
      { action: "StopInstances", id: node.id },
      { action: "CreateTags", id: node.id },
      ...(shrink === "terminate" ? [{ action: "TerminateInstances", id: node.id } as const] : []),
    ] as const),
    ...(like === undefined ? [] : [{ action: "RunInstances", fleet, like } as const]),
  ];
}

function runningIds(instances: readonly Ec2Instance[]): string[] {
  return instances.filter(({ state }) => state === "running").map(({ id }) => id);
}

function groupsOf(instances: readonly Ec2Instance[]): string[] {
  return [...new Set(instances.flatMap(({ securityGroups = [] }) => securityGroups))];
}

/** Returns the addresses at which an autoscaler may answer: `--url`, and the endpoint of each confirmed HTTP subscription. */
function addresses({ url }: Plan, topic: Awaited<ReturnType<typeof topicOf>>): string[] {
  const endpoints = (topic?.subscriptions ?? [])
    .filter(({ protocol, status }) => status === "confirmed" && /^https?$/.test(protocol))
    .map(({ endpoint }) => endpoint);
  return [...new Set([...(url === undefined ? [] : [url]), ...endpoints])].slice(0, MOST_ADDRESSES);
}

async function askAutoscalers(
  urls: readonly string[],
  fleet: string,
  signal: AbortSignal,
): Promise<readonly Autoscaler[]> {
  return await Promise.all(urls.map((url) => askAutoscaler(url, fleet, signal)));
}
