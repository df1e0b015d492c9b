/**
 * `kas admin teardown`: deletes what `kas admin setup` made around a fleet, and with `--instances` the fleet itself.
 *
 * @module
 */
import { deleteAlarms, fleetAlarms } from "../../aws/cloudwatch/alarms.ts";
import {
  type Balancer,
  type BalancerRef,
  balancerRef,
  deregister,
  findBalancer,
} from "../../aws/balancing/balancer.ts";
import { deleteBalancer } from "../../aws/balancing/classic_balancer.ts";
import type { Aws } from "../../aws/clients.ts";
import { type Ec2Instance, findInstance, fleetInstances } from "../../aws/ec2/instances.ts";
import { terminateInstance } from "../../aws/ec2/state_changes.ts";
import {
  deleteTopic,
  listSubscriptions,
  listTopics,
  type Subscription,
  unsubscribe,
} from "../../aws/sns/topic.ts";
import { command, ExitError } from "../../cli/command.ts";
import type { Output, Row } from "../../cli/output.ts";
import { exists } from "../../scaling/model/instance.ts";
import { flag, url } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, toExitError, topicName, withAws } from "../account.ts";
import { confirmed, forEachTarget } from "../instances/targets.ts";

/** What is to go. */
interface TeardownPlan {
  readonly fleet: string;
  readonly keyName: string | undefined;
  readonly balancer: BalancerRef;
  /** The topic in use; without it the one of the fleet's name. */
  readonly topicArn: string | undefined;
  /** The autoscaler's address, by which its subscription is known at a topic that others use too. */
  readonly url: string | undefined;
  /** The instances are terminated, base and control ones too. */
  readonly instances: boolean;
}

/** What is there of it. */
interface Remains {
  readonly alarms: readonly string[];
  readonly topic: string | undefined;
  /** Those that can be deleted: a pending one ends with its topic, or by itself within three days. */
  readonly subscriptions: readonly Subscription[];
  readonly balancer: Balancer | undefined;
  /** Instances registered with the load balancer that are not the fleet's. */
  readonly strangers: readonly string[];
  readonly instances: readonly Ec2Instance[];
}

const DONE = { delete: "deleted", deregister: "deregistered", terminate: "terminated" } as const;

/** Resources that go in one piece. */
interface Part {
  readonly resource: "alarm" | "subscription" | "topic" | "instance" | "balancer";
  readonly names: readonly string[];
  readonly verb: keyof typeof DONE;
  readonly act: () => Promise<unknown>;
}

/** Alarms that go in one call: CloudWatch takes few such calls a second, and 100 alarms in each. */
const ALARMS_AT_ONCE = 100;

async function survey(aws: Aws, plan: TeardownPlan, signal: AbortSignal): Promise<Remains> {
  const { fleet, keyName, topicArn, url } = plan;
  const instances = await Array.fromAsync(fleetInstances(aws, { fleet, keyName }, signal));
  const own = new Set(instances.map(({ id }) => id));
  const alarms = (await fleetAlarms(aws, fleet, signal)).map(({ name }) => name);

  let topic: string | undefined;
  for await (const arn of listTopics(aws, signal)) {
    if (topicArn === undefined ? topicName(arn) === fleet : arn === topicArn) topic = arn;
  }
  const told = topic === undefined ? [] : await Array.fromAsync(listSubscriptions(aws, topic, signal));
  const ours = told.filter(({ status, endpoint }) =>
    status === "confirmed" && (isOwnTopic(topic, plan) || endpoint === url)
  );

  const balancer = await findBalancer(aws, plan.balancer, signal);
  const strangers: string[] = [];
  for (const id of balancer?.instances.filter((id) => !own.has(id)) ?? []) {
    // ELB goes on listing a terminated instance for a while.
    const found = await findInstance(aws, id, signal);
    if (found !== undefined && exists(found)) strangers.push(id);
  }
  return { alarms, topic, subscriptions: ours, balancer, strangers, instances };
}

/** Whether a topic is of setup's making: of the fleet's name. Another one was there before, and others may use it. */
function isOwnTopic(topic: string | undefined, { fleet }: TeardownPlan): topic is string {
  return topic !== undefined && topicName(topic) === fleet;
}

/**
 * What has to be done, in order: alarms before the topic that they notify, and an instance is deregistered before it is
 * terminated.
 */
