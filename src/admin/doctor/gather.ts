/**
 * Gathers doctor's facts: everything that can be asked at once is, and each answer or failure is kept by itself.
 *
 * @module
 */
import { fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import { drainingTimeout, findBalancer, health } from "../../aws/balancing/balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { isNotFound } from "../../aws/errors.ts";
import { type Ec2Instance, fleetInstances, type FleetSelector } from "../../aws/ec2/instances.ts";
import { type DryRun, isAllowed } from "../../aws/ec2/dry_run.ts";
import { ingressOf } from "../../aws/ec2/security_groups.ts";
import { listSubscriptions } from "../../aws/sns/topic.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { findTopic } from "../account.ts";
import { askAutoscaler, type Autoscaler, whyNot } from "./autoscalers.ts";
import type { Fact, Facts, Plan, WorkerAnswer } from "./facts.ts";

/** How a balancer of a kind is read. */
const READS = {
  "classic": {
    balancer: "DescribeLoadBalancers",
    attributes: "DescribeLoadBalancerAttributes",
    health: "DescribeInstanceHealth",
  },
  "target-group": {
    balancer: "DescribeTargetGroups",
    attributes: "DescribeTargetGroupAttributes",
    health: "DescribeTargetHealth",
  },
} as const;

/** The most addresses that are asked for an autoscaler. */
const MOST_ADDRESSES = 10;

/** Workers asked at once. */
const AT_ONCE = 100;

/** How the facts are gathered. */
export interface Gathering {
  readonly aws: Aws;
  readonly selector: FleetSelector;
  readonly plan: Plan;
  /** Longest wait for those who are asked over HTTP, all of them together, ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Gathers them. Rejects only with the signal's reason. */
export async function gather(gathering: Gathering): Promise<Omit<Facts, "ahead">> {
  const { aws, selector, plan, timeout, signal } = gathering;
  const ask = <T>(needs: string, get: () => Promise<T>): Promise<Fact<T>> => fact(needs, get, signal);
  const over = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);

  const reads = READS[plan.balancer.kind];
  const rehearseAll = (all: readonly DryRun[]) =>
    Promise.all(all.map(async (it) => ({
      action: it.action,
      allowed: await ask(`ec2:${it.action}`, () => isAllowed(aws, it, signal)),
    })));
  const instances = ask(
    "ec2:DescribeInstances",
    () => Array.fromAsync(fleetInstances(aws, selector, signal)),
  );
  const balancer = ask(
    `elasticloadbalancing:${reads.balancer}`,
    () => findBalancer(aws, plan.balancer, signal),
  );
  const topic = ask("sns:ListSubscriptionsByTopic", () => topicOf(aws, plan, signal));
  const found = {
    plan,
    instances,
    balancer,
    topic,
    draining: ask(
      `elasticloadbalancing:${reads.attributes}`,
      () => ifThere(drainingTimeout(aws, plan.balancer, signal), undefined),
    ),
    health: ask(
      `elasticloadbalancing:${reads.health}`,
      () => ifThere(health(aws, plan.balancer, signal), []),
    ),
    alarms: ask("cloudwatch:DescribeAlarms", () => fleetAlarms(aws, plan.fleet, signal)),
    allowed: instances.then((all) => rehearseAll(rehearsals(plan, valueOf(all, [])))),
    ingress: instances.then((all) =>
      ask("ec2:DescribeSecurityGroups", () => ingressOf(aws, groupsOf(valueOf(all, [])), signal))
    ),
    autoscalers: topic.then((it) => askAll(addresses(plan, valueOf(it, undefined)), over)),
    workers: instances.then((all) => askWorkers(valueOf(all, []), over)),
  };
  const settled = await allOf(found);
  signal.throwIfAborted();
  return settled;
}

/** Promise.all of a record's values. */
async function allOf<T extends Record<string, unknown>>(
  record: T,
): Promise<{ readonly [K in keyof T]: Awaited<T[K]> }> {
  const entries = Object.entries(record).map(async ([name, value]) => [name, await value] as const);
  return Object.fromEntries(await Promise.all(entries)) as { readonly [K in keyof T]: Awaited<T[K]> };
}

async function fact<T>(needs: string, get: () => Promise<T>, signal: AbortSignal): Promise<Fact<T>> {
  try {
    return { value: await get() };
  } catch (error) {
    signal.throwIfAborted();
    return { failed: { needs, error } };
  }
}

function valueOf<T, N>(fact: Fact<T>, none: N): T | N {
  return "value" in fact ? fact.value : none;
}

async function ifThere<T, N>(asked: Promise<T>, none: N): Promise<T | N> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return none;
    throw error;
  }
}

async function topicOf(aws: Aws, plan: Plan, signal: AbortSignal) {
  if (plan.pull) return undefined;
  const arn = await findTopic(aws, plan);
  if (arn === undefined) return undefined;
  return await ifThere(
    Array.fromAsync(listSubscriptions(aws, arn, signal)).then((all) => ({ arn, subscriptions: all })),
    undefined,
  );
}

/** What is asked by DryRun, for one node: a policy may well keep its hands off the others. */
function rehearsals({ fleet, grow, shrink }: Plan, instances: readonly Ec2Instance[]): DryRun[] {
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

function groupsOf(instances: readonly Ec2Instance[]): string[] {
  return [...new Set(instances.flatMap(({ securityGroups = [] }) => securityGroups))];
}

/** Where an autoscaler may be: where it is said to be, and where messages go. */
function addresses({ url }: Plan, topic: Awaited<ReturnType<typeof topicOf>>): string[] {
  const endpoints = (topic?.subscriptions ?? [])
    .filter(({ protocol, status }) => status === "confirmed" && /^https?$/.test(protocol))
    .map(({ endpoint }) => endpoint);
  return [...new Set([...(url === undefined ? [] : [url]), ...endpoints])].slice(0, MOST_ADDRESSES);
}

async function askAll(urls: readonly string[], signal: AbortSignal): Promise<readonly Autoscaler[]> {
  return await Promise.all(urls.map((url) => askAutoscaler(url, signal)));
}

/** Asks every worker that runs for its version. */
async function askWorkers(
  instances: readonly Ec2Instance[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, WorkerAnswer>> {
  const answers = new Map<string, WorkerAnswer>();
  const running = instances.filter(({ state, role }) => state === "running" && role !== "control").values();
  const askNext = async () => {
    for (const { id, publicDns, publicIp, privateIp } of running) {
      answers.set(id, await askWorker(publicDns ?? publicIp ?? privateIp, signal));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  return answers;
}

async function askWorker(host: string | undefined, signal: AbortSignal): Promise<WorkerAnswer> {
  if (host === undefined) return { noAnswer: "no address" };
  try {
    const response = await fetch(`http://${host}:${WORKER_PORT}/ping`, { redirect: "manual", signal });
    await response.body?.cancel();
    if (response.status !== 200) return { noAnswer: `HTTP status ${response.status}` };
    const version = response.headers.get("kas-version");
    return version === null ? {} : { version };
  } catch (error) {
    return { noAnswer: whyNot(error) };
  }
}
