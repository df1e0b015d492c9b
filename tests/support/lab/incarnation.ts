/**
 * One run of the autoscaler in the lab, from its start to its end. The test can crash it. After a crash, nothing that
 * the autoscaler does reaches AWS or its disk, and nothing that it waits for happens.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import type { StatementSync } from "node:sqlite";
import type { Autoscaler, AutoscalerRuntime } from "../../../src/autoscaler/assemble.ts";
import type { Events, FleetOptions } from "../../../src/autoscaler/assembly_options.ts";
import type { FleetService } from "../../../src/autoscaler/fleet_service.ts";
import { type Service, startService } from "../../../src/autoscaler/service.ts";
import { Database } from "../../../src/autoscaler/store/sqlite/database.ts";
import type { Inbox } from "../../../src/autoscaler/store/inbox.ts";
import type { Journal } from "../../../src/autoscaler/store/journal.ts";
import type { Store } from "../../../src/autoscaler/store/store.ts";
import { balancerRef } from "../../../src/aws/balancing/balancer.ts";
// kas loads the SDK when it first needs it. Virtual time must not pass meanwhile, so the lab loads it before.
import "../../../src/aws/sdk/cloudwatch.ts";
import "../../../src/aws/sdk/config.ts";
import "../../../src/aws/sdk/ec2.ts";
import "../../../src/aws/sdk/elb.ts";
import "../../../src/aws/sdk/elbv2.ts";
import "../../../src/aws/sdk/instance_page.ts";
import "../../../src/aws/sdk/sns.ts";
import "../../../src/aws/sdk/sqs.ts";
import { REGION, SNS_URL, topicArnOf } from "./cloud.ts";
import { type FleetPlan, nameOf } from "./fleet_plan.ts";
import { DRAIN } from "./queue_workers.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** The URL to which the autoscaler sends its requests to AWS for its first fleet. */
export const AWS_URL = "http://aws.lab";

/** Returns the URL to which the autoscaler sends its requests to AWS for the fleet at a place. */
function awsUrl(place: number): string {
  return place === 0 ? AWS_URL : `http://aws-${place}.lab`;
}

/** Returns the place of the fleet that sends a request to AWS. Undefined if the request is not for AWS. */
export function fleetOfRequest({ url }: Request): number | undefined {
  const [found, place = "0"] = /^http:\/\/aws(?:-(\d+))?\.lab\//.exec(url) ?? [];
  return found === undefined ? undefined : Number(place);
}

/** The options of an incarnation. */
export interface IncarnationOptions {
  readonly time: VirtualTime;
  readonly plans: readonly FleetPlan[];
  /** The state folder. */
  readonly folder: string;
  /** Returns how far the autoscaler's clock is ahead of virtual time, in ms. */
  readonly skew: () => number;
  readonly random: () => number;
  readonly fetch: typeof fetch;
  /** The certificate with which SNS signs its messages. */
  readonly certificate: X509Certificate;
  /** Called before and after each write to the database. Returns whether the autoscaler crashes at this moment. */
  readonly crashesAt: (moment: "before" | "after") => boolean;
  /** Called for each decision with the place of its fleet. */
  readonly onDecision: (place: number, ...event: Parameters<NonNullable<Events["onDecision"]>>) => void;
}

/** The error that ends the call that was in progress when the autoscaler crashed. */
class Crash extends Error {}

/** A run of the autoscaler. */
export class Incarnation implements Disposable {
  readonly #service: Service;
  /** The running service. Undefined while it starts. */
  readonly #started: Service | undefined;
  readonly #time: VirtualTime;
  #dead = false;

