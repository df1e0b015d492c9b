/**
 * `kas admin scale`: the operator changes the capacity. kas makes the same checks as the autoscaler.
 *
 * @module
 */
import { z } from "zod";
import { MOST_INSTANCES } from "../../../autoscaler/http/operator/socket_path.ts";
import { requireMax, requireMetrics } from "../../../autoscaler/flags/limits.ts";
import { type Command, command, type Group, kebab, UsageError } from "../../../cli/command.ts";
import { isoTime } from "../../../cli/format.ts";
import { duration, integer, text } from "../../../cli/parsers.ts";
import { SETTINGS } from "../../../settings/settings.ts";
import { ACCOUNT_OPTIONS, type AccountContext, withAws } from "../../account.ts";
import { fleetsBalancer } from "../../balancers/lookup.ts";
import { askAutoscaler, AUTOSCALER, runOnHost } from "../autoscaler_socket.ts";
import { type OwnFlags, ownScaler } from "./own.ts";
import { runScale } from "./run.ts";
import type { ScaleRequest } from "./scaler.ts";
import { autoscalerScaler, OVERRIDE } from "./through.ts";

/** The options that apply only if this process scales the fleet. A running autoscaler has its own settings. */
const OWN = {
  healthCheck: SETTINGS.healthCheck,
  address: SETTINGS.address,
  min: SETTINGS.min,
  max: SETTINGS.max,
  schedules: SETTINGS.schedules,
  policies: SETTINGS.policies,
  metrics: SETTINGS.metrics,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  warmup: SETTINGS.warmup,
  startTimeout: SETTINGS.startTimeout,
  drainTimeout: SETTINGS.drainTimeout,
  drainRequest: SETTINGS.drainRequest,
  quarantineFor: SETTINGS.quarantineFor,
};

const OPTIONS = {
  ...OWN,
  ...AUTOSCALER,
  state: {
    placeholder: "DIR",
    help: "let the running autoscaler with this state folder scale, with its own settings",
    parse: text,
  },
  ...ACCOUNT_OPTIONS,
};

/** The values of the command's options. */
interface ScaleFlags extends OwnFlags {
  readonly state: string | undefined;
  readonly ssh: string | undefined;
}

/** Where and how kas scales. */
const DESCRIPTION =
  "This machine sends the health check to each instance's public DNS name, else to its private address. --address changes that.\n" +
  "With --state or --ssh, the running autoscaler scales, and its settings and pauses apply. --dry-run prints what kas would do.";

/** The command `kas admin scale`. */
export const scale: Group = {
  name: "scale",
  summary: "Scale out, in or to a capacity, with the autoscaler's checks",
  commands: [
    direction("out", "Start instances and put them into service"),
    direction("in", "Drain and stop instances"),
    command({
      name: "to",
      args: "N",
      summary: "Scale until N instances are in service",
      description:
        "Starts or stops instances, with the autoscaler's checks. If N is outside the bounds in force, kas refuses the command with\n" +
        "exit status 2. Without --for, the command ends when N instances are in service. The exit status is 1 if a check holds an\n" +
        "action back, if an activity fails, or if the autoscaler does not reach N within 15 minutes. With --for, the autoscaler\n" +
        "keeps this capacity for that time, also after a restart, whatever the alarms report. kas admin scale auto ends it earlier.\n\n" +
        DESCRIPTION,
      options: {
        for: {
          placeholder: "TIME",
          help: "let the running autoscaler keep the capacity for this time, such as 2h",
          parse: duration,
        },
        ...OPTIONS,
      },
      examples: ["admin scale to 4", "admin scale to 4 --for 2h --ssh admin@203.0.113.7"],
      run: async (context) => {
        const { args: [number = ""], flags: { for: length } } = context;
        const capacity = numberOf(number, 0);
        const words = ["admin", "scale", "to", `${capacity}`];
        const request = { kind: "operator", direction: "to", capacity } as const;
        if (length === undefined) return await scaleBy(request, words, context);
        const { state = SETTINGS.state.default } = context.flags;
        const flags = { ...context.flags, state };
        return await scaleBy(
          { ...request, until: Date.now() + length },
          [...words, "--for", `${length}ms`],
          { ...context, flags },
        );
      },
    }),
    command({
      name: "auto",
      summary: "End the capacity that kas admin scale to asked for: the policies decide again",
      options: AUTOSCALER,
      examples: ["admin scale auto", "admin scale auto --ssh admin@203.0.113.7"],
      run: async ({ flags, out, signal }) => {
        if (flags.ssh !== undefined) {
          return await runOnHost(flags.ssh, ["admin", "scale", "auto"], flags, out);
        }
        const { override } = await askAutoscaler(
          flags,
          "auto",
          {},
          z.object({ override: OVERRIDE }),
          signal,
        );
        await out.table(
          ["capacity", "since", "until"],
          override === null ? [] : [{
            capacity: override.capacity,
            since: isoTime(override.since),
            until: isoTime(override.until),
          }],
        );
        if (override === null) out.note("No capacity of an operator applied.");
        return 0;
      },
    }),
  ],
};

