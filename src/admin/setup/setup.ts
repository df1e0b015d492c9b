/**
 * `kas admin setup`: creates what a fleet needs around it and does not have yet: topic, load balancer, alarms, subscription.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { fleetAlarms, putAlarm } from "../../aws/cloudwatch/alarms.ts";
import { type BalancerRef, balancerRef, findBalancer, register } from "../../aws/balancing/balancer.ts";
import { enableZones } from "../../aws/balancing/classic_balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Ec2Instance, fleetInstances } from "../../aws/ec2/instances.ts";
import { createTopic, listTopics, subscribe } from "../../aws/sns/topic.ts";
import { command, ExitError, UsageError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { alarmName } from "../../scaling/model/alarm.ts";
import { duration, url } from "../../cli/parsers.ts";
import { SETTINGS } from "../../settings/table.ts";
import { ACCOUNT_OPTIONS, findTopic, topicName, withAws } from "../account.ts";
import { cpuAlarms, type CpuThresholds, neededChange, requestAlarm } from "../alarms/plans.ts";
import { ALARM_OPTIONS } from "../alarms/options.ts";
import { zonesOf } from "../balancers/lookup.ts";
import { balancerPlan } from "./setup_balancer.ts";
import { printActions } from "../instances/targets.ts";
import { findSubscription } from "../topics/subscriptions.ts";

/** What is to be there. */
export interface SetupPlan {
  readonly fleet: string;
  readonly keyName?: string | undefined;
  readonly balancer: BalancerRef;
  /** Longest wait for an instance to drain, ms, which a target group has to keep within. */
  readonly drainTimeout: number;
  /** The topic to use; the one of the fleet's name, which it is by default, is created if need be. */
  readonly topicArn?: string | undefined;
  /** For an autoscaler that polls: no topic, and alarms that notify nobody (R2). */
  readonly pull?: boolean;
  /** Of the instances' alarms; what is absent stays as it is at an alarm that is there, and the default at a new one. */
  readonly cpu?: CpuThresholds | undefined;
  /** s. */
  readonly period?: number | undefined;
  readonly evaluations?: number | undefined;
  /** Where the autoscaler takes notifications; without it nothing is subscribed. */
  readonly url?: string | undefined;
  /** Longest wait for the subscription's confirmation, ms. */
  readonly confirmWithin: number;
  /** Find out what has to be done, and do nothing. */
  readonly dryRun?: boolean;
  /** Told of what is about to be done. */
  readonly progress?: (text: string) => void;
}

/** One resource of the setup, and what was done to it. */
export interface SetupStep extends Row {
  readonly resource: "topic" | "balancer" | "zone" | "instance" | "alarm" | "subscription";
  readonly name: string;
  /** In a dry run what has to be done: create, enable, update, register, subscribe. */
  readonly action: keyof typeof DONE | typeof DONE[keyof typeof DONE] | "unchanged";
}

const DONE = {
  create: "created",
  enable: "enabled",
  update: "updated",
  register: "registered",
  subscribe: "confirmed",
} as const;

/** Of alarms that are created. `period` is s. */
const DEFAULTS = {
  cpu: ALARM_OPTIONS.cpu.parse(ALARM_OPTIONS.cpu.default),
  period: ALARM_OPTIONS.period.parse(ALARM_OPTIONS.period.default),
  evaluations: ALARM_OPTIONS.evaluations.parse(ALARM_OPTIONS.evaluations.default),
};

/** What mends that a fleet has no instances. */
const FIRST_INSTANCE = "kas admin instances create --role base --image AMI, then kas admin setup again";

/** Between two looks at whether the subscription is confirmed, ms. */
const POLL = 500;

/**
 * Creates what is missing of a plan, in order; what is there stays. Returns the topic's ARN, undefined without one and in a
 * dry run that would create it.
 *
 * @throws {ExitError} 4 if the topic or target group named is not there or the fleet has no instances, 1 if the subscription
 * is not confirmed in time
 */
