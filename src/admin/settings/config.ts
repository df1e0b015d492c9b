/**
 * `kas admin config`: prints the value of each setting, and where the value was set.
 *
 * @module
 */
import { command, kebab } from "../../cli/command.ts";
import { SETTINGS } from "../../settings/settings.ts";

/** The command `kas admin config`. */
export const config = command({
  name: "config",
  summary: "Print the value of each setting, and where the value was set",
  description:
    'ORIGIN is "flag", the name of an environment variable, the path of a config file, or "default".',
  options: SETTINGS,
  run: async ({ origins, texts, out }) => {
    const rows = Object.keys(SETTINGS).map((name) => ({
      name: kebab(name),
      // If neither --load-balancer nor --target-group is set, kas uses the load balancer with the fleet's name.
      value: texts[name] ??
        (name === "loadBalancer" && texts["targetGroup"] === undefined ? texts["fleet"] : undefined),
      origin: origins[name],
    }));
    await out.table(["name", "value", "origin"], rows);
  },
});
