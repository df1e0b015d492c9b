/**
 * The service that `kas autoscaler` runs: the inbox, the control loop and the HTTP endpoint.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { confirmSubscription } from "../aws/sns/topic.ts";
import { realRuntime } from "../runtime.ts";
import { certificateLoader } from "../sns/certificate_loader.ts";
import { MessageError } from "../sns/message.ts";
import { messageVerifier } from "../sns/verify.ts";
import { VERSION } from "../build/version.ts";
import { AlertStore } from "./alerts/alert_store.ts";
import { AlertPoster } from "./alerts/post.ts";
import { AlertWatch } from "./alerts/watch.ts";
import { assemble, type Autoscaler, type AutoscalerRuntime } from "./assemble.ts";
import { ControlLoop } from "./control/loop.ts";
import { settingOf, settingsOf } from "./flags/shown.ts";
import { handler } from "./http/endpoint.ts";
import { listen as listenTo } from "./http/listener.ts";
import { Metrics } from "./http/metrics/metrics.ts";
import { operatorHandler } from "./http/operator/operator.ts";
import { statusPage } from "./http/page/page.ts";
import type { ObservationOutcome, Snapshot } from "./http/snapshot.ts";
import { listenAtSocket } from "./http/operator/socket.ts";
import { status } from "./http/status.ts";
import type { AssemblyOptions, Events, Tuning } from "./assembly_options.ts";
import { logOverlaps } from "./control/schedule_windows.ts";
import { Inbox } from "./store/inbox.ts";

/** Options of the service. */
export interface ServiceOptions extends AssemblyOptions {
  readonly state: string;
  /**
   * The ARN of the topic whose messages the service accepts. If absent, the service refuses all messages and only polls the
   * alarms (R2).
   */
  readonly topicArn?: string | undefined;
  /** The address to listen on. If absent, the service does not listen. */
  readonly listen?: { readonly hostname: string; readonly port: number } | undefined;
  /** The path of the Unix socket to listen on for operators. If absent, the service does not listen there. */
  readonly socket?: string;
  /** Host names for which the endpoint answers requests for its state. It also answers requests for IP addresses and localhost. */
  readonly hosts?: readonly string[];
  /** The URL to which the service posts alerts. It may contain a secret. If absent, the service posts no alerts. */
  readonly alertUrl?: string | undefined;
  readonly resubscribe: boolean;
  readonly trustSigner?: string | undefined;
  /** Returns the signing certificate at a URL. Default: kas downloads the certificate. */
  readonly certificate?: (url: string) => Promise<X509Certificate>;
}

/** A running service. Its disposal stops the endpoint, the control loop and the activities, and closes the state folder. */
export interface Service extends AsyncDisposable {
  /** The URL of the endpoint, `http://HOST:PORT`. "" if the service does not listen. */
  readonly url: string;
  readonly autoscaler: Autoscaler;
  readonly inbox: Inbox;
  /** Answers an HTTP request. */
  readonly handle: (request: Request) => Promise<Response>;
  /** Answers an HTTP request of an operator. */
  readonly operate: (request: Request) => Promise<Response>;
  /** Replaces the settings. The new settings apply from the next decision and the next step of an activity. */
  tune(tuning: Tuning): void;
  /** Whether the control loop runs and the inbox can be read. Throws if the inbox cannot be read. */
  alive(): boolean;
}

type Handler = Service["handle"];

const log = getLogger(["kas", "autoscaler"]);

/**
 * Starts the service.
 *
 * @throws {UnusableError} if another autoscaler uses the state folder, or if kas cannot write to the folder or listen at the
 * address
 */
