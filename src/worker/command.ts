/**
 * `kas worker`.
 *
 * @module
 */
import { command } from "../cli/command.ts";
import { dropPermissions } from "../process/permissions.ts";
import { SETTINGS } from "../settings/table.ts";
import { startWorker } from "./service.ts";

/** The default of `--queue` per thread. */
const QUEUE_PER_THREAD = 100;

/** `kas worker`: serves /ping and /work until SIGINT or SIGTERM, then finishes the accepted requests. */
export const worker = command({
  name: "worker",
  summary: "Serve /ping and CPU-bound /work on an instance",
  description:
    "GET /ping answers pong at once, however busy the CPUs are. GET /work burns CPU on one of the threads\n" +
    "and answers with the resulting integer and the duration in seconds.",
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
    // Load the log only after /ping is answered.
    const [{ getLogger }, { setUpLog }, { connectSystemd }] = await Promise.all([
      import("@logtape/logtape"),
      import("../log.ts"),
      import("../process/notify.ts"),
    ]);
    await using _log = await setUpLog(flags.log);
    const log = getLogger(["kas", "worker"]);
    onFailure = (error) =>
      log.error("work request failed", { error: error instanceof Error ? error.message : String(error) });
    const { hostname, port } = service.address;
    log.info(`listening on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`, {
      threads,
      queue,
    });
    using systemd = await connectSystemd();
    dropUnusedPermissions();
    systemd.ready();
    // Last, because starting a thread blocks the event loop: the first answer to /ping does not wait for it.
    service.warmUp();

    if (!signal.aborted) await stopped.promise;
    systemd.stopping();
    log.info("draining");
    const cut = await service.drain(flags.drain);
    if (cut > 0) log.warn("drain timed out", { cut });
    log.info("stopped");
  },
});

/**
 * Drops every permission that a serving worker does not need. The listening socket stays open. A worker that runs from source
 * keeps the read permission, to start a new burn thread; the executable contains its modules.
 */
function dropUnusedPermissions(): void {
  dropPermissions("net", "write", "run", "env", "ffi", "sys", "import");
  if (Deno.build.standalone) dropPermissions("read");
}
