/**
 * The command `kas autoscaler`.
 *
 * @module
 */
import { command, ExitError } from "../cli/command.ts";
import { dropPermissions } from "../process/permissions.ts";
import { hostPort } from "../cli/parsers.ts";
import { settingsLookup } from "../settings/load.ts";
import { fleetOptions, readFleets, tuningsOf } from "./flags/fleets.ts";
import { LISTEN, OPTIONS } from "./flags/options.ts";
import { reloaded, withoutGrowth } from "./flags/reload.ts";
import { SOCKET } from "./http/operator/socket_path.ts";
import type { Service, ServiceOptions, startService } from "./service.ts";
import { UnusableError } from "./store/folder/unusable.ts";

/** How often the autoscaler checks that its state folder is still at its path, in ms. */
const PLACE_CHECK = 1_000;

/** `kas autoscaler`: scales the fleet until SIGINT or SIGTERM. */
export const autoscaler = command({
  name: "autoscaler",
  summary: "Receive CloudWatch alarms through SNS and scale the fleet",
  description:
    "POST / receives SNS messages. GET /ping, /status, /activities and /metrics report the state.\n" +
    "At SIGTERM, activities in progress stay in the state folder's journal, and the next start resumes them.\n" +
    "With --pull, the autoscaler reads the alarms every --resync. It needs neither a topic nor an open port.\n" +
    "If the config file has several fleets, the autoscaler scales all of them. A flag or a variable then sets the value of every fleet.",
  options: OPTIONS,
  examples: [
    "autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas",
    "autoscaler --topic-arn arn:aws:sns:eu-west-1:123456789012:kas --max 4 --dry-run",
    "autoscaler --pull --region eu-west-1",
    "autoscaler --pull --region eu-west-1 --grow kas-node --max 10 --shrink terminate",
  ],
  run: async (context) => {
    const { flags, signal } = context;
    const fleets = await readFleets(context, settingsLookup());
    const options = fleetOptions(fleets);

    const [{ getLogger }, { setUpLog }, { startService }, { connectSystemd }] = await Promise.all([
      import("@logtape/logtape"),
      import("../process/log.ts"),
      import("./service.ts"),
      import("../process/notify.ts"),
    ]);
    await using _log = await setUpLog(flags.log);
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => stopped.resolve(), { once: true });
    await using service = start(startService, {
      fleets: options,
      listen: flags.listen ?? (fleets.every(({ pull }) => pull) ? undefined : hostPort(LISTEN)),
      hosts: flags.host,
      state: flags.state,
      socket: `${flags.state}/${SOCKET}`,
      trustSigner: flags.trustSigner,
    });

    const log = getLogger(["kas", "autoscaler"]);
    let current = fleets;
    const reload = async () => {
      try {
        const next = await readFleets(context, settingsLookup());
        service.tune(tuningsOf(withoutGrowth(next, fleets)));
        for (const event of reloaded(fleets, current, next)) log.info("settings reloaded", { ...event });
        current = next;
      } catch (error) {
        log.error("settings not reloaded", { reason: (error as Error).message });
      }
    };
    // With a terminal, SIGHUP means that the terminal was closed. It then ends the process instead of reloading the settings.
    let reloads = Promise.resolve();
    const onHangup = () => void (reloads = reloads.then(reload));
    if (!Deno.stdin.isTerminal()) Deno.addSignalListener("SIGHUP", onHangup);
    using systemd = await connectSystemd({ alive: () => service.alive() });
    // Keep the permissions for the network, the environment and reading: AWS's credentials and reload() need them. The files
    // of the state folder are already open.
    dropPermissions("write", "run", "ffi", "import");
    systemd.ready();

    using place = watchPlace(service);
    const lost = signal.aborted ? undefined : await Promise.race([stopped.promise, place.lost]);
    systemd.stopping();
    Deno.removeSignalListener("SIGHUP", onHangup);
    if (lost !== undefined) throw new ExitError(lost.message, 1, lost.hint, { cause: lost });
  },
});

/** Starts the service. Throws an error with an exit status if the service cannot use the state folder or the port. */
function start(service: typeof startService, options: ServiceOptions): Service {
  try {
    return service(options);
  } catch (cause) {
    if (!(cause instanceof UnusableError)) throw cause;
    throw new ExitError(cause.message, 1, cause.hint, { cause });
  }
}

/** Checks at an interval that the state folder is still at its path. `lost` resolves with the error of the first failed check. */
function watchPlace(service: Service): Disposable & { readonly lost: Promise<UnusableError> } {
  const lost = Promise.withResolvers<UnusableError>();
  const timer = setInterval(() => {
    try {
      service.checkPlace();
    } catch (error) {
      lost.resolve(error as UnusableError);
    }
  }, PLACE_CHECK);
  return { lost: lost.promise, [Symbol.dispose]: () => clearInterval(timer) };
}