export async function setUp(
  aws: Aws,
  plan: SetupPlan,
  report: (step: SetupStep) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<string | undefined> {
  const ensure = async (
    resource: SetupStep["resource"],
    name: string,
    need: keyof typeof DONE | undefined,
    act: () => Promise<unknown>,
  ): Promise<void> => {
    signal.throwIfAborted();
    if (need !== undefined && !plan.dryRun) {
      plan.progress?.(`${need} ${resource} ${name}`);
      await act();
    }
    report({ resource, name, action: need === undefined ? "unchanged" : plan.dryRun ? need : DONE[need] });
  };

  const { fleet, balancer, url } = plan;
  const instances = await Array.fromAsync(fleetInstances(aws, { fleet, keyName: plan.keyName }, signal));

  let topic: string | undefined;
  if (!plan.pull) {
    topic = await existingTopic(aws, plan);
    await ensure("topic", topicName(topic ?? fleet), topic === undefined ? "create" : undefined, async () => {
      topic = await createTopic(aws, fleet);
      if (plan.topicArn !== undefined && plan.topicArn !== topic) {
        throw new ExitError(`Created topic ${topic}, which is not the one named, ${plan.topicArn}`);
      }
    });
  }

  const existing = await findBalancer(aws, balancer, signal);
  const zones = () => zonesOf(instances, fleet, FIRST_INSTANCE);
  const { need, act } = await balancerPlan(aws, balancer, existing, zones, plan.drainTimeout, signal);
  await ensure("balancer", balancer.name, need, act);
  if (existing !== undefined && balancer.kind === "classic") {
    const lacking = new Set(instances.map(({ zone }) => zone)).difference(new Set(existing.zones));
    for (const zone of [...lacking].sort()) {
      await ensure("zone", zone, "enable", () => enableZones(aws, balancer.name, [zone]));
    }
  }
  // Setup makes no target group: one that has nobody yet is as good as new.
  const isNew = existing === undefined ||
    (balancer.kind === "target-group" && existing.instances.length === 0);
  // A target group takes no instance that does not run yet.
  const registrable = instances.filter(({ state }) => balancer.kind === "classic" || state === "running");
  for (const { id } of registrable.filter((instance) => serves(instance, isNew))) {
    const need = existing?.instances.includes(id) ? undefined : "register";
    await ensure("instance", id, need, () => register(aws, balancer, id, signal));
  }

  const topicArn = plan.pull ? undefined : topic ?? "";
  const watch = {
    fleet,
    topicArn,
    period: plan.period ?? DEFAULTS.period,
    evaluations: plan.evaluations ?? DEFAULTS.evaluations,
  };
  const alarms = new Map((await fleetAlarms(aws, fleet, signal)).map((alarm) => [alarm.name, alarm]));
  for (const { id } of instances) {
    for (const wanted of cpuAlarms(watch, id, plan.cpu ?? DEFAULTS.cpu)) {
      const name = alarmName(wanted);
      const there = alarms.get(name);
      const alarm = there === undefined ? wanted : {
        ...wanted,
        threshold: plan.cpu === undefined ? there.threshold : wanted.threshold,
        period: plan.period ?? there.period,
        evaluations: plan.evaluations ?? there.evaluations,
      };
      await ensure("alarm", name, neededChange(alarm, there), () => putAlarm(aws, alarm));
    }
  }
  for (const there of alarms.values()) {
    if (there.kind !== "reqcount") continue;
    const requests = there.dimension === balancer.name ? existing?.requests : undefined;
    const alarm = requestAlarm(there, topicArn, requests);
    await ensure("alarm", there.name, neededChange(alarm, there), () => putAlarm(aws, alarm));
  }

  if (url !== undefined) {
    const confirmed = topic !== undefined && await isConfirmed(aws, topic, url);
    await ensure("subscription", url, confirmed ? undefined : "subscribe", async () => {
      await subscribe(aws, topic ?? "", url);
      await confirmation(aws, topic ?? "", url, plan.confirmWithin, signal);
    });
  }
  return topic;
}

async function existingTopic(aws: Aws, { fleet, topicArn }: SetupPlan): Promise<string | undefined> {
  if (topicArn === undefined) return await findTopic(aws, { fleet, topicArn });
  for await (const arn of listTopics(aws)) if (arn === topicArn) return arn;
  if (topicName(topicArn) === fleet) return undefined;
  throw new ExitError(`There is no topic ${topicArn}`, 4, `kas admin topics create ${topicName(topicArn)}`);
}

/**
 * Whether setup registers an instance: a base one that runs or is about to; with a new balancer such a node too. At one that
 * was there an unregistered node may be on its way in or out, which is the autoscaler's business (R9, R10).
 */
function serves({ role, state }: Ec2Instance, newBalancer: boolean): boolean {
  return (state === "running" || state === "pending") &&
    (role === "base" || (role === "node" && newBalancer));
}

async function isConfirmed(aws: Aws, topic: string, endpoint: string): Promise<boolean> {
  return (await findSubscription(aws, topic, endpoint))?.status === "confirmed";
}

/** Waits until the autoscaler has confirmed. */
async function confirmation(
  aws: Aws,
  topic: string,
  endpoint: string,
  within: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + within;
  while (!await isConfirmed(aws, topic, endpoint)) {
    if (performance.now() >= deadline) {
      throw new ExitError(
        `The subscription of ${endpoint} is not confirmed after ${
          within / 1_000
        } s: no autoscaler answers SNS there`,
        1,
        `curl ${new URL("/ping", endpoint)} from outside, then kas admin setup again`,
      );
    }
    await delay(POLL, undefined, { signal });
  }
}

/** `kas admin setup`. */
export const setup = command({
  name: "setup",
  summary:
    "Create what the fleet lacks: topic, load balancer, alarms, and with --url the autoscaler's subscription",
  description:
    "What is there stays as it is: run it again after adding instances, or after an interruption. A --target-group has to be\n" +
    "there; its health check is set to the workers' /ping, and its deregistration delay to what --drain-timeout allows.",
  options: {
    url: {
      placeholder: "URL",
      help: "where the autoscaler takes notifications, as SNS reaches it",
      parse: url,
    },
    timeout: {
      placeholder: "TIME",
      help: "longest wait for the subscription's confirmation",
      default: "120s",
      parse: duration,
    },
    drainTimeout: SETTINGS.drainTimeout,
    ...ALARM_OPTIONS,
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin setup --url http://203.0.113.7:10000/", "admin setup --pull"],
  run: (context) => {
    if (context.flags.pull && context.flags.url !== undefined) {
      throw new UsageError("--pull and --url exclude each other: an autoscaler that polls is told nothing");
    }
    return withAws(context, async (aws) => {
      const { flags, origins, out, signal } = context;
      const { dryRun, cpu, period, evaluations } = flags;
      let at = "the look at what is there";
      const plan: SetupPlan = {
        ...flags,
        balancer: balancerRef(flags),
        confirmWithin: flags.timeout,
        progress: (text) => out.progress(at = text),
        // Alarms that somebody set otherwise keep what the flags do not name.
        cpu: origins["cpu"] === "flag" ? cpu : undefined,
        period: origins["period"] === "flag" ? period : undefined,
        evaluations: origins["evaluations"] === "flag" ? evaluations : undefined,
      };
      const steps: SetupStep[] = [];
      let topic: string | undefined;
      try {
        topic = await setUp(aws, plan, (step) => void steps.push(step), signal);
      } catch (error) {
        if (signal.aborted) out.error(`Interrupted; what is not listed is undone or unfinished, at ${at}`);
        throw error;
      } finally {
        // What was done before a failure is told as well.
        if (!dryRun) await out.table(["resource", "name", "action"], steps);
        else await printActions(out, steps.filter(isNeeded).map(wouldDo));
      }
      if (topic !== undefined && flags.url === undefined && !dryRun) {
        const url = isHere(flags.endpointUrl) ? "http://127.0.0.1:10001" : "URL, where SNS reaches it,";
        out.hint(
          `Next: kas autoscaler --topic-arn ${topic} in a shell of its own, then kas admin setup --url ${url} to have it told`,
        );
      }
    });
  },
});

/** Whether AWS is on this machine: the sandbox. */
function isHere(endpointUrl: string | undefined): boolean {
  return endpointUrl !== undefined && /^(localhost|127\..*)$/.test(new URL(endpointUrl).hostname);
}

function isNeeded({ action }: SetupStep): boolean {
  return action !== "unchanged";
}

function wouldDo({ resource, name, action }: SetupStep): Row {
  return { action: `${action} ${resource} ${name}` };
}
