/**
 * The deletions of `kas admin teardown`, in the order in which kas makes them.
 *
 * @module
 */
import { deleteAlarms, MAX_ALARMS } from "../../aws/cloudwatch/alarms.ts";
import { batched } from "../../aws/many/batches.ts";
import { deleteBalancer } from "../../aws/balancing/classic_setup.ts";
import { deleteLoadBalancer } from "../../aws/balancing/v2/load_balancers.ts";
import { deleteGroup as deleteTargetGroup } from "../../aws/balancing/v2/target_groups.ts";
import type { Aws } from "../../aws/clients.ts";
import { deleteGroup as deleteSecurityGroup, revoke } from "../../aws/ec2/network/balancer_groups.ts";
import { isInUse } from "../../aws/errors.ts";
import { deleteTopic, unsubscribe } from "../../aws/sns/topic.ts";
import { ExitError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { toExitError, topicName } from "../account.ts";
import { removeInstances } from "../instances/removal.ts";
import { repeated } from "./repeat.ts";
import { isOwnTopic, type Survey, type TeardownPlan } from "./teardown_survey.ts";

const DONE = {
  delete: "deleted",
  deregister: "deregistered",
  revoke: "revoked",
  terminate: "terminated",
} as const;

/**
 * How long kas repeats the deletion of a resource that AWS says is in use, in ms. The network interfaces of a deleted load balancer
 * keep its security group in use for some minutes.
 */
const IN_USE_TIMEOUT = 900_000;

/** The interval at which kas repeats such a deletion, in ms. */
const IN_USE_INTERVAL = 5_000;

/** The deletion of one resource, or of several resources in one call. */
export interface Deletion {
  readonly resource:
    | "alarm"
    | "subscription"
    | "topic"
    | "instance"
    | "balancer"
    | "target-group"
    | "rule"
    | "security-group";
  readonly names: readonly string[];
  readonly verb: keyof typeof DONE;
  readonly apply: () => Promise<unknown>;
}

/**
 * Returns the deletions in order. kas deletes alarms before the topic that they notify, and deregisters an instance before it
 * terminates the instance.
 *
 * @param onProgress called while kas waits until a resource is no longer in use
 */
export function deletionsOf(
  aws: Aws,
  plan: TeardownPlan,
  found: Survey,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Deletion[] {
  const { alarms, topic, balancer, foreignInstances } = found;
  const deletions: Deletion[] = [];
  let alarmsLeft = alarms.length;
  for (let i = 0; i < alarms.length; i += MAX_ALARMS) {
    const names = alarms.slice(i, i + MAX_ALARMS);
    const apply = async () => {
      await deleteAlarms(aws, names, signal);
      alarmsLeft -= names.length;
    };
    deletions.push({ resource: "alarm", names, verb: "delete", apply });
  }
  for (const { arn } of found.subscriptions) {
    const apply = () => unsubscribe(aws, arn);
    deletions.push({ resource: "subscription", names: [arn], verb: "delete", apply });
  }
  if (isOwnTopic(topic, plan)) {
    const apply = async () => {
      if (alarmsLeft > 0) throw new ExitError("alarms that notify the topic still exist");
      await deleteTopic(aws, topic);
    };
    deletions.push({ resource: "topic", names: [topicName(topic)], verb: "delete", apply });
  }
  const registered = new Set(balancer?.instances);
  const terminated = new Set(
    plan.instances
      ? found.instances.filter(({ state, autoScalingGroup }) =>
        state !== "shutting-down" && autoScalingGroup === undefined
      ).map(({ id }) => id)
      : [],
  );
  const ids = found.instances.map(({ id }) => id).filter((id) => registered.has(id) || terminated.has(id));
  const remove = batched(
    ids,
    (batch) => removeInstances(aws, found.ref, { ids: batch, registered, terminated }, signal),
  );
  for (const id of ids) {
    const verb = terminated.has(id) ? "terminate" : "deregister";
    deletions.push({ resource: "instance", names: [id], verb, apply: () => remove(id) });
  }
  if (foreignInstances.length > 0) return deletions;
  if (balancer !== undefined && found.isClassicOfSetup) {
    const { name } = balancer;
    const apply = () => deleteBalancer(aws, name);
    deletions.push({ resource: "balancer", names: [name], verb: "delete", apply });
  }
  return [...deletions, ...madeDeletions(aws, found, signal, onProgress)];
}

/** Returns the deletions of an Application or Network Load Balancer and of what belongs to it, in the order that AWS requires. */
function madeDeletions(
  aws: Aws,
  { made: { loadBalancer, targetGroup }, admissions }: Survey,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Deletion[] {
  const deletions: Deletion[] = [];
  let balancerLeft = loadBalancer !== undefined;
  const add = (
    resource: Deletion["resource"],
    name: string,
    apply: () => Promise<unknown>,
    verb: Deletion["verb"] = "delete",
  ) => void deletions.push({ resource, names: [name], verb, apply });
  // As long as the load balancer exists, what it needs must exist too.
  const afterBalancer = (title: string, apply: () => Promise<unknown>) => async () => {
    if (balancerLeft) throw new ExitError("its load balancer still exists");
    const onWait = () => onProgress(`wait until AWS has released ${title}`);
    const patience = { isPassing: isInUse, timeout: IN_USE_TIMEOUT, interval: IN_USE_INTERVAL, onWait };
    await repeated(apply, patience, signal);
  };
  if (loadBalancer !== undefined) {
    add("balancer", loadBalancer.name, async () => {
      await deleteLoadBalancer(aws, loadBalancer.arn);
      balancerLeft = false;
    });
  }
  if (targetGroup !== undefined) {
    const { name, arn } = targetGroup;
    add("target-group", name, afterBalancer(`target group ${name}`, () => deleteTargetGroup(aws, arn)));
  }
  for (const [{ id, name }, rules] of admissions) {
    let rulesLeft = rules.length;
    for (const rule of rules.filter(({ ofSetup }) => ofSetup)) {
      const title = `tcp:${rule.from} from ${name} to ${rule.group}`;
      const apply = afterBalancer(`rule ${title}`, async () => {
        await revoke(aws, rule, id);
        rulesLeft--;
      });
      add("rule", title, apply, "revoke");
    }
    if (!rules.every(({ ofSetup }) => ofSetup)) continue;
    const deleteGroup = afterBalancer(`security group ${name}`, () => deleteSecurityGroup(aws, id));
    add("security-group", name, async () => {
      if (rulesLeft > 0) throw new ExitError("rules that admit its members still exist");
      await deleteGroup();
    });
  }
  return deletions;
}

/** Returns a title such as `instance i-1` for each resource of a deletion. */
export function titlesOf({ resource, names }: Deletion): string[] {
  return names.map((name) => `${resource} ${name}`);
}

/** Summarizes deletions: `delete 4 alarms, delete 1 topic, terminate 2 instances`. */
export function summarize(deletions: readonly Deletion[]): string {
  const counts = new Map<string, number>();
  for (const { verb, resource, names } of deletions) {
    const key = `${verb} # ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + names.length);
  }
  return Array.from(
    counts,
    ([key, count]) => key.replace("#", String(count)) + (count === 1 ? "" : "s"),
  ).join(", ");
}

/** Makes a deletion and returns the rows to print. If the deletion fails, throws an error that names the resources. */
export async function applyDeletion(deletion: Deletion, signal: AbortSignal): Promise<Row[]> {
  const { resource, names, verb, apply } = deletion;
  try {
    await apply();
  } catch (error) {
    const known = toExitError(error);
    if (signal.aborted || !(known instanceof ExitError)) throw error;
    const { message, status, hint } = known;
    const title = titlesOf(deletion).join(", ");
    throw new ExitError(`Cannot ${verb} ${title}: ${message}`, status, hint, { cause: known });
  }
  return names.map((name) => ({ resource, name, action: DONE[verb] }));
}
