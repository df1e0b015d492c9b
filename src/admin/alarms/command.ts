/**
 * `kas admin alarms`: the fleet's CloudWatch alarms.
 *
 * @module
 */
import type { Group } from "../../cli/command.ts";
import { remove } from "./delete.ts";
import { list } from "./list.ts";
import { set } from "./set.ts";
import { test } from "./set_state.ts";

/** The command `kas admin alarms`. */
export const alarms: Group = {
  name: "alarms",
  summary: "List, set, delete and test the fleet's alarms",
  default: "list",
  commands: [list, set, remove, test],
};