function partsOf(aws: Aws, plan: TeardownPlan, remains: Remains, signal: AbortSignal): Part[] {
  const { alarms, topic, balancer, strangers } = remains;
  const parts: Part[] = [];
  let alarmsLeft = alarms.length;
  for (let i = 0; i < alarms.length; i += ALARMS_AT_ONCE) {
    const names = alarms.slice(i, i + ALARMS_AT_ONCE);
    const act = async () => {
      await deleteAlarms(aws, names);
      alarmsLeft -= names.length;
    };
    parts.push({ resource: "alarm", names, verb: "delete", act });
  }
  for (const { arn } of remains.subscriptions) {
    parts.push({ resource: "subscription", names: [arn], verb: "delete", act: () => unsubscribe(aws, arn) });
  }
  if (isOwnTopic(topic, plan)) {
    const act = async () => {
      if (alarmsLeft > 0) throw new ExitError("alarms that notify it are still there");
      await deleteTopic(aws, topic);
    };
    parts.push({ resource: "topic", names: [topicName(topic)], verb: "delete", act });
  }
  for (const { id, state, autoScalingGroup } of remains.instances) {
    const registered = balancer?.instances.includes(id) ?? false;
    const terminates = plan.instances && state !== "shutting-down" && autoScalingGroup === undefined;
    if (!registered && !terminates) continue;
    const act = async () => {
      if (registered) await deregister(aws, plan.balancer, id, signal);
      if (terminates) await terminateInstance(aws, id, signal);
    };
    parts.push({ resource: "instance", names: [id], verb: terminates ? "terminate" : "deregister", act });
  }
  if (balancer !== undefined && plan.balancer.kind === "classic" && strangers.length === 0) {
    const { name } = balancer;
    parts.push({ resource: "balancer", names: [name], verb: "delete", act: () => deleteBalancer(aws, name) });
  }
  return parts;
}

/** Says what stays although it was in use. */
function tellKept(out: Output, plan: TeardownPlan, remains: Remains): void {
  const { topic, balancer, strangers } = remains;
  if (topic !== undefined && !isOwnTopic(topic, plan)) {
    out.note(`Topic ${topicName(topic)} stays: it is not of the fleet's name, and others may use it`);
  }
  if (balancer !== undefined && plan.balancer.kind === "target-group") {
    out.note(`Target group ${balancer.name} stays: it was there before setup`);
  } else if (balancer !== undefined && strangers.length > 0) {
    out.note(`Load balancer ${balancer.name} stays: it serves others too, ${strangers.join(", ")}`);
  }
  if (!plan.instances) return;
  for (const { id, autoScalingGroup } of remains.instances) {
    if (autoScalingGroup !== undefined) {
      out.note(`${id} stays: Auto Scaling group ${autoScalingGroup} owns it`);
    }
  }
}

/** `delete 4 alarms, delete 1 topic, terminate 2 instances`. */
function summary(parts: readonly Part[]): string {
  const counts = new Map<string, number>();
  for (const { verb, resource, names } of parts) {
    const key = `${verb} # ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + names.length);
  }
  const told = Array.from(
    counts,
    ([key, count]) => key.replace("#", String(count)) + (count === 1 ? "" : "s"),
  );
  return told.join(", ");
}

/** `kas admin teardown`. */
export const teardown = command({
  name: "teardown",
  summary: "Delete what setup made: the fleet's alarms, subscriptions, topic and load balancer",
  description:
    "Instances stay, deregistered, unless --instances says otherwise. A topic of another name than the fleet's stays,\n" +
    "and so does a load balancer that serves other instances too, or a target group. What fails is told, and the rest is done: run it again.",
  options: {
    instances: {
      help: "terminate the fleet's instances, base and control too",
      default: "false",
      parse: flag,
    },
    url: {
      placeholder: "URL",
      help: "the autoscaler's address, to find its subscription at a topic of another name",
      parse: url,
    },
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin teardown --dry-run", "admin teardown --instances --yes"],
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, out, signal } = context;
      const plan: TeardownPlan = { ...flags, balancer: balancerRef(flags) };
      const remains = await survey(aws, plan, signal);
      const parts = partsOf(aws, plan, remains, signal);
      tellKept(out, plan, remains);
      if (parts.length === 0) out.note(`There is nothing to delete around fleet ${flags.fleet}`);
      else if (!flags.dryRun) {
        if (!await confirmed(context, `Tear down fleet ${flags.fleet} for good: ${summary(parts)}?`)) {
          return 1;
        }
      }
      const byTitle = new Map(parts.map((part) => [titlesOf(part).join(", "), part]));
      return await forEachTarget(context, ["resource", "name", "action"], [...byTitle.keys()], (title) => {
        const part = byTitle.get(title);
        if (part === undefined) throw new RangeError(`No part is called ${title}`);
        return {
          actions: titlesOf(part).map((each) => `${part.verb} ${each}`),
          apply: () => done(part, title, signal),
        };
      });
    }),
});

function titlesOf({ resource, names }: Part): string[] {
  return names.map((name) => `${resource} ${name}`);
}

/** Does away with a part; its rows, or an error that names it. */
async function done(part: Part, title: string, signal: AbortSignal): Promise<Row[]> {
  const { resource, names, verb, act } = part;
  try {
    await act();
  } catch (error) {
    const told = toExitError(error);
    if (signal.aborted || !(told instanceof ExitError)) throw error;
    throw new ExitError(`Cannot ${verb} ${title}: ${told.message}`, told.status, told.hint, { cause: told });
  }
  return names.map((name) => ({ resource, name, action: DONE[verb] }));
}