function direction(kind: "out" | "in", summary: string): Command {
  return command({
    name: kind,
    args: "[N]",
    summary,
    description:
      "Makes the same checks as the autoscaler, starts or stops N instances (default: 1), and waits until each is in service or\n" +
      "stopped. With --grow, kas launches a node if no standby node is left. With --shrink terminate, kas terminates a node\n" +
      "instead of stopping it. The exit status is 1 if a check holds an action back, or if an activity fails.\n\n" +
      DESCRIPTION,
    options: {
      instance: { placeholder: "ID", help: "start or stop only this instance", parse: text },
      ...OPTIONS,
    },
    examples: [
      `admin scale ${kind}`,
      `admin scale ${kind} 2`,
      `admin scale ${kind} --instance i-0123456789abcdef0 --dry-run`,
    ],
    run: async (context) => {
      const { args: [number = "1"], flags: { instance } } = context;
      const count = numberOf(number, 1);
      if (instance !== undefined && count > 1) {
        throw new UsageError(`--instance names one instance, so kas cannot scale by ${count}`);
      }
      return await scaleBy(
        {
          kind: "operator",
          direction: kind,
          ...(instance === undefined ? {} : { instance }),
          ...(count === 1 ? {} : { count }),
        },
        [
          ...["admin", "scale", kind],
          ...(count === 1 ? [] : [`${count}`]),
          ...(instance === undefined ? [] : ["--instance", instance]),
        ],
        context,
      );
    },
  });
}

/** Parses the number of instances in a command. */
function numberOf(argument: string, least: number): number {
  try {
    return integer(least, MOST_INSTANCES)(argument);
  } catch (cause) {
    throw new UsageError(`Cannot use "${argument}" as N: ${(cause as Error).message}`);
  }
}

/**
 * Scales on a host over SSH, through the running autoscaler, or in this process. Returns the exit status.
 *
 * @param words the words of the command after `kas`, without the options that all commands of the group have
 */
async function scaleBy(
  request: ScaleRequest,
  words: readonly string[],
  context: AccountContext & {
    readonly flags: ScaleFlags;
    readonly origins: Readonly<Record<string, string>>;
  },
): Promise<number> {
  const { flags, origins, out, signal } = context;
  const { ssh, state, dryRun, yes } = flags;
  if (ssh !== undefined || state !== undefined) refuseOwn(origins);
  // The autoscaler knows its fleet, so the default of --fleet is not for the autoscaler.
  const fleet = origins["fleet"] === "default" ? undefined : flags.fleet;
  if (ssh !== undefined) {
    const switches = Object.entries({ dryRun, yes }).flatMap((
      [name, on],
    ) => (on ? [`--${kebab(name)}`] : []));
    return await runOnHost(
      ssh,
      [...words, ...switches],
      { ...flags, fleet, state: state ?? SETTINGS.state.default },
      out,
    );
  }
  if (state !== undefined) {
    return await runScale(autoscalerScaler({ state, fleet }, signal), request, context);
  }
  if (request.direction !== "in") requireMax(flags);
  requireMetrics(flags);
  return await withAws(context, async (aws) => {
    const balancer = await fleetsBalancer(aws, flags, signal);
    await using scaler = ownScaler(aws, flags, balancer, words, signal);
    return await runScale(scaler, request, context);
  });
}

/**
 * Refuses options that have no effect if a running autoscaler scales.
 *
 * @throws {UsageError} if the command line has such an option
 */
function refuseOwn(origins: Readonly<Record<string, string>>): void {
  const given = Object.keys(OWN).find((name) => origins[name] === "flag");
  if (given === undefined) return;
  throw new UsageError(
    `--${kebab(given)} has no effect with --state and --ssh: the autoscaler has its own settings`,
  );
}
