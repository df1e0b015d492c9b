/**
 * Which instances EC2 refuses to scale in: by what EC2 lists of them, and by refusals that kas remembers.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { isProtected } from "../../aws/ec2/instance_settings.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { recent } from "../../scaling/model/observation.ts";
import type { Journal } from "../store/journal.ts";
import type { Refusal, ScaleInKind } from "../store/instances/refusals.ts";

/** How often kas asks EC2 whether a protection still holds, in ms: a call for each instance that refused. */
const REVIEW_INTERVAL = 900_000;

/** How long kas remembers a refusal whose cause it cannot read, in ms. */
const MEMORY = 86_400_000;

/**
 * Why EC2 cannot stop an instance, by what it is. EC2 stops only those Spot instances whose request is persistent, which it does not
 * list. Source: EC2 user guide, "Stop and start Amazon EC2 instances".
 */
function whyNever({ spot, instanceStore }: Ec2Instance): string | undefined {
  if (instanceStore) return "its root device is an instance store";
  return spot ? "it is a Spot instance" : undefined;
}

/** Why EC2 refuses to stop, or to terminate, instances of the fleet: by the id of the instance. */
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
    ...journal.refusals(action).map(({ instance, reason }) => [instance, reason] as const),
    ...never,
  ]);
}

/** Forgets the refusals that do not hold any more. Asks EC2 about a protection only once in a while. Never rejects. */
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
  for (const refusal of journal.refusals(action)) {
    if (!ids.has(refusal.instance)) journal.forgetRefusal(refusal);
    else if (!recent(refusal.checked, REVIEW_INTERVAL, now)) {
      if (await holds(aws, refusal, now, signal)) journal.noteRefusal(refusal, now);
      else journal.forgetRefusal(refusal);
    }
  }
}

/** Whether EC2 still refuses, as far as kas can tell. */
async function holds(
  aws: Aws,
  { instance, action, since, protected: attribute }: Refusal,
  now: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (attribute) return await isProtected(aws, instance, action, signal);
  } catch {
    // Without an answer the refusal holds for as long as one whose cause kas cannot read.
    signal.throwIfAborted();
  }
  return recent(since, MEMORY, now);
}
