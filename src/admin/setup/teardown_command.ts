/**
 * `kas admin teardown`: deletes what `kas admin setup` created, and with `--instances` the instances.
 *
 * @module
 */
import { balancerRef } from "../../aws/balancing/balancer.ts";
import { command } from "../../cli/command.ts";
import { flag, url } from "../../cli/parsers.ts";
import { ACCOUNT_OPTIONS, withAws } from "../account.ts";
import { confirmed, forEachTarget } from "../instances/targets.ts";
import { applyDeletion, deletionsOf, summarize, titlesOf } from "./deletions.ts";
import { keptResources, survey, type TeardownPlan } from "./teardown_survey.ts";

/** The command `kas admin teardown`. */
export const teardown = command({
  name: "teardown",
  summary: "Delete what setup created: the fleet's alarms, subscriptions, topic and load balancer",
  description:
    "Without --instances the instances stay, deregistered. These stay too: a topic without the fleet's name, a target\n" +
    "group, and a load balancer that serves other instances. If a deletion fails, the others are made: run it again.",
  options: {
    instances: {
      help: "terminate all instances of the fleet, base and control ones too",
      default: "false",
      parse: flag,
    },
    url: {
      placeholder: "URL",
      help: "the autoscaler's address, to find its subscription to a topic without the fleet's name",
      parse: url,
    },
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin teardown --dry-run", "admin teardown --instances --yes"],
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, out, signal } = context;
      const plan: TeardownPlan = { ...flags, balancer: balancerRef(flags) };
      const found = await survey(aws, plan, signal);
      const deletions = deletionsOf(aws, plan, found, signal);
      for (const sentence of keptResources(plan, found)) out.note(sentence);
      if (deletions.length === 0) out.note(`Fleet ${flags.fleet} has nothing to delete`);
      else if (!flags.dryRun) {
        const question = `Tear down fleet ${flags.fleet} for good: ${summarize(deletions)}?`;
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
