/**
 * `kas admin balancers`: the account's Classic Load Balancers or the fleet's target group, and the instances registered with them.
 *
 * @module
 */
import type { Group } from "../../cli/command.ts";
import { create } from "./create.ts";
import { list } from "./list.ts";
import { deregisterCommand, registerCommand } from "./register.ts";

/** The command `kas admin balancers`. */
export const balancers: Group = {
  name: "balancers",
  summary: "List and create load balancers, register and deregister instances",
  default: "list",
  commands: [list, create, registerCommand, deregisterCommand],
};
