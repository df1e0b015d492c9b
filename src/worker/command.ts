/**
 * The command `kas worker`.
 *
 * @module
 */
import { command } from "../cli/command.ts";
import { dropPermissions } from "../process/permissions.ts";
import { SETTINGS } from "../settings/settings.ts";
import { startWorker } from "./service.ts";

/** Default of the option `--queue`, per burn thread: a thread that uses CPU for /work requests. */
const QUEUE_PER_THREAD = 100;

/** The command `kas worker`: serves /ping and /work until SIGINT or SIGTERM, then finishes the accepted requests. */
export const worker = command({
  name: "worker",
  summary: "Serve /ping and CPU-bound /work on an instance",
  description:
    "GET /ping returns pong immediately, even if all CPUs are busy. GET /work uses CPU on a separate thread\n" +
    "for the time of --work-ms, and returns the result of the calculation and its duration in seconds.",
  options: {
    listen: { ...SETTINGS.listen, default: "127.0.0.1:30001" },
    threads: SETTINGS.threads,
    workMs: SETTINGS.workMs,
    queue: SETTINGS.queue,
    drain: SETTINGS.drain,
    log: SETTINGS.log,
  },
  examples: ["worker", "worker --listen 0.0.0.0:30001 --threads 2 --work-ms 450-550"],
  run: async ({ flags, signal }) => {
    const threads = flags.threads ?? navigator.hardwareConcurrency;
    const queue = flags.queue ?? QUEUE_PER_THREAD * threads;
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => stopped.resolve(), { once: true });

    let onFailure = (_error: unknown) => {};
    await using service = startWorker({
      listen: flags.listen,
      threads,
      queue,
      workMs: flags.workMs,
      onFailure: (error) => onFailure(error),
    });
    // The worker loads the logging module only when it can already answer /ping, so that it answers the first ping sooner.
    const [{ getLogger }, { setUpLog }, { connectSystemd }] = await Promise.all([
      import("@logtape/logtape"),
      import("../process/log.ts"),
      import("../process/notify.ts"),
    ]);
    await using _log = await setUpLog(flags.log);
    const log = getLogger(["kas", "worker"]);
    onFailure = (error) =>
      log.error("/work request failed", { error: error instanceof Error ? error.message : String(error) });
    const { hostname, port } = service.address;
    log.info(`listening on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`, {
      threads,
      queue,
    });
    using systemd = await connectSystemd();
    dropUnusedPermissions();
    systemd.ready();
    // The threads start last, because starting a thread blocks the event loop and would delay the first answer to /ping.
    service.warmUp();

    if (!signal.aborted) await stopped.promise;
    systemd.stopping();
    log.info("worker is draining accepted requests");
    const cut = await service.drain(flags.drain);
    if (cut > 0) log.warn("drain timeout reached, remaining requests cancelled", { cut });
    log.info("worker stopped");
  },
});

/**
 * Drops every permission that a serving worker does not need. The listening socket stays open. A worker that runs from source
 * keeps the read permission, because it may need to load burn.ts for a new burn thread.
 */
function dropUnusedPermissions(): void {
  dropPermissions("net", "write", "run", "env", "ffi", "sys", "import");
  if (Deno.build.standalone) dropPermissions("read");
}
