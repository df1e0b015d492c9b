/**
 * The launch of an instance (R7), from where its way in goes on (R9): one for each activity, whatever gets lost on the way.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { launchInstances } from "../../aws/ec2/launch.ts";
import { type ActivityContext, ActivityError, settled } from "./activity_context.ts";
import type { Activity } from "../store/activities.ts";

/**
 * Launches an activity's instance, on record before and after: whoever repeats it after a crash is given the same one.
 *
 * @throws {ActivityError} if EC2 refuses it
 */
export async function launch(
  { environment, journal, signal }: Omit<ActivityContext, "id">,
  activity: Activity,
): Promise<Ec2Instance> {
  const { aws, fleet: { fleet, keyName }, clock } = environment;
  const { template } = activity;
  if (template === undefined) throw new ActivityError("the launch template is not on record", false);
  const wanted = {
    fleet,
    role: "node",
    count: 1,
    launchTemplate: template,
    token: clientToken(fleet, activity),
    ...(keyName === undefined ? {} : { keyName }),
  } as const;
  const take = () =>
    settled({ environment, signal }, {
      what: `the launch from ${template}`,
      // Without an answer it may have been launched or not: what is not known must not be given up.
      timeout: Infinity,
      attempt: async () => {
        const [launched] = await launchInstances(aws, wanted);
        if (launched === undefined) throw new ActivityError("EC2 launched none, and did not say why", false);
        return launched;
      },
    });
  return await journal.launch(activity, { now: clock.now, signal, take });
}

/** Of an activity and no other, of this state folder's or another's: 64 characters, the most that EC2 takes. */
function clientToken(fleet: string, { id, began }: Activity): string {
  return createHash("sha256").update(`${fleet} ${id} ${began}`).digest("hex");
}
