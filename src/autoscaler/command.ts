/**
 * `kas autoscaler`.
 *
 * @module
 */
import { balancerRef } from "../aws/balancer.ts";
import { command, UsageError } from "../cli/command.ts";
import { hostPort, SETTINGS } from "../settings.ts";

/** Where nginx on the control instance expects it. */
const LISTEN = "127.0.0.1:10001";

/** What `--grow` without `--max` is told. */
export const UNBOUNDED = [
  "--grow needs --max, the most instances that the fleet may ever have, stopped and failed ones included",
  "--max 10",
] as const;

/** `kas autoscaler`: takes alarms in and scales the fleet until SIGINT or SIGTERM. */
export const autoscaler = command({
  name: "autoscaler",
  summary: "Receive CloudWatch alarms through SNS and scale the fleet",
  description:
    "POST / takes SNS's messages; GET /ping, /status, /activities and /metrics tell how things stand.\n" +
    "What is under way at SIGTERM stays on record in the state folder, and the next start goes on with it.\n" +
    "With --pull it reads the alarms every --resync and needs neither a topic, which it leaves alone, nor a port.",
  options: {
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
    dryRun: SETTINGS.dryRun,
    log: SETTINGS.log,
  },
  examples: [
    "autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas",
    "autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas --max 4 --dry-run",
    "autoscaler --pull --region eu-west-1",
    "autoscaler --pull --region eu-west-1 --grow kas-node --max 10 --shrink terminate",
  ],
  run: async ({ flags, signal }) => {
    const { pull, min, max, grow, shrink } = flags;
    // Whoever polls may have a topic all the same, in the environment for one.
    const topicArn = pull ? undefined : flags.topicArn;
    if (topicArn === undefined && !pull) {
      throw new UsageError(
        "kas autoscaler needs --topic-arn, the topic that the alarms notify, or --pull",
        "kas admin topics list",
      );
    }
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
    if (flags.resync === 0) {
      throw new UsageError("--resync 0 would read the alarms without a pause", "--resync 60s");
    }

    const [{ setUpLog }, { startAutoscaler }] = await Promise.all([
      import("../log.ts"),
      import("./service.ts"),
    ]);
    await using _log = await setUpLog(flags.log);
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => stopped.resolve(), { once: true });
    await using _service = await startAutoscaler({
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
      limits: {
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        warmup: flags.warmup,
        cooldownOut: flags.cooldownOut,
        cooldownIn: flags.cooldownIn,
        resync: flags.resync,
        ...(grow === undefined ? {} : { grow }),
        ...(shrink === "stop" ? {} : { shrink }),
      },
      startTimeout: flags.startTimeout,
      drainTimeout: flags.drainTimeout,
      resubscribe: flags.resubscribe,
      trustSigner: flags.trustSigner,
      dryRun: flags.dryRun,
    });
    if (!signal.aborted) await stopped.promise;
  },
});
