/**
 * `kas admin instances`: the commands for the fleet's instances.
 *
 * @module
 */
import type { Group } from "../../cli/command.ts";
import { start, stop, terminate } from "./change_state.ts";
import { create } from "./create.ts";
import { list } from "./list.ts";
import { adopt, attach } from "./marks/attach.ts";
import { detach } from "./marks/detach.ts";
import { protect, release, unprotect } from "./marks/marks.ts";
import { tags } from "./marks/tags.ts";

/** The command `kas admin instances`. */
export const instances: Group = {
  name: "instances",
  summary: "List, create, start, stop and terminate the fleet's instances",
  default: "list",
  commands: [list, create, start, stop, terminate, protect, unprotect, release, detach, attach, adopt, tags],
};
