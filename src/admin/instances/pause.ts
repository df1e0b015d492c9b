/**
 * `kas admin pause` and `kas admin resume`: an operator pauses the scaling of a running autoscaler.
 *
 * @module
 */
import { z } from "zod";
import { LONGEST_REASON } from "../../autoscaler/http/operator/socket_path.ts";
import { command, UsageError } from "../../cli/command.ts";
import type { Output } from "../../cli/output.ts";
import { duration } from "../../cli/parsers.ts";
import type { Direction } from "../../scaling/model/activity.ts";
import { parseUntil } from "../journal/moment.ts";
import { askAutoscaler, AUTOSCALER, runOnHost } from "./autoscaler_socket.ts";

const COLUMNS = ["direction", "paused", "since", "until", "reason"];

/** The answer of the autoscaler: the pauses that are in force, by direction. */
const ANSWER = z.object({
  paused: z.record(
    z.string(),
    z.object({ since: z.string(), until: z.string().nullable(), reason: z.string().nullable() }),
  ),
});

/** The command `kas admin pause`. */
export const pause = command({
  name: "pause",
  summary: "Pause scaling out, scaling in or both until a time or until kas admin resume",
  description:
    "While a direction is paused, the autoscaler starts no activity in that direction, not even to restore the minimum.\n" +
    "Activities in progress continue. The pause survives a restart of the autoscaler.",
  args: "[DIRECTION]",
  options: {
    until: {
      placeholder: "TIME",
      help: "end the pause at this time, such as 2026-11-24T08:30:00Z or 08:30 (UTC)",
      parse: (text: string) => parseUntil(text),
    },
    for: {
      placeholder: "TIME",
      help: "end the pause after this time, such as 2h",
      parse: duration,
      excludes: "until",
    },
    reason: { placeholder: "TEXT", help: "why the scaling is paused", parse: parseReason },
    ...AUTOSCALER,
  },
  examples: [
    "admin pause in --for 2h --reason 'load test'",
    "admin pause --until 08:30 --ssh admin@203.0.113.7",
  ],
  run: async ({ flags, args: [direction], out, signal }) => {
    const directions = directionsOf(direction);
    const { ssh, for: length, reason } = flags;
    if (ssh !== undefined) {
      const words = [
        ...(direction === undefined ? [] : [direction]),
        ...(flags.until === undefined ? [] : ["--until", new Date(flags.until).toISOString()]),
        ...(length === undefined ? [] : ["--for", `${length}ms`]),
        ...(reason === undefined ? [] : ["--reason", reason]),
      ];
      return await runOnHost(ssh, ["admin", "pause", ...words], flags, out);
    }
    const until = length === undefined ? flags.until : Date.now() + length;
    await print(await askAutoscaler(flags, "pause", { directions, until, reason }, ANSWER, signal), out);
    return 0;
  },
});

/** The command `kas admin resume`. */
export const resume = command({
  name: "resume",
  summary: "End a pause of scaling out, scaling in or both",
  args: "[DIRECTION]",
  options: AUTOSCALER,
  examples: ["admin resume", "admin resume in --ssh admin@203.0.113.7"],
  run: async ({ flags, args: [direction], out, signal }) => {
    const directions = directionsOf(direction);
    if (flags.ssh !== undefined) {
      const words = ["admin", "resume", ...(direction === undefined ? [] : [direction])];
      return await runOnHost(flags.ssh, words, flags, out);
    }
    await print(await askAutoscaler(flags, "resume", { directions }, ANSWER, signal), out);
    return 0;
  },
});

/** Returns the directions that the operator names: `out`, `in`, or both without an argument. */
function directionsOf(argument: string | undefined): readonly Direction[] {
  switch (argument) {
    case undefined:
      return ["out", "in"];
    case "out":
    case "in":
      return [argument];
    default:
      throw new UsageError(`Unknown direction "${argument}": expected out or in`);
  }
}

function parseReason(text: string): string {
  if (text.trim() === "" || text.length > LONGEST_REASON || /\p{Cc}/u.test(text)) {
    throw new TypeError(`expected one line of 1 to ${LONGEST_REASON} characters`);
  }
  return text;
}

/** Prints which directions are paused. */
async function print({ paused }: z.infer<typeof ANSWER>, out: Output): Promise<void> {
  await out.table(
    COLUMNS,
    ["out", "in"].map((direction) => ({
      direction,
      paused: paused[direction] !== undefined,
      ...paused[direction],
    })),
  );
}
