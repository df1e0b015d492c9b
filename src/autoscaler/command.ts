/**
 * `kas autoscaler`.
 *
 * @module
 */
import { balancerRef } from "../aws/balancing/balancer.ts";
import { command, ExitError, kebab, UsageError, type Values } from "../cli/command.ts";
import { reread } from "../cli/flags.ts";
import { dropPermissions } from "../process/permissions.ts";
import { hostPort } from "../cli/parsers.ts";
import { settingsLookup } from "../settings/load.ts";
import { SETTINGS } from "../settings/table.ts";
import type { Tuning } from "./options.ts";
import type { Service, ServiceOptions, startService } from "./service.ts";
import { UnusableError } from "./unusable.ts";

/** Where nginx on the control instance expects it. */
const LISTEN = "127.0.0.1:10001";

/** What `--grow` without `--max` is told. */
export const UNBOUNDED = [
  "--grow needs --max, the most instances that the fleet may ever have, stopped and failed ones included",
  "--max 10",
] as const;

/** How an autoscaler scales, and whom it believes. */
export const SCALING = {
  min: SETTINGS.min,
  max: SETTINGS.max,
  grow: SETTINGS.grow,
  shrink: SETTINGS.shrink,
  resync: SETTINGS.resync,
  pull: SETTINGS.pull,
  warmup: SETTINGS.warmup,
  cooldownOut: SETTINGS.cooldownOut,
  cooldownIn: SETTINGS.cooldownIn,
  startTimeout: SETTINGS.startTimeout,
  drainTimeout: SETTINGS.drainTimeout,
  resubscribe: SETTINGS.resubscribe,
  trustSigner: SETTINGS.trustSigner,
};

/** What it is started with. */
const OPTIONS = {
  fleet: SETTINGS.fleet,
  loadBalancer: SETTINGS.loadBalancer,
  targetGroup: SETTINGS.targetGroup,
  topicArn: SETTINGS.topicArn,
  region: SETTINGS.region,
  profile: SETTINGS.profile,
  endpointUrl: SETTINGS.endpointUrl,
  keyName: SETTINGS.keyName,
  listen: {
    ...SETTINGS.listen,
    help: `${SETTINGS.listen.help}; by default ${LISTEN}, with --pull nowhere`,
  },
  state: SETTINGS.state,
  ...SCALING,
  dryRun: SETTINGS.dryRun,
  log: SETTINGS.log,
};

type Flags = Values<typeof OPTIONS>;