  constructor(options: IncarnationOptions) {
    const { time, plans, folder, certificate, onDecision } = options;
    this.#time = time;
    const fleets = plans.map((plan, place) => ({
      ...fleetOptions(plan, awsUrl(place)),
      events: {
        onDecision: (...event: Parameters<NonNullable<Events["onDecision"]>>) => {
          if (!this.#dead) onDecision(place, ...event);
        },
      },
    }));
    this.#service = startService({
      fleets,
      trustSigner: `${SNS_URL}/`,
      certificate: () => Promise.resolve(certificate),
      state: folder,
    }, this.#runtime(options));
    this.#started = this.#service;
    // If the autoscaler crashed during its start, nobody has closed the store yet.
    if (this.#dead) this.#close(this.#service);
  }

  /** Returns a fleet of the autoscaler. Default: the first. */
  fleet(place = 0): FleetService {
    const fleet = this.#service.fleets[place];
    if (fleet === undefined) throw new Error(`the autoscaler has no fleet ${place}`);
    return fleet;
  }

  get autoscaler(): Autoscaler {
    return this.fleet().autoscaler;
  }

  get store(): Store {
    return this.autoscaler.store;
  }

  get journal(): Journal {
    return this.autoscaler.journal;
  }

  get inbox(): Inbox {
    return this.fleet().inbox;
  }

  /** Whether the autoscaler has crashed or was shut down. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Passes an HTTP request to the autoscaler. Returns the answer. */
  handle(request: Request): Promise<Response> {
    return this.#service.handle(request);
  }

  /** Passes an operator's request to the autoscaler. Returns the answer. */
  operate(request: Request): Promise<Response> {
    return this.#service.operate(request);
  }

  /** Ends the autoscaler as SIGKILL does: committed data is on disk, and nothing else happens. */
  crash(): void {
    if (this.#dead) return;
    this.#dead = true;
    if (this.#started !== undefined) this.#close(this.#started);
  }

  /** Closes the journals, and unlocks the state folder. */
  #close({ fleets, folder }: Service): void {
    for (const { autoscaler } of fleets) autoscaler.store[Symbol.dispose]();
    folder[Symbol.dispose]();
  }

  /** Ends the autoscaler as SIGTERM does. */
  async shutDown(): Promise<void> {
    try {
      await this.#service[Symbol.asyncDispose]();
    } catch (error) {
      // A crash during the shutdown has already closed the store.
      if (!this.#dead) throw error;
    }
    this.#dead = true;
  }

  /** Releases the resources of a crashed autoscaler. The lab calls this when virtual time no longer passes. */
  [Symbol.dispose](): void {
    this.crash();
    for (const { autoscaler } of this.#service.fleets) autoscaler.aws[Symbol.dispose]();
  }

  #runtime({ time, skew, random, fetch, crashesAt }: IncarnationOptions): AutoscalerRuntime {
    const network: typeof fetch = async (input, init) => {
      await this.#unlessDead();
      const response = await fetch(input, init);
      await this.#unlessDead();
      return response;
    };
    return {
      clock: {
        now: () => time.now() + skew(),
        elapsed: () => time.passed,
        sleep: (ms, signal) => this.#sleep(ms, signal),
      },
      random,
      fetch: network,
      fetchService: network,
      keepConnection: (origin) =>
        Promise.resolve({
          get: async ({ path, signal, onBody }) => {
            const response = await network(`${origin}${path}`, { signal });
            onBody(await response.bytes());
            return response.status;
          },
          [Symbol.dispose]: () => {},
        }),
      // The lab's instances refuse a connection as they refuse a request.
      connect: async (host, port, signal) => void await network(`http://${host}:${port}/`, { signal }),
      // No sync is needed: committed data survives a crash of the process without a sync, and a real sync would take
      // real time.
      sync: () => this.#unlessDead(),
      openDatabase: (path) =>
        new WatchedDatabase(path, (moment) => {
          if (!this.#dead && !crashesAt(moment)) return;
          this.crash();
          throw new Crash("the process ends here");
        }),
    };
  }

  /** Resolves at once. After a crash, never resolves. */
  #unlessDead(): Promise<void> {
    return this.#dead ? new Promise(() => {}) : Promise.resolve();
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => {
      timer[Symbol.dispose]();
      if (!this.#dead) reject(signal?.reason);
    };
    const timer = this.#time.after(ms, () => {
      signal?.removeEventListener("abort", abort);
      if (!this.#dead) resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }
}

/** Returns the options of a planned fleet, whose requests to AWS go to a URL. */
function fleetOptions(plan: FleetPlan, endpointUrl: string): FleetOptions {
  const { balancer, asksToDrain = true, healthCheck, limits, schedules, startTimeout, drainTimeout } = plan;
  const fleet = nameOf(plan);
  return {
    account: { region: REGION, endpointUrl },
    fleet: {
      fleet,
      balancer: balancerRef({ fleet, balancer }),
      ...(balancer === "none" && asksToDrain ? { drain: DRAIN } : {}),
      healthCheck,
    },
    topicArn: topicArnOf(plan),
    limits,
    schedules,
    scrape: plan.scrape,
    startTimeout,
    drainTimeout,
    quarantineFor: 86_400_000,
    resubscribe: false,
    dryRun: false,
  };
}

/** A database that reports each write before and after it. */
class WatchedDatabase extends Database {
  readonly #onWrite: (moment: "before" | "after") => void;
  readonly #watched = new WeakSet<StatementSync>();

  constructor(path: string, onWrite: (moment: "before" | "after") => void) {
    super(path);
    this.#onWrite = onWrite;
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    if (!/^\s*(INSERT|UPDATE|DELETE)/.test(sql) || this.#watched.has(statement)) return statement;
    this.#watched.add(statement);
    const { run, get } = statement;
    const watched = (method: typeof run | typeof get) => (...values: unknown[]) =>
      this.#watch(() => Reflect.apply(method, statement, values));
    return Object.assign(statement, { run: watched(run), get: watched(get) });
  }

  override exec(sql: string): void {
    if (sql !== "COMMIT") return super.exec(sql);
    this.#watch(() => super.exec(sql));
  }

  #watch<T>(write: () => T): T {
    this.#onWrite("before");
    const result = write();
    this.#onWrite("after");
    return result;
  }
}
