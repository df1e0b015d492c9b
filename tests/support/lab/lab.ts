/**
 * The lab: the sandbox's simulated AWS and the autoscaler in one process, on virtual time. The SDK's clients make real
 * requests. A function call passes each request on, so that no socket is needed.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { X509Certificate } from "node:crypto";
import { fleetAlarms } from "../../../src/aws/cloudwatch/alarms.ts";
import { balancerRef, health } from "../../../src/aws/balancing/balancer.ts";
import { connect } from "../../../src/aws/clients.ts";
import { findInstance } from "../../../src/aws/ec2/instances.ts";
import { listTopics } from "../../../src/aws/sns/topic.ts";
import { realRuntime } from "../../../src/runtime.ts";
import { makeSigner, type Signer } from "../../../src/sandbox/sns/certificate.ts";
import { seededRandom } from "../../../src/sandbox/random.ts";
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import { type HttpPost, signedPost } from "../../../src/sandbox/sns/message.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { Decision } from "../../../src/scaling/model/decision.ts";
import { type Cloud, openCloud, REGION, SNS_URL, topicArnOf } from "./cloud.ts";
import type { FleetPlan } from "./fleet_plan.ts";
import { AWS_URL, fleetOfRequest, Incarnation } from "./incarnation.ts";
import { networkOf, refuse } from "./network.ts";
import { VirtualTime } from "./virtual_time.ts";

/**
 * The point at which the autoscaler crashes: the nth call to AWS, or the nth write to the database, after the test has
 * set the point.
 */
export interface CrashPoint {
  readonly at: "call" | "write";
  /** From 1. */
  readonly nth: number;
  readonly moment: "before" | "after";
  /** How long the autoscaler is down before it starts again, in ms. */
  readonly down: number;
}

/** Callbacks for events of a fleet in a lab. */
export interface Watcher {
  /** Called for each call to AWS that the autoscaler makes for the fleet, before and after the call takes effect. */
  readonly onCall?: (passing: CallEvent) => void;
  /** Called when a decision is in the journal. */
  readonly onDecision?: (trigger: Trigger, decision: Decision) => void;
  /** Called when an incarnation ends by a crash or a shutdown. */
  readonly onEnd?: () => void;
}

/** The virtual time at which every lab begins, in ms since the epoch. */
const BEGIN = Date.UTC(2026, 0, 5, 9);

/** The URL at which the autoscaler receives messages. */
const KAS_URL = "http://kas.lab/";

let key: Signer | undefined;

/**
 * Returns the signing key of SNS. All labs of this process share one key, because creating a key takes longer than
 * running a history. The key is short, because signing with 2,048 bits took a sixth of a history's CPU time.
 * tests/unit/sns tests that kas refuses a short key.
 */
function signer(): Signer {
  return key ??= makeSigner(BEGIN, 1_024);
}

let loaded: Promise<unknown> | undefined;

/**
 * Loads the SDK before the lab begins, because loading takes real time. To load it, this function calls each service
 * once, and each call fails.
 */
async function load(): Promise<void> {
  const fetch = () => Promise.resolve(new Response("", { status: 400 }));
  using aws = connect({ region: REGION, endpointUrl: AWS_URL, runtime: { ...realRuntime, fetch } });
  const calls = [
    findInstance(aws, "i-1"),
    health(aws, balancerRef({ fleet: "none" })),
    fleetAlarms(aws, "none"),
    Array.fromAsync(listTopics(aws)),
  ];
  await Promise.allSettled(calls);
}

/** Creates a state folder, in memory if possible, because a lab has no power failures. */
async function stateFolder(): Promise<string> {
  try {
    return await Deno.makeTempDir({ dir: "/dev/shm", prefix: "kas-lab-" });
  } catch {
    return await Deno.makeTempDir();
  }
}

/** A lab. {@linkcode Lab.start} starts the autoscaler in it. */
export class Lab implements AsyncDisposable {
  readonly time: VirtualTime;
  readonly cloud: Cloud;
  /** The plans of the fleets. */
  readonly plans: readonly FleetPlan[];
  /** The plan of the first fleet. */
  readonly plan: FleetPlan;
  /** How often the autoscaler crashed, by what it was doing. */
  readonly crashes = { call: 0, write: 0, idle: 0 };
  /** Calls to AWS and writes to the database since the last crash point was set. */
  readonly counts = { call: 0, write: 0 };
  /** Whether the autoscaler's requests to instances get no answer, as if a security group dropped them. */
  isBlind = false;
  readonly #watchers: readonly Watcher[];
  /** The place of the fleet whose request to AWS the present code answers. */
  readonly #caller = new AsyncLocalStorage<number>();
  readonly #folder: string;
  /** The autoscaler's randomness. */
  readonly #random: () => number;
  readonly #owned: AsyncDisposableStack;
  readonly #certificate = new X509Certificate(signer().pem);
  #skew = 0;
  /** All incarnations of the autoscaler, the present one last. */
  readonly #lives: Incarnation[] = [];
  #point: CrashPoint | undefined;

