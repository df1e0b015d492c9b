/**
 * `kas admin config`: each effective setting, and where it came from.
 *
 * @module
 */
import { command, kebab } from "../../cli/command.ts";
import { SETTINGS } from "../../settings/table.ts";

/** `kas admin config`. */
export const config = command({
  name: "config",
  summary: "Each setting's effective value, and where it came from",
  description: "The origin is flag, an environment variable's name, a config file's path, or default.",
  options: SETTINGS,
  run: async ({ origins, texts, out }) => {
    const rows = Object.keys(SETTINGS).map((name) => ({
      name: kebab(name),
      // The load balancer's default is the fleet's name, if no target group is given instead.
      value: texts[name] ??
        (name === "loadBalancer" && texts["targetGroup"] === undefined ? texts["fleet"] : undefined),
      origin: origins[name],
    }));
    await out.table(["name", "value", "origin"], rows);
  },
});
