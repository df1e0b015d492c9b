/**
 * Quarantine: a tag on an instance that excludes it from scaling (R7).
 *
 * @module
 */
import { type Aws, sendOptions } from "../clients.ts";
import { ec2 } from "./client.ts";
import { TAG } from "./ec2_instance.ts";

/**
 * Quarantines an instance. The tag's value is the reason, and before it the time at which the quarantine ends.
 *
 * @param until ms since the epoch
 */
export async function quarantine(aws: Aws, id: string, reason: string, until?: number): Promise<void> {
  const [client, { CreateTagsCommand }] = await ec2(aws);
  const end = until === undefined ? "" : `until ${new Date(until).toISOString().replace(/\.\d+Z$/, "Z")}: `;
  const tag = { Key: TAG.quarantine, Value: tagValue(end + reason) };
  await client.send(new CreateTagsCommand({ Resources: [id], Tags: [tag] }));
}

/** Ends the quarantine of an instance, or of several. */
export async function endQuarantine(
  aws: Aws,
  ids: string | readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const [client, { DeleteTagsCommand }] = await ec2(aws);
  const command = new DeleteTagsCommand({ Resources: [ids].flat(), Tags: [{ Key: TAG.quarantine }] });
  await client.send(command, sendOptions(signal));
}

/**
 * Converts a text to the value of a tag: replaces each character that some AWS service does not allow in tags, and cuts
 * the text off after 256 characters. Source: EC2 user guide, "Tag restrictions".
 */
function tagValue(text: string): string {
  const allowed = text.replaceAll(/[;,]/g, " -").replaceAll(/[^\p{L}\p{N}_.:/=+\-@]+/gu, " ").trim();
  return Array.from(allowed).slice(0, 256).join("");
}