  private constructor(
    time: VirtualTime,
    plans: readonly [FleetPlan, ...FleetPlan[]],
    cloud: Cloud,
    watchers: readonly Watcher[],
    folder: string,
    owned: AsyncDisposableStack,
  ) {
    this.time = time;
    this.plans = plans;
    const [plan] = plans;
    this.plan = plan;
    this.cloud = cloud;
    this.#watchers = watchers;
    this.#folder = folder;
    this.#random = seededRandom(plan.seed);
    this.#owned = owned;
    cloud.faults.onCall = (passing) => this.#passing(passing);
  }

  /** Opens a lab. Resolves when the instances are in service that the plan has in service. */
  static open(plan: FleetPlan, watcher: Watcher = {}): Promise<Lab> {
    return Lab.openAll([plan], [watcher]);
  }

  /** Opens a lab whose autoscaler has several fleets. The watchers are in the order of the plans. */
  static async openAll(
    plans: readonly [FleetPlan, ...FleetPlan[]],
    watchers: readonly Watcher[] = [],
  ): Promise<Lab> {
    const [plan] = plans;
    Deno.env.set("AWS_ACCESS_KEY_ID", "lab");
    Deno.env.set("AWS_SECRET_ACCESS_KEY", "lab");
    await (loaded ??= load());
    await using stack = new AsyncDisposableStack();
    const folder = await stateFolder();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const time = new VirtualTime(BEGIN);
    const made: { lab?: Lab } = {};
    const network = networkOf(time, (request) => {
      const { lab } = made;
      return lab === undefined ? refuse() : lab.#route(request);
    });
    const cloud = stack.use(await openCloud(time, plans, signer(), network));
    const lab = made.lab = new Lab(time, plans, cloud, watchers, folder, stack.move());
    await time.pass(plan.kind ? 2_000 : 60_000);
    // From here on, a stale read shows no earlier state than the present one.
    cloud.account.forgetHistory();
    return lab;
  }

  /** The running autoscaler. Throws an error if it does not run. */
  get kas(): Incarnation {
    const life = this.#lives.at(-1);
    if (life === undefined || life.dead) throw new Error("the autoscaler is not running");
    return life;
  }

  /** Whether the autoscaler runs. */
  get alive(): boolean {
    return this.#lives.at(-1)?.dead === false;
  }

  /** Returns the id of an instance by its place in the plan. */
  id(place: number): string {
    return this.cloud.ids[place] ?? "";
  }

  /** Returns the id that the nth launched instance will have. */
  launched(nth = 1): string {
    // The sandbox numbers instances in the order of their launch.
    return `i-${(this.cloud.ids.length + nth).toString(16).padStart(17, "0")}`;
  }

  /** Returns the state and the registration of an instance, for example `running in-service`. */
  status(place: number): string {
    const { state, registration } = this.cloud.truth(this.id(place)) ?? {};
    return `${state} ${registration}`;
  }

  /** Starts the autoscaler with the state folder of the previous incarnation. */
  async start(): Promise<void> {
    this.#boot();
    await this.time.settle();
  }

  /** Subscribes the autoscaler to the topics. */
  async subscribe(): Promise<void> {
    for (const TopicArn of new Set(this.plans.map(topicArnOf))) {
      const input = { TopicArn, Protocol: "http", Endpoint: KAS_URL };
      await this.cloud.elsewhere("sns", "Subscribe", input);
    }
    await this.time.pass(1_000);
  }

  /** Sets the point at which the autoscaler crashes next. */
  crashAt(point: CrashPoint | undefined): void {
    this.#point = point;
    this.counts.call = this.counts.write = 0;
  }

  /** Crashes the autoscaler now, and starts it again `down` ms later. */
  kill(down: number): void {
    if (!this.alive) return;
    this.crashes.idle++;
    this.#end(down);
    this.kas.crash();
  }

