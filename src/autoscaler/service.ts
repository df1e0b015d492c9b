/**
 * The autoscaler's wiring, top to bottom.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { type Account, connect } from "../aws/clients.ts";
import { confirm } from "../aws/topic.ts";
import { ExitError } from "../cli/command.ts";
import type { Limits } from "../scaling/facts.ts";
import { certificates } from "../sns/certificate.ts";
import { verifier } from "../sns/verify.ts";
import type { Fleet } from "./act.ts";
import { Activities } from "./activities.ts";
import { handler } from "./handler.ts";
import { Inbox } from "./inbox.ts";
import { Journal } from "./journal.ts";
import { Loop } from "./loop.ts";
import { Observer } from "./observe.ts";
import { State } from "./state.ts";
import { type Clock, realClock } from "./wait.ts";

/** What an autoscaler is started with. Times are ms. */
export interface AutoscalerOptions {
  readonly account: Account;
  readonly fleet: Fleet;
  readonly topicArn: string;
  readonly listen: { readonly hostname: string; readonly port: number };
  /** The state folder. */
  readonly state: string;
  readonly limits: Limits;
  readonly startTimeout: number;
  readonly drainTimeout: number;
  readonly resubscribe: boolean;
  readonly trustSigner?: string | undefined;
  readonly dryRun: boolean;
  readonly clock?: Clock;
}

/** A running autoscaler; disposing of it shuts it down cleanly. */
export interface Autoscaler extends AsyncDisposable {
  /** `http://HOST:PORT`. */
  readonly url: string;
}

/** How long requests under way are waited for at the end, ms. */
const SHUTDOWN = 5_000;

const log = getLogger(["kas", "autoscaler"]);

/**
 * Starts an autoscaler; resolves once it listens.
 *
 * @throws {ExitError} if the state folder is another's or can't be written
 */
export async function startAutoscaler(options: AutoscalerOptions): Promise<Autoscaler> {
  const { account, fleet, topicArn, listen, limits, trustSigner, dryRun, resubscribe, clock = realClock } =
    options;
  const { now } = clock;
  await using parts = new AsyncDisposableStack();

  const state = parts.use(State.open(options.state));
  const inbox = new Inbox(state);
  const journal = new Journal(state);

  const aws = parts.use(connect(account));
  const observer = new Observer(aws, fleet);
  const world = { ...options, aws, clock, address: workerAddress };
  const activities = parts.use(new Activities(world, journal));
  const stepper = { observer, state, journal, activities, limits, dryRun, now };
  const loop = new Loop({ stepper, inbox, clock, confirm: (token) => confirm(aws, topicArn, token) });

  const handle = handler({
    verify: verifier({ topicArn, trustSigner, certificate: certificates(), now }),
    inbox,
    wake: () => loop.wake(),
    resubscribe,
    status: () => ({
      fleet: fleet.fleet,
      observed: loop.seen === undefined ? null : new Date(loop.seen.now).toISOString(),
      instances: loop.seen?.instances ?? [],
      alarms: loop.seen?.alarms ?? [],
      activities: journal.unfinished(),
      decisions: journal.lines(10, now()),
      settings: settingsOf(options),
    }),
    activities: (limit) => journal.lines(limit, now()),
    now,
  });
  const server = serve(listen, handle);
  const { hostname, port } = server.addr;
  const url = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;

  if (!dryRun) activities.recover();
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  log.info(`listening on ${url}`, { fleet: fleet.fleet, loadBalancer: fleet.loadBalancer, topicArn, dryRun });

  // Undone from the last to the first: no more requests, no more decisions, then the activities, and the state at the end.
  parts.defer(async () => {
    stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await running;
  });
  parts.defer(() => shutDown(server));
  const owned = parts.move();
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await owned.disposeAsync();
      log.info("stopped");
    },
  };
}

function serve(
  listen: AutoscalerOptions["listen"],
  handle: Deno.ServeHandler,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ ...listen, onListen: () => {} }, handle);
  } catch (cause) {
    const message = `Cannot listen on ${listen.hostname}:${listen.port}: ${(cause as Error).message}`;
    throw new ExitError(message, 1, "--listen HOST:PORT", { cause });
  }
}

/** nginx on the instance, or in the sandbox the worker itself, answers at its private address. */
function workerAddress({ privateIp }: { readonly privateIp?: string }): string | undefined {
  return privateIp;
}

/** Stops accepting and lets requests under way finish, but does not wait for one that never does. */
async function shutDown(server: Deno.HttpServer): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, SHUTDOWN);
  await Promise.race([server.shutdown(), late.promise]);
  clearTimeout(timer);
}

function settingsOf(
  { fleet, topicArn, limits, startTimeout, drainTimeout, resubscribe, dryRun, state }: AutoscalerOptions,
) {
  return { ...fleet, topicArn, ...limits, startTimeout, drainTimeout, resubscribe, dryRun, state };
}
