/**
 * Launches exactly one instance for each activity, even if a request fails or the autoscaler restarts (R7). The steps of
 * scaling out follow (R9).
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { launchInstances } from "../../aws/ec2/launch.ts";
import type { Activity } from "../store/activities.ts";
import { type ActivityContext, ActivityError } from "./activity_context.ts";
import { attemptInTime } from "./step.ts";

/**
 * Launches the instance of an activity. If kas repeats the call after a crash, EC2 returns the same instance.
 *
 * @throws {ActivityError} if EC2 refuses the launch
 */
export async function launch(
  { environment, journal, signal }: Omit<ActivityContext, "id">,
  activity: Activity,
): Promise<Ec2Instance> {
  const { aws, fleet: { fleet, keyName }, runtime: { clock } } = environment;
  const { template } = activity;
  if (template === undefined) throw new ActivityError("The journal lacks the launch template");
  const wanted = {
    fleet,
    role: "node",
    count: 1,
    launchTemplate: template,
    token: clientToken(fleet, activity),
    ...(keyName === undefined ? {} : { keyName }),
  } as const;
  const take = () =>
    attemptInTime({ environment, signal }, {
      failure: `EC2 did not launch an instance from ${template}`,
      // If EC2 does not answer, it may have launched the instance. So repeat the request until EC2 answers.
      timeout: Infinity,
      attempt: async () => {
        const [launched] = await launchInstances(aws, wanted);
        if (launched === undefined) {
          throw new ActivityError("EC2 launched no instance and gave no reason");
        }
        return launched;
      },
    });
  return await journal.launch(activity, { now: clock.now, signal, take });
}

/** Returns the client token of an activity. The token is unique across state folders and has 64 characters, EC2's maximum. */
function clientToken(fleet: string, { id, began }: Activity): string {
  return createHash("sha256").update(`${fleet} ${id} ${began}`).digest("hex");
}
