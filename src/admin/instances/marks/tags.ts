/**
 * The command `kas admin instances tags`.
 *
 * @module
 */
import { instanceTags } from "../../../aws/ec2/instances.ts";
import { command } from "../../../cli/command.ts";
import { ACCOUNT_OPTIONS, fleetMember, instancesById, withAws } from "../../account.ts";
import { forEachTarget } from "../targets.ts";

export const tags = command({
  name: "tags",
  summary: "List the tags of instances (default: all instances of the fleet)",
  args: "[ID…]",
  options: ACCOUNT_OPTIONS,
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, args, signal } = context;
      const fleet = await instancesById(aws, flags, signal);
      const ids = args.length > 0 ? args : [...fleet.keys()];
      const tagsById = await instanceTags(aws, ids.filter((id) => fleet.has(id)));
      // With --dry-run this command also lists the tags, because it changes nothing.
      const listing = { ...context, flags: { ...flags, dryRun: false } };
      return await forEachTarget(listing, ["id", "key", "value"], ids, (id) => {
        const { id: own } = fleetMember(fleet, id, flags);
        const rows = Object.entries(tagsById.get(own) ?? {}).map(([key, value]) => ({ id, key, value }));
        return { actions: [], apply: () => Promise.resolve(rows) };
      });
    }),
});
