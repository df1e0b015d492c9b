/**
 * One life of the autoscaler, wired as src/autoscaler/service.ts wires it, with a crash built in: from one moment on nothing
 * that it does reaches the world or its disk, and nothing that it waits for comes.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { ActivityRunner } from "../../../src/autoscaler/lifecycle/runner.ts";
import type { Environment } from "../../../src/autoscaler/lifecycle/activity_context.ts";
import { handler } from "../../../src/autoscaler/http/endpoint.ts";
import { Inbox } from "../../../src/autoscaler/store/inbox.ts";
import { Journal } from "../../../src/autoscaler/store/journal.ts";
import { ControlLoop } from "../../../src/autoscaler/control/loop.ts";
import { Observer } from "../../../src/autoscaler/control/observe.ts";
import { Store } from "../../../src/autoscaler/store/store.ts";
import type { Clock } from "../../../src/autoscaler/control/clock.ts";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { confirmSubscription } from "../../../src/aws/sns/topic.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { Decision } from "../../../src/scaling/model/decision.ts";
import { messageVerifier } from "../../../src/sns/verify.ts";
import { FLEET, REGION, SNS_URL, TOPIC_ARN } from "./cloud.ts";
import type { FleetPlan } from "./fleet_plan.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** What a life is given. */
export interface IncarnationOptions {
  readonly time: VirtualTime;
  readonly plan: FleetPlan;
  /** The state folder. */
  readonly folder: string;
  /** Which life it is; its calls go to `aws-N.lab`, its probes to `ADDRESS.kas-N.lab`. */
  readonly number: number;
  /** How far its clock is ahead of the world's, ms. */
  readonly skew: () => number;
  /** SNS's. */
  readonly certificate: X509Certificate;
  /** Asked at each write to the database, before and after it: whether it is the last thing it does. */
  readonly writing: (moment: "before" | "after") => boolean;
  /** Told of each decision, right after it was recorded. */
  readonly decided: (trigger: Trigger, decision: Decision) => void;
}

/** The process ends here, as far as whoever called can tell. */
class Crash extends Error {}

/** A life. */
export class Incarnation implements Disposable {
  readonly number: number;
  readonly journal: Journal;
  readonly inbox: Inbox;
  readonly state: Store;
  readonly handle: (request: Request) => Promise<Response>;
  readonly #aws: Aws;
  readonly #activities: ActivityRunner;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #dead = false;

  constructor({ time, plan, folder, number, skew, certificate, writing, decided }: IncarnationOptions) {
    this.number = number;
    const { limits, startTimeout, drainTimeout } = plan;
    const clock: Clock = {
      now: () => time.now() + skew(),
      elapsed: () => time.passed,
      sleep: (ms, signal) => this.#sleep(time, ms, signal),
    };
    this.state = Store.open(folder);
    // What was committed outlives a crash here, and a real sync would take its time while the virtual one goes on.
    this.state.synced = () => Promise.resolve();
    this.#watchWrites(writing);
    this.inbox = new Inbox(this.state);
    this.journal = new Journal(this.state);
    const fleet = { fleet: FLEET, balancer: balancerRef({ fleet: FLEET }) };
    const beforeChange = () => this.state.synced();
    this.#aws = connect({ region: REGION, endpointUrl: `http://aws-${number}.lab`, beforeChange });
    const observer = new Observer(this.#aws, fleet);
    const address: Environment["address"] = ({ privateIp }) =>
      privateIp && `${privateIp.replaceAll(".", "-")}.kas-${number}.lab`;
    const world = { aws: this.#aws, fleet, limits, address, startTimeout, drainTimeout, clock };
    this.#activities = new ActivityRunner(world, this.journal);
    const stepper = {
      observer,
      state: this.state,
      journal: this.journal,
      activities: this.#activities,
      limits,
      dryRun: false,
      now: clock.now,
    };
    const loop = new ControlLoop({
      evaluation: stepper,
      inbox: this.inbox,
      clock,
      confirm: (token, signal) => confirmSubscription(this.#aws, TOPIC_ARN, token, signal),
      onDecision: (signal, decision) => {
        if (!this.#dead) decided(signal, decision);
      },
    });
    this.handle = handler({
      identity: { fleet: FLEET, version: "lab", started: new Date(clock.now()).toISOString() },
      verify: messageVerifier({
        topicArn: TOPIC_ARN,
        trustSigner: `${SNS_URL}/`,
        certificate: () => Promise.resolve(certificate),
        now: clock.now,
      }),
      inbox: this.inbox,
      wake: () => loop.wake(),
      resubscribe: false,
      status: () => ({}),
      page: () => "",
      activities: () => [],
      decision: () => undefined,
      onMessage: () => {},
      metrics: () => Promise.resolve({ type: "text/plain", text: "" }),
      now: clock.now,
    });
    this.#activities.resume();
    this.#running = loop.run(this.#stop.signal);
  }

  /** It has crashed or was shut down. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Ends it as SIGKILL does: what was committed is on disk, and nothing else happens. */
  crash(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.state[Symbol.dispose]();
  }

  /** Gives back what even the dead hold, once no time passes any more in which they might ask for more. */
  [Symbol.dispose](): void {
    this.crash();
    this.#aws[Symbol.dispose]();
  }

  /** Ends it as SIGTERM does. */
  async shutDown(): Promise<void> {
    this.#stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await this.#running;
    await this.#activities[Symbol.asyncDispose]();
    this.crash();
  }

  /** Nobody who is dead wakes up. */
  #sleep(time: VirtualTime, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => {
      timer[Symbol.dispose]();
      if (!this.#dead) reject(signal.reason);
    };
    const timer = time.after(ms, () => {
      signal.removeEventListener("abort", abort);
      if (!this.#dead) resolve();
    });
    signal.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Has each write to the database pass by the lab, which may have the process end before or right after it. */
  #watchWrites(writing: IncarnationOptions["writing"]): void {
    const { db } = this.state;
    const around = <T>(write: () => T): T => {
      if (writing("before")) this.#crashNow();
      const result = write();
      if (writing("after")) this.#crashNow();
      return result;
    };
    const prepare = db.prepare.bind(db);
    const exec = db.exec.bind(db);
    db.prepare = (sql) => {
      const statement = prepare(sql);
      if (!/^\s*(INSERT|UPDATE|DELETE)/.test(sql)) return statement;
      const { run, get } = statement;
      const passed = (method: typeof run | typeof get) => (...values: unknown[]) =>
        around(() => Reflect.apply(method, statement, values));
      return Object.assign(statement, { run: passed(run), get: passed(get) });
    };
    db.exec = (sql) => (sql === "COMMIT" ? around(() => exec(sql)) : exec(sql));
  }

  #crashNow(): never {
    this.crash();
    throw new Crash("the process ends here");
  }
}
