/**
 * `kas admin config`: prints each setting's effective value and its origin.
 *
 * @module
 */
import { command, kebab } from "../../cli/command.ts";
import { SETTINGS } from "../../settings/settings.ts";

/** The command `kas admin config`. */
export const config = command({
  name: "config",
  summary: "Print each setting's effective value, and where it was set",
  description:
    'The origin is "flag", the name of an environment variable, the path of a config file, or "default".',
  options: SETTINGS,
  run: async ({ origins, texts, out }) => {
    const rows = Object.keys(SETTINGS).map((name) => ({
      name: kebab(name),
      // Without a target group, the default load balancer has the fleet's name.
      value: texts[name] ??
        (name === "loadBalancer" && texts["targetGroup"] === undefined ? texts["fleet"] : undefined),
      origin: origins[name],
    }));
    await out.table(["name", "value", "origin"], rows);
  },
});
