/**
 * `kas worker`.
 *
 * @module
 */
import { command } from "../cli/command.ts";
import { giveUp } from "../process/permissions.ts";
import { SETTINGS } from "../settings/table.ts";
import { startWorker } from "./service.ts";

/** Waiting requests for each thread where `--queue` says nothing. */
const QUEUE_PER_THREAD = 100;

/** `kas worker`: serves /ping and /work until SIGINT or SIGTERM, then finishes what it accepted. */
export const worker = command({
  name: "worker",
  summary: "Serve /ping and CPU-bound /work on an instance",
  description:
    "GET /ping answers pong at once, however busy the CPUs are. GET /work burns CPU on one of the threads\n" +
    "and answers with the integer that came of it and the seconds it took.",
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

    let failed = (_error: unknown) => {};
    await using service = startWorker({
      listen: flags.listen,
      threads,
      queue,
      workMs: flags.workMs,
      failed: (error) => failed(error),
    });
    // The log is loaded only now, when /ping is answered already.
    const [{ getLogger }, { setUpLog }, { connectSystemd }] = await Promise.all([
      import("@logtape/logtape"),
      import("../log.ts"),
      import("../process/notify.ts"),
    ]);
    await using _log = await setUpLog(flags.log);
    const log = getLogger(["kas", "worker"]);
    failed = (error) =>
      log.error("a work request failed", { error: error instanceof Error ? error.message : String(error) });
    const { hostname, port } = service.address;
    log.info(`listening on http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`, {
      threads,
      queue,
    });
    using systemd = await connectSystemd();
    giveUpPermissions();
    systemd.ready();
    // Only now, as nothing else is done while a thread starts: the first pong waits for none.
    service.warmUp();

    if (!signal.aborted) await stopped.promise;
    systemd.stopping();
    log.info("finishing what was accepted");
    const cut = await service.drain(flags.drain);
    if (cut > 0) log.warn("the time to drain was not enough", { cut });
    log.info("stopped");
  },
});

/**
 * From here on nothing may be opened, written, run or looked up; the listening socket goes on. Where the source is a file,
 * reading stays, for a burn thread that must be started anew: the executable has its modules in itself.
 */
function giveUpPermissions(): void {
  giveUp("net", "write", "run", "env", "ffi", "sys", "import");
  if (Deno.build.standalone) giveUp("read");
}