export function startService(options: ServiceOptions, runtime: AutoscalerRuntime = realRuntime): Service {
  const { fleet, topicArn, listen, dryRun } = options;
  const { clock } = runtime;
  const started = clock.now();
  const metrics = new Metrics({ fleet: fleet.fleet, version: VERSION, started, limits: options.limits });
  const poster = new AlertPoster({ url: options.alertUrl, fleet: fleet.fleet, runtime });
  let lastObservation: ObservationOutcome | undefined;
  let desired: number | undefined;
  const events = merged(metrics, {
    onObservation: (outcome) => lastObservation = outcome,
    onDecision: ({ kind }, decision) => {
      desired = decision.desired ?? desired;
      alerts.look({
        now: clock.now(),
        tuning: tuning(),
        observation: loop.observation,
        // The decision on a notification or a command does not say why kas does not restore the minimum.
        decision: kind === "notification" || kind === "operator" ? undefined : decision,
        observationError: lastObservation?.error,
      });
    },
    onActivityEnd: (activity) => loop.activityEnded(activity),
  }, options.events);

  using unfinished = new DisposableStack();
  const autoscaler = assemble({ ...options, events }, runtime);
  unfinished.defer(() => void autoscaler[Symbol.asyncDispose]());
  const { store, journal, aws, activities, evaluation, tuning } = autoscaler;
  const inbox = new Inbox(store);
  const alerts = new AlertWatch(clock, new AlertStore(store), (change) => poster.post(change));
  const loop = new ControlLoop({
    evaluation,
    inbox,
    clock,
    tuning,
    onDecision: events.onDecision,
    topicArn,
    ...(topicArn !== undefined &&
      { confirm: (token, signal) => confirmSubscription(aws, topicArn, token, signal) }),
  });

  const snapshot = (): Snapshot => ({
    now: clock.now(),
    observation: loop.observation,
    desired,
    limits: tuning().limits,
    lastObservation,
    waiting: inbox.waiting(),
    oldest: inbox.oldest(),
    inProgress: journal.unfinished().map((activity) => ({
      activity,
      step: journal.steps(activity.id).findLast(({ ended }) => ended === undefined),
    })),
    paused: journal.operatorPauses.inForce(clock.now()),
    override: journal.overrides.inForce(clock.now()),
    alerts: alerts.firing,
    bytes: store.size(),
  });
  const handle = endpoint({ options, runtime, started, autoscaler, inbox, loop, metrics, snapshot });
  const server = listen && listenTo(listen, handle);
  const url = server === undefined ? "" : urlOf(server.addr);
  const operate = operatorHandler({
    journal,
    synced: () => store.synced(),
    onRelease: () => loop.reconcileSoon(),
    evaluate: (trigger, isTrial) => loop.evaluateCommand(trigger, isTrial),
    observation: () => loop.observation,
    now: clock.now,
  });
  const socket = options.socket === undefined ? undefined : listenAtSocket(options.socket, operate);

  if (!dryRun) activities.resume();
  const stop = new AbortController();
  let ended = false;
  const running = loop.run(stop.signal).finally(() => ended = true);
  log.info(server === undefined ? "polling, with no port open" : `listening on ${url}`, {
    fleet: fleet.fleet,
    ...settingOf(fleet.balancer),
    ...(topicArn === undefined ? { pull: tuning().limits.resync } : { topicArn }),
    dryRun,
  });
  logOverlaps(tuning(), clock.now());
  unfinished.move();
  return {
    url,
    autoscaler,
    inbox,
    handle,
    operate,
    tune: (to) => {
      autoscaler.tune(to);
      logOverlaps(to, clock.now());
      loop.wake();
    },
    alive: () => inbox.waiting() >= 0 && !ended,
    [Symbol.asyncDispose]: async () => {
      // Stop requests first, then decisions. Close the state last.
      await Promise.all([server?.[Symbol.asyncDispose](), socket?.[Symbol.asyncDispose]()]);
      stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
      await running;
      await poster[Symbol.asyncDispose]();
      await autoscaler[Symbol.asyncDispose]();
      log.info("stopped");
    },
  };
}

/** The parts from which {@linkcode endpoint} builds the handler. */
interface EndpointParts {
  readonly options: ServiceOptions;
  readonly runtime: AutoscalerRuntime;
  readonly started: number;
  readonly autoscaler: Autoscaler;
  readonly inbox: Inbox;
  readonly loop: ControlLoop;
  readonly metrics: Metrics;
  readonly snapshot: () => Snapshot;
}

function endpoint(
  { options, runtime, started, autoscaler, inbox, loop, metrics, snapshot }: EndpointParts,
): Handler {
  const { fleet: { fleet }, topicArn, trustSigner, resubscribe } = options;
  const { journal, tuning } = autoscaler;
  const { clock: { now }, fetch } = runtime;
  const { certificate = certificateLoader({ now, fetch }) } = options;
  const identity = { fleet, version: VERSION, started: new Date(started).toISOString() };
  const settings = () => settingsOf({ ...options, ...tuning() });
  return handler({
    verify: topicArn === undefined
      ? () => Promise.reject(new MessageError("this autoscaler takes no messages: it runs with --pull", 403))
      : messageVerifier({ topicArn, trustSigner, certificate, now }),
    inbox,
    wake: () => loop.wake(),
    resubscribe,
    hosts: options.hosts ?? [],
    identity,
    status: () => ({
      ...identity,
      ...status(snapshot(), started),
      decisions: journal.lines(10, now()),
      settings: settings(),
      schedules: tuning().schedules?.list ?? [],
    }),
    page: (messages) =>
      statusPage({
        ...identity,
        snapshot: snapshot(),
        decisions: journal.lines(10, now()).map((line) => ({ line, checks: journal.checks(line.id) })),
        settings: settings(),
        messages,
      }),
    onMessage: (outcome, why) => metrics.onMessage(outcome, why),
    metrics: () => metrics.exposition(snapshot()),
    activities: (limit) => journal.lines(limit, now()),
    decision: (wanted) => journal.read(wanted),
    now,
  });
}

/** Combines callbacks. Each event calls the callbacks of all listeners. */
function merged(...all: readonly (Events | undefined)[]): Required<Events> {
  return {
    onRequest: (...event) => all.forEach((it) => it?.onRequest?.(...event)),
    onObservation: (...event) => all.forEach((it) => it?.onObservation?.(...event)),
    onDecision: (...event) => all.forEach((it) => it?.onDecision?.(...event)),
    onActivityEnd: (...event) => all.forEach((it) => it?.onActivityEnd?.(...event)),
    onPhases: (...event) => all.forEach((it) => it?.onPhases?.(...event)),
  };
}

function urlOf({ hostname, port }: Deno.NetAddr): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