/** `kas autoscaler`: takes alarms in and scales the fleet until SIGINT or SIGTERM. */
export const autoscaler = command({
  name: "autoscaler",
  summary: "Receive CloudWatch alarms through SNS and scale the fleet",
  description:
    "POST / takes SNS's messages; GET /ping, /status, /activities and /metrics tell how things stand.\n" +
    "What is under way at SIGTERM stays on record in the state folder, and the next start goes on with it.\n" +
    "With --pull it reads the alarms every --resync and needs neither a topic, which it leaves alone, nor a port.",
  options: OPTIONS,
  examples: [
    "autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas",
    "autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas --max 4 --dry-run",
    "autoscaler --pull --region eu-west-1",
    "autoscaler --pull --region eu-west-1 --grow kas-node --max 10 --shrink terminate",
  ],
  run: async (context) => {
    const { flags, signal } = context;
    const { pull } = flags;
    // Whoever polls may have a topic all the same, in the environment for one.
    const topicArn = pull ? undefined : flags.topicArn;
    if (topicArn === undefined && !pull) {
      throw new UsageError(
        "kas autoscaler needs --topic-arn, the topic that the alarms notify, or --pull",
        "kas admin topics list",
      );
    }
    const tuning = tuningOf(flags);

    const [{ getLogger }, { setUpLog }, { startService }, { connectSystemd }] = await Promise.all([
      import("@logtape/logtape"),
      import("../log.ts"),
      import("./service.ts"),
      import("../process/notify.ts"),
    ]);
    await using _log = await setUpLog(flags.log);
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => stopped.resolve(), { once: true });
    await using service = start(startService, {
      // A topic notifies of its own region's alarms, and a target group is in its own, so that is where the fleet is.
      account: {
        region: flags.region ?? (topicArn ?? flags.targetGroup)?.split(":")[3],
        profile: flags.profile,
        endpointUrl: flags.endpointUrl,
      },
      fleet: { fleet: flags.fleet, keyName: flags.keyName, balancer: balancerRef(flags) },
      topicArn,
      listen: flags.listen ?? (pull ? undefined : hostPort(LISTEN)),
      state: flags.state,
      ...tuning,
      resubscribe: flags.resubscribe,
      trustSigner: flags.trustSigner,
      dryRun: flags.dryRun,
    });

    const log = getLogger(["kas", "autoscaler"]);
    let current = flags;
    const reload = () => {
      try {
        const next = reread(OPTIONS, context, settingsLookup());
        service.tune(tuningOf({ ...next, grow: flags.grow, shrink: flags.shrink }));
        log.info("read the settings again", {
          changed: differing(current, next, { tunable: true }),
          needsRestart: differing(flags, next, { tunable: false }),
        });
        current = next;
      } catch (error) {
        log.error("kept the settings as they were", { reason: (error as Error).message });
      }
    };
    // To a terminal that is closed, SIGHUP means what it always did.
    if (!Deno.stdin.isTerminal()) Deno.addSignalListener("SIGHUP", reload);
    using systemd = await connectSystemd({ alive: () => service.alive() });
    // What stays is the network, the environment and reading: for AWS's credentials and for `reload`. The state folder's
    // files are open.
    dropPermissions("write", "run", "ffi", "import");
    systemd.ready();

    if (!signal.aborted) await stopped.promise;
    systemd.stopping();
    Deno.removeSignalListener("SIGHUP", reload);
  },
});

/** Starts the service, with an exit status for a state folder or a port that it cannot use. */
function start(service: typeof startService, options: ServiceOptions): Service {
  try {
    return service(options);
  } catch (cause) {
    if (!(cause instanceof UnusableError)) throw cause;
    throw new ExitError(cause.message, 1, cause.hint, { cause });
  }
}

/**
 * What may change while it runs.
 *
 * @throws {UsageError} if settings contradict each other
 */
function tuningOf(
  { min, max, grow, shrink, resync, warmup, cooldownOut, cooldownIn, startTimeout, drainTimeout }: Flags,
): Tuning {
  if (min !== undefined && max !== undefined && min > max) {
    throw new UsageError(`--min ${min} is above --max ${max}`, `--min ${max} --max ${min}`);
  }
  if (grow !== undefined && max === undefined) throw new UsageError(...UNBOUNDED);
  if (grow === undefined && shrink === "terminate") {
    throw new UsageError(
      "--shrink terminate without --grow would end with no node left to start",
      "--shrink stop, or --grow TEMPLATE --max N",
    );
  }
  if (resync === 0) {
    throw new UsageError("--resync 0 would read the alarms without a pause", "--resync 60s");
  }
  return {
    limits: {
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      warmup,
      cooldownOut,
      cooldownIn,
      resync,
      ...(grow === undefined ? {} : { grow }),
      ...(shrink === "stop" ? {} : { shrink }),
    },
    startTimeout,
    drainTimeout,
  };
}

/** The settings whose change takes effect at once. */
const TUNABLE: ReadonlySet<string> = new Set(
  ["min", "max", "resync", "warmup", "cooldownOut", "cooldownIn", "startTimeout", "drainTimeout"],
);

/** The settings that differ, by the names of their flags: those that may change at once, or the others. */
function differing(before: Flags, after: Flags, { tunable }: { readonly tunable: boolean }): string[] {
  const text = (flags: Flags, name: string) =>
    JSON.stringify(Object.entries(flags).find(([key]) => key === name)?.[1]);
  return Object.keys(OPTIONS).filter((name) =>
    TUNABLE.has(name) === tunable && text(before, name) !== text(after, name)
  ).map(kebab);
}
