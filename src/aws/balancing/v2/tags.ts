/**
 * The tags of load balancers, listeners and target groups.
 *
 * @module
 */
import { type Aws, sendOptions } from "../../clients.ts";
import { listIn } from "../../errors.ts";
import type { Tag } from "../setup_tags.ts";
import { elbv2 } from "../target_group.ts";

/** The tags of a load balancer, listener or target group. */
export async function tagsOf(aws: Aws, arn: string, signal?: AbortSignal): Promise<readonly Tag[]> {
  const [client, { DescribeTagsCommand }] = await elbv2(aws);
  const command = new DescribeTagsCommand({ ResourceArns: [arn] });
  const { TagDescriptions } = await client.send(command, sendOptions(signal));
  return listIn(TagDescriptions, "ELB", "tags").flatMap(({ Tags }) => Tags ?? []);
}
