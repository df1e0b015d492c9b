/**
 * `kas admin topics`: SNS topics, and the subscriptions of the fleet's topic.
 *
 * @module
 */
import type { Group } from "../../cli/command.ts";
import { create, list } from "./topics.ts";
import { subscribe, subscriptions, unsubscribe } from "./subscriptions.ts";

/** The command `kas admin topics`. */
export const topics: Group = {
  name: "topics",
  summary: "List and create SNS topics, and manage the subscriptions of the fleet's topic",
  default: "list",
  commands: [list, create, subscriptions, subscribe, unsubscribe],
};
