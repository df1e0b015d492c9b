/**
 * Protection: a tag on an instance, with which an operator forbids kas to stop or to terminate the instance (R8). EC2's own
 * stop protection is in `instance_settings.ts`.
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { ec2 } from "./client.ts";
import { TAG } from "./ec2_instance.ts";

/** Protects instances. The tag's value has no meaning. */
export async function protect(aws: Aws, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const [client, { CreateTagsCommand }] = await ec2(aws);
  const command = new CreateTagsCommand({
    Resources: [...ids],
    Tags: [{ Key: TAG.protected, Value: "true" }],
  });
  await client.send(command, sendOptions(signal));
}

/** Ends the protection of instances. */
export async function unprotect(aws: Aws, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const [client, { DeleteTagsCommand }] = await ec2(aws);
  const command = new DeleteTagsCommand({ Resources: [...ids], Tags: [{ Key: TAG.protected }] });
  await client.send(command, sendOptions(signal));
}
