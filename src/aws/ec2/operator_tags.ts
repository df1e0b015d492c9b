/**
 * The tags on an instance with which an operator tells the autoscaler what to do with the instance, or what the operator has
 * done. EC2's own stop protection is in `instance_settings.ts`.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { outcomeOf } from "../calls.ts";
import { ec2 } from "./client.ts";
import { TAG } from "./ec2_instance.ts";

/** A tag that only operators write. */
export type OperatorTag = "protected" | "byOperator" | "detached";

/** Writes tags on instances. The values must not contain characters that AWS does not allow in tags. */
export async function tagInstances(
  aws: Aws,
  ids: readonly string[],
  values: Readonly<Partial<Record<OperatorTag, string>>>,
  signal?: AbortSignal,
): Promise<void> {
  const [client, { CreateTagsCommand }] = await ec2(aws);
  const Tags = Object.entries(values).map(([tag, Value]) => ({ Key: TAG[tag as OperatorTag], Value }));
  await client.send(new CreateTagsCommand({ Resources: [...ids], Tags }), sendOptions(signal));
}

/** Deletes tags of instances, whatever their values. Makes no call if `ids` is empty. */
export async function untagInstances(
  aws: Aws,
  ids: readonly string[],
  tags: readonly OperatorTag[],
  signal?: AbortSignal,
): Promise<void> {
  if (ids.length === 0) return;
  const [client, { DeleteTagsCommand }] = await ec2(aws);
  const command = new DeleteTagsCommand({
    Resources: [...ids],
    Tags: tags.map((tag) => ({ Key: TAG[tag] })),
  });
  await client.send(command, sendOptions(signal));
}

/**
 * Tags instances as stopped or deregistered by an operator, and then stops or deregisters them. The tags come first, so that the
 * autoscaler never sees the change without its tag. If AWS refuses the change, deletes the tags again.
 *
 * @param more other tags to write together with this one, with the same value: the time
 * @returns the result of `change`
 */
export async function byOperator<T>(
  aws: Aws,
  ids: readonly string[],
  signal: AbortSignal | undefined,
  change: () => Promise<T>,
  more: readonly OperatorTag[] = [],
): Promise<T> {
  const tags = ["byOperator", ...more] as const;
  const now = new Date().toISOString();
  await tagInstances(aws, ids, Object.fromEntries(tags.map((tag) => [tag, now])), signal);
  try {
    return await change();
  } catch (error) {
    // The instances stay in service. The operator needs the error of the change, so kas ignores an error of this call.
    if (outcomeOf(error) === "refused") await untagInstances(aws, ids, tags).catch(() => {});
    throw error;
  }
}
