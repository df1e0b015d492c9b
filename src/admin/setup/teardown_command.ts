/**
 * `kas admin teardown`: deletes what `kas admin setup` created, and with `--instances` the instances.
 *
 * @module
 */
import { type BalancerRef, balancerRef, type BalancerSettings } from "../../aws/balancing/balancer.ts";
import { command } from "../../cli/command.ts";
import { flag, url } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { confirmed, forEachTarget } from "../instances/targets.ts";
import { applyDeletion, deletionsOf, summarize, titlesOf } from "./deletions.ts";
import { keptResources, survey, type TeardownPlan } from "./teardown_survey.ts";

/** The command `kas admin teardown`. */
export const teardown = command({
  name: "teardown",
  summary: "Delete what kas admin setup created: the fleet's alarms, subscriptions, topic and load balancer",
  description:
    "Without --instances, kas deregisters the instances but does not terminate them. kas deletes the load balancer, target group,\n" +
    "rules and security group that kas admin setup has created: it finds them by their tags. kas keeps a topic that does not have\n" +
    "the fleet's name, a load balancer or target group without these tags, and a load balancer with which other instances are\n" +
    "registered. If a deletion fails, kas continues with the next deletion. You can then run this command again. AWS releases\n" +
    "the security group of a load balancer some minutes after the load balancer: kas waits.",
  options: {
    instances: {
      help: "terminate all instances of the fleet, including base and control instances",
      default: "false",
      parse: flag,
    },
    url: {
      placeholder: "URL",
      help: "delete the subscription of this URL, if the topic does not have the fleet's name",
      parse: url,
    },
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin teardown --dry-run", "admin teardown --instances --yes"],
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, out, signal } = context;
      const plan: TeardownPlan = { ...flags, balancer: namedBalancer(flags) };
      const found = await survey(aws, plan, signal);
      const deletions = deletionsOf(aws, plan, found, signal, (text) => out.progress(text));
      for (const sentence of keptResources(plan, found)) out.note(sentence);
      if (deletions.length === 0) {
        out.note(
          `Fleet ${flags.fleet} has nothing to delete. AWS shows what was created in the last seconds only later.`,
        );
      } else if (!flags.dryRun) {
        const question = `Tear down fleet ${flags.fleet} permanently: ${summarize(deletions)}?`;
        if (!await confirmed(context, question)) return 1;
      }
      const byTitle = new Map(deletions.map((deletion) => [titlesOf(deletion).join(", "), deletion]));
      return await forEachTarget(context, ["resource", "name", "action"], [...byTitle.keys()], (title) => {
        const deletion = byTitle.get(title);
        if (deletion === undefined) throw new RangeError(`There is no deletion ${title}`);
        return {
          actions: titlesOf(deletion).map((each) => `${deletion.verb} ${each}`),
          apply: () => applyDeletion(deletion, signal),
        };
      });
    }),
});

/**
 * Returns the load balancer that the flags name. An Application or Network Load Balancer of setup needs no flags, because teardown finds
 * it by its tags.
 */
function namedBalancer(settings: BalancerSettings): BalancerRef {
  const { balancer, targetGroup = [] } = settings;
  const isMade = (balancer === "application" || balancer === "network") && targetGroup.length === 0;
  return balancerRef(isMade ? { ...settings, balancer: "none" } : settings);
}
