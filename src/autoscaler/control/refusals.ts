/**
 * Which instances EC2 refuses to stop or to terminate. kas knows it from their properties, and from earlier refusals in the
 * journal.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { isProtected } from "../../aws/ec2/instance_settings.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { recent } from "../../scaling/model/observation.ts";
import type { Journal } from "../store/journal.ts";
import type { Refusal, ScaleInKind } from "../store/instances/refusals.ts";

/** How often kas asks EC2 whether an instance is still protected, in ms. kas makes one call for each instance. */
const REVIEW_INTERVAL = 900_000;

/** How long kas remembers a refusal if no attribute of the instance explains it, in ms. */
const MEMORY = 86_400_000;

/**
 * Returns why EC2 can never stop an instance, or undefined if it can. EC2 can stop a Spot instance only if its Spot request
 * is persistent. DescribeInstances does not show that, so kas stops no Spot instance. Source: EC2 user guide, "Stop and start
 * Amazon EC2 instances".
 */
function whyNever({ spot, instanceStore }: Ec2Instance): string | undefined {
  if (instanceStore) return "its root device is an instance store";
  return spot ? "it is a Spot instance" : undefined;
}

/** Returns why EC2 refuses to stop, or to terminate, instances, by the id of the instance. */
export function refusalsOf(
  journal: Journal,
  instances: readonly Ec2Instance[],
  action: ScaleInKind,
): Map<string, string> {
  const never = instances.flatMap((instance): [string, string][] => {
    const why = action === "stop" ? whyNever(instance) : undefined;
    return why === undefined ? [] : [[instance.id, why]];
  });
  return new Map([
    ...journal.refusals.of(action).map(({ instance, reason }) => [instance, reason] as const),
    ...never,
  ]);
}

/**
 * Forgets the refusals that are over, and those of instances that the fleet does not have any more. Asks EC2 about the
 * protection of an instance once per {@linkcode REVIEW_INTERVAL}. Rejects only if the signal aborts.
 */
export async function reviewRefusals(
  { aws, journal, now, signal }: {
    readonly aws: Aws;
    readonly journal: Journal;
    readonly now: number;
    readonly signal: AbortSignal;
  },
  instances: readonly Ec2Instance[],
  action: ScaleInKind,
): Promise<void> {
  const ids = new Set(instances.map(({ id }) => id));
  for (const refusal of journal.refusals.of(action)) {
    if (!ids.has(refusal.instance)) journal.refusals.forget(refusal);
    else if (!recent(refusal.checked, REVIEW_INTERVAL, now)) {
      if (await stillRefuses(aws, refusal, now, signal)) journal.refusals.note(refusal, now);
      else journal.refusals.forget(refusal);
    }
  }
}

/** Whether EC2 still refuses the action, as far as kas knows. */
async function stillRefuses(
  aws: Aws,
  { instance, action, since, protected: attribute }: Refusal,
  now: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (attribute) return await isProtected(aws, instance, action, signal);
  } catch {
    // EC2 did not answer. Remember the refusal for as long as a refusal whose cause kas cannot read.
    signal.throwIfAborted();
  }
  return recent(since, MEMORY, now);
}