  /** Shuts the autoscaler down cleanly. */
  async shutDown(): Promise<void> {
    if (!this.alive) return;
    const down = this.kas.shutDown();
    // The autoscaler waits for its calls in progress.
    await this.time.pass(60_000);
    await down;
    for (const watcher of this.#watchers) watcher.onEnd?.();
  }

  /** Deletes the files of the state folder. The autoscaler must not run. */
  async loseState(): Promise<void> {
    if (this.alive) throw new Error("the autoscaler uses its state folder");
    for await (const { name } of Deno.readDir(this.#folder)) {
      await Deno.remove(`${this.#folder}/${name}`, { recursive: true });
    }
  }

  /** The time on the autoscaler's clock, in ms since the epoch. */
  get clock(): number {
    return this.time.now() + this.#skew;
  }

  /** Sets the autoscaler's clock forward by `by` ms, or back if `by` is negative. */
  setClock(by: number): void {
    this.#skew += by;
  }

  /** Lets this many ms of virtual time pass. */
  pass(ms: number): Promise<void> {
    return this.time.pass(ms);
  }

  /** Returns a signed message from a topic, by default the first fleet's. */
  message(text: string, id: string, topicArn: string = topicArnOf(this.plan)): HttpPost {
    const envelope = {
      Type: "Notification",
      MessageId: id,
      TopicArn: topicArn,
      Message: text,
      Timestamp: new Date(this.time.now()).toISOString(),
      UnsubscribeURL: `${SNS_URL}/?Action=Unsubscribe`,
    } as const;
    return signedPost(envelope, signer(), "2", `${SNS_URL}${signer().path}`, `${topicArn}:lab`);
  }

  /**
   * Delivers a message to the autoscaler. Returns the HTTP status of the answer, or 0 if the autoscaler does not run.
   */
  async deliver({ body, headers }: HttpPost): Promise<number> {
    if (!this.alive) return 0;
    const answer = await Promise.race([
      this.kas.handle(new Request(KAS_URL, { method: "POST", body, headers })),
      // The autoscaler may crash before it answers.
      this.time.settle().then(() => undefined),
    ]);
    return answer === undefined || !this.alive ? 0 : answer.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cloud.machines.release();
    for (const life of this.#lives) life[Symbol.dispose]();
    await this.#owned.disposeAsync();
  }

  #boot(): void {
    if (this.alive) return;
    const life = new Incarnation({
      time: this.time,
      plans: this.plans,
      folder: this.#folder,
      skew: () => this.#skew,
      random: this.#random,
      fetch: networkOf(
        this.time,
        (request) => this.isBlind && fleetOfRequest(request) === undefined ? never() : this.#route(request),
      ),
      certificate: this.#certificate,
      crashesAt: (moment) => this.#strikes("write", moment),
      onDecision: (place, ...event) => this.#watchers[place]?.onDecision?.(...event),
    });
    this.#lives.push(life);
  }

  #end(down: number): void {
    for (const watcher of this.#watchers) watcher.onEnd?.();
    this.time.after(down, () => this.#boot());
  }

  async #passing(passing: CallEvent): Promise<void> {
    this.time.stir();
    // Report the call even if the autoscaler crashes now, because the call has taken effect.
    const watcher = this.#watchers[this.#caller.getStore() ?? 0];
    if (passing.moment === "after") watcher?.onCall?.(passing);
    if (this.#strikes("call", passing.moment)) {
      this.kas.crash();
      return await never();
    }
    if (passing.moment === "before") watcher?.onCall?.(passing);
  }

  /** Returns whether the crash point is here. */
  #strikes(at: CrashPoint["at"], moment: CrashPoint["moment"]): boolean {
    if (moment === "before") this.counts[at]++;
    const point = this.#point;
    if (point === undefined || point.at !== at || point.moment !== moment || this.counts[at] < point.nth) {
      return false;
    }
    this.#point = undefined;
    this.crashes[at]++;
    this.#end(point.down);
    return true;
  }

  /** Passes a request to AWS, the autoscaler or an instance, by the host of its URL. */
  #route(request: Request): Promise<Response> {
    const caller = fleetOfRequest(request);
    if (caller !== undefined) return this.#caller.run(caller, () => this.cloud.handle(request));
    if (!request.url.startsWith(KAS_URL)) {
      return this.cloud.machines.answer(new URL(request.url).hostname, request);
    }
    return this.alive ? this.kas.handle(request) : refuse();
  }
}

/** Returns a promise that never settles, for a caller whose process has crashed. */
function never(): Promise<never> {
  return new Promise(() => {});
}
