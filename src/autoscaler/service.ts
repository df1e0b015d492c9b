/**
 * The autoscaler's wiring, top to bottom.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { BalancerRef } from "../aws/balancing/balancer.ts";
import { type Account, connect } from "../aws/clients.ts";
import { confirmSubscription } from "../aws/sns/topic.ts";
import type { Limits } from "../scaling/model/limits.ts";
import { certificateLoader } from "../sns/certificate_loader.ts";
import { MessageError } from "../sns/message.ts";
import { messageVerifier } from "../sns/verify.ts";
import { ActivityRunner } from "./lifecycle/runner.ts";
import type { Fleet } from "./lifecycle/activity_context.ts";
import { handler } from "./http/endpoint.ts";
import { Inbox } from "./store/inbox.ts";
import { Journal } from "./store/journal.ts";
import { listen as listenTo } from "./http/listener.ts";
import { ControlLoop } from "./control/loop.ts";
import { Metrics } from "./http/metrics.ts";
import { Observer } from "./control/observe.ts";
import type { ObservationOutcome, Snapshot } from "./http/snapshot.ts";
import { Store } from "./store/store.ts";
import { status } from "./http/status.ts";
import { statusPage } from "./http/page/page.ts";
import { type Clock, realClock } from "./control/clock.ts";
import { VERSION } from "../build/version.ts";

/** What may change while an autoscaler runs. Times are ms. */
export interface Tuning {
  readonly limits: Limits;
  readonly startTimeout: number;
  readonly drainTimeout: number;
}

/** What an autoscaler is started with. Times are ms. */
export interface AutoscalerOptions extends Tuning {
  readonly account: Account;
  readonly fleet: Fleet;
  /** The topic whose messages are taken; without one the alarms are but read (R2), and a message is refused. */
  readonly topicArn?: string | undefined;
  /** Absent: nothing listens. */
  readonly listen?: { readonly hostname: string; readonly port: number } | undefined;
  /** The state folder. */
  readonly state: string;
  readonly resubscribe: boolean;
  readonly trustSigner?: string | undefined;
  readonly dryRun: boolean;
  readonly clock?: Clock;
}

/** A running autoscaler; disposing of it shuts it down cleanly. */
export interface Autoscaler extends AsyncDisposable {
  /** `http://HOST:PORT`; "" where nothing listens. */
  readonly url: string;
  /** Goes on by other limits, from the next decision and the next step of an activity on. */
  tune(tuning: Tuning): void;
  /** Whether it does its work: its loop runs and its inbox can be read. Throws if the inbox can't. */
  alive(): boolean;
}

const log = getLogger(["kas", "autoscaler"]);

/**
 * Starts an autoscaler; resolves once it listens, if it is to.
 *
 * @throws {ExitError} if the state folder is another's or can't be written
 */
export async function startAutoscaler(options: AutoscalerOptions): Promise<Autoscaler> {
  const { account, fleet, topicArn, listen, trustSigner, dryRun, resubscribe, clock = realClock } = options;
  const { now } = clock;
  const started = now();
  await using parts = new AsyncDisposableStack();

  const state = parts.use(Store.open(options.state));
  const inbox = new Inbox(state);
  const journal = new Journal(state);

  const metrics = new Metrics(VERSION, started, options.limits);
  const aws = parts.use(connect({
    ...account,
    beforeChange: () => state.synced(),
    onCall: (call) => metrics.onRequest(call),
  }));
  let look: ObservationOutcome | undefined;
  const observer = new Observer(aws, fleet, (it) => {
    look = it;
    metrics.onObservation(it);
  });
  const world = { ...options, aws, clock, address: workerAddress };
  const activities = parts.use(new ActivityRunner(world, journal, metrics));
  const stepper = {
    observer,
    state,
    journal,
    activities,
    get limits() {
      return world.limits;
    },
    dryRun,
    now,
  };
  const loop = new ControlLoop({
    evaluation: stepper,
    inbox,
    clock,
    confirm: topicArn === undefined
      ? undefined
      : (token, signal) => confirmSubscription(aws, topicArn, token, signal),
    onDecision: (signal, decision) => metrics.onDecision(signal, decision),
  });

  const snapshot = (): Snapshot => ({
    now: now(),
    observation: loop.observation,
    limits: world.limits,
    lastObservation: look,
    waiting: inbox.waiting(),
    oldest: inbox.oldest(),
    inProgress: journal.unfinished().map((activity) => ({
      activity,
      step: journal.steps(activity.id).findLast(({ ended }) => ended === undefined),
    })),
    bytes: state.size(),
  });

  const identity = {
    fleet: fleet.fleet,
    version: VERSION,
    started: new Date(started).toISOString(),
  };
  const handle = handler({
    verify: topicArn === undefined
      ? () => Promise.reject(new MessageError("this autoscaler takes no messages: it runs with --pull", 403))
      : messageVerifier({ topicArn, trustSigner, certificate: certificateLoader({ now }), now }),
    inbox,
    wake: () => loop.wake(),
    resubscribe,
    identity,
    status: () => ({
      ...identity,
      ...status(snapshot(), started),
      decisions: journal.lines(10, now()),
      settings: settingsOf(world),
    }),
    page: (messages) =>
      statusPage({
        ...identity,
        snapshot: snapshot(),
        decisions: journal.lines(10, now()).map((line) => ({ line, checks: journal.checks(line.id) })),
        settings: settingsOf(world),
        messages,
      }),
    onMessage: (outcome, why) => metrics.onMessage(outcome, why),
    metrics: () => metrics.exposition(snapshot()),
    activities: (limit) => journal.lines(limit, now()),
    decision: (wanted) => journal.read(wanted),
    now,
  });
  const server = listen && listenTo(listen, handle);
  const url = server === undefined ? "" : urlOf(server.addr);

  if (!dryRun) activities.resume();
  const stop = new AbortController();
  let ended = false;
  const running = loop.run(stop.signal).finally(() => ended = true);
  log.info(server === undefined ? "polling, with no port open" : `listening on ${url}`, {
    fleet: fleet.fleet,
    ...settingOf(fleet.balancer),
    ...(topicArn === undefined ? { pull: world.limits.resync } : { topicArn }),
    dryRun,
  });

  // Undone from the last to the first: no more requests, no more decisions, then the activities, and the state at the end.
  parts.defer(async () => {
    stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await running;
  });
  if (server !== undefined) parts.use(server);
  const owned = parts.move();
  return {
    url,
    tune: (to) => {
      Object.assign(world, to);
      loop.wake();
    },
    alive: () => inbox.waiting() >= 0 && !ended,
    [Symbol.asyncDispose]: async () => {
      await owned.disposeAsync();
      log.info("stopped");
    },
  };
}

function urlOf({ hostname, port }: Deno.NetAddr): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** nginx on the instance, or in the sandbox the worker itself, answers at its private address. */
function workerAddress({ privateIp }: { readonly privateIp?: string }): string | undefined {
  return privateIp;
}

function settingsOf(
  { fleet, topicArn, limits, startTimeout, drainTimeout, resubscribe, dryRun, state }: AutoscalerOptions,
) {
  const { balancer, ...selector } = fleet;
  return {
    ...selector,
    ...settingOf(balancer),
    topicArn,
    ...limits,
    startTimeout,
    drainTimeout,
    resubscribe,
    dryRun,
    state,
  };
}

/** A balancer as the setting that names it. */
function settingOf(balancer: BalancerRef) {
  return balancer.kind === "classic" ? { loadBalancer: balancer.name } : { targetGroup: balancer.arn };
}
