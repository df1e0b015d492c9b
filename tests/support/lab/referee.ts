/**
 * The invariants I1–I8, held against the world's own record: what AWS sees of each call, how the instances really stand, and
 * what the database says was decided. The autoscaler's opinion of itself counts for nothing.
 *
 * @module
 */
import type { CallEvent } from "../../../src/sandbox/faults.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { Decision } from "../../../src/scaling/model/decision.ts";
import { type ActivityKind, DIRECTION } from "../../../src/scaling/model/activity.ts";
import { replay } from "../../../src/scaling/replay.ts";
import type { Truth } from "./cloud.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Lab, Watcher } from "./lab.ts";

/** What was done, by AWS's account: calls that changed something. */
export interface Acts {
  starts: number;
  launches: number;
  stops: number;
  terminations: number;
  registrations: number;
  deregistrations: number;
  /** By how many I2 was held against the world as it was. */
  bounded: number;
  resyncs: number;
}

/** What is to become of a message: one decision, one that does nothing, one or none, or none as it is refused. */
export type Fate = "one" | "nothing" | "at-most-one" | "refused";

/** How long after a fault or somebody's meddling what the autoscaler sees may differ from what is, ms. */
const AFTERMATH = 65_000;

/** How long an activity may go on with what it saw of an instance before somebody else was at it, ms. */
const LONGEST_ERRAND = 10 * AFTERMATH;

/** Watches a lab. */
export class Referee implements Watcher {
  /** Every rule broken, a line each. */
  readonly broken = new Set<string>();
  readonly acts: Acts = {
    starts: 0,
    launches: 0,
    stops: 0,
    terminations: 0,
    registrations: 0,
    deregistrations: 0,
    bounded: 0,
    resyncs: 0,
  };
  /** When somebody else last did something to an instance, ms since the lab began. */
  readonly #meddled = new Map<string, number>();
  readonly #before = new Map<string, string>();
  /** The client tokens of launches that took effect. */
  readonly #tokens = new Set<string>();
  #lab: Lab | undefined;
  #hazy = -Infinity;
  #ends = 0;

  /** Begins to watch. */
  watch(lab: Lab): void {
    this.#lab = lab;
    lab.cloud.account.watch(() => this.#alwaysOn());
  }

  /** Somebody else does something to an instance. */
  meddled(id: string): void {
    this.#meddled.set(id, this.#now);
  }

  /** What reads show may not be what is, from here to a while after {@linkcode Referee.clear}. */
  haze(): void {
    this.#hazy = Infinity;
  }

  /** Nothing keeps reads from being true any more. */
  clear(): void {
    if (this.#hazy === Infinity) this.#hazy = this.#now;
  }

  passing({ action, input, moment }: CallEvent): void {
    if (action === "RunInstances") this.#launching(String(input["ClientToken"]), moment);
    const changes = /^(Start|Stop|Terminate|Register|Deregister)/.test(action);
    for (const id of changes ? idsOf(input) : []) {
      const instance = this.#there.cloud.truth(id);
      if (instance === undefined) continue;
      if (moment === "before") {
        this.#before.set(id, `${instance.state} ${instance.registration}`);
        this.#judge(action, instance);
      } else this.#count(action, instance);
    }
  }

  decided({ kind: source }: Trigger, decision: Decision): void {
    if (source === "reconcile") this.acts.resyncs++;
    if (decision.kind !== "none" && this.#isClear) this.#bounds(decision);
  }

  ended(): void {
    this.#ends++;
  }

  /** Holds what is on record against I3, I7, I8 and R16. */
  verify({ store: { db }, journal }: Incarnation, fates: ReadonlyMap<string, Fate>): void {
    const decisions = new Map(
      db.prepare("SELECT message, count(*) AS n, max(kind) AS kind FROM decisions GROUP BY message").all()
        .map((row) => [String(row.message), { n: Number(row.n), kind: String(row.kind) }]),
    );
    for (
      const { id, done } of db.prepare("SELECT id, done FROM messages WHERE kind = 'notification'").all()
    ) {
      const n = decisions.get(String(id))?.n ?? 0;
      if (done === null) this.#fault("I8", `message ${id} waits for ever`);
      else if (n !== 1) this.#fault("I8", `message ${id} left ${n} decisions`);
    }
    for (const [id, fate] of fates) {
      const { n, kind } = decisions.get(id) ?? { n: 0, kind: "none" };
      if (fate === "refused" ? n !== 0 : fate === "at-most-one" ? n > 1 : n !== 1) {
        this.#fault(fate === "refused" ? "I7" : "I8", `message ${id}, ${fate}, left ${n} decisions`);
      }
      if (fate === "nothing" && kind !== "none") this.#fault("I7", `message ${id} led to a ${kind}`);
    }
    const resyncs = Number(
      db.prepare("SELECT count(*) AS n FROM decisions WHERE trigger_kind = 'reconcile'").get()?.n,
    );
    // One that was on record when it crashed was not told of any more.
    if (resyncs < this.acts.resyncs || resyncs > this.acts.resyncs + this.#ends) {
      this.#fault("I8", `${this.acts.resyncs} resyncs left ${resyncs} decisions`);
    }
    const launches = Number(
      db.prepare("SELECT count(*) AS n FROM activities WHERE kind = 'launch'").get()?.n,
    );
    if (this.#tokens.size > launches) {
      this.#fault("I3", `${this.#tokens.size} instances are launched by ${launches} decisions`);
    }
    const several = "SELECT decision FROM activities GROUP BY decision HAVING count(*) > 1";
    for (const { decision } of db.prepare(several).all()) {
      this.#fault("I3", `decision ${decision} led to several activities`);
    }
    for (let after = 0;;) {
      const record = journal.read({ after });
      if (record === undefined) break;
      after = record.id;
      if (record.decision.reason === "") this.#fault("I8", `decision ${after} has no reason`);
      if (!replay(record).same) {
        this.#fault("R16", `decision ${after} is another one when it is made again`);
      }
    }
  }

  /** Holds the end against I6, once nothing is under way. */
  atRest(): void {
    for (const { id, role, state, registration } of this.#there.cloud.fleet()) {
      if (this.#meddled.has(id) || role !== "node") continue;
      if (state === "running" && registration !== "in-service") {
        this.#fault("I6", `${id} is left running and ${registration}`);
      }
      if (state !== "running" && registration !== "none") {
        this.#fault("I6", `${id} is left ${state} and ${registration}`);
      }
    }
  }

  #judge(action: string, { id, role, registration, state, tags }: Truth): void {
    const machine = this.#there.cloud.machines.of(id);
    if (tags["kas:fleet"] !== "kas") this.#fault("I7", `${action} of ${id}, which is not of the fleet`);
    if (tags["aws:autoscaling:groupName"] !== undefined) {
      this.#fault("R7", `${action} of ${id}, which belongs to an Auto Scaling group`);
    }
    switch (action) {
      case "StartInstances":
        if (this.#owners(id, "start") !== 1) this.#fault("I3", `${id} is started by no activity`);
        break;
      case "StopInstances":
      case "TerminateInstances": {
        const [kind, done] = action === "StopInstances"
          ? ["stop", "stopped"] as const
          : ["terminate", "terminated"] as const;
        if (role !== "node") this.#fault("I1", `the ${role} ${id} is ${done}`);
        if (this.#owners(id, kind) === 0) this.#fault("I3", `${id} is ${done} by no activity`);
        if (this.#isMeddledWith(id)) break;
        if (state === "running" && registration !== "none") {
          this.#fault("I4", `${id} is ${done} while it is ${registration}`);
        }
        if ((machine?.held ?? 0) > 0) {
          this.#fault("I4", `${id} is ${done} with ${machine?.held} requests under way`);
        }
        break;
      }
      case "DeregisterInstancesFromLoadBalancer":
        if (role !== "node") this.#fault("I1", `the ${role} ${id} is deregistered`);
        if (registration === "in-service" && this.#isClear) this.#spared(id);
        break;
      case "RegisterInstancesWithLoadBalancer":
        if (machine?.healthy !== true && !this.#isMeddledWith(id)) {
          this.#fault("I5", `${id}, ${state}, is registered before its worker answered`);
        }
        break;
    }
  }

  #count(action: string, { id, state, registration }: Truth): void {
    if (this.#before.get(id) === `${state} ${registration}`) return;
    if (action === "StartInstances") this.acts.starts++;
    if (action === "StopInstances") this.acts.stops++;
    if (action === "TerminateInstances") this.acts.terminations++;
    if (action === "RegisterInstancesWithLoadBalancer") this.acts.registrations++;
    if (action === "DeregisterInstancesFromLoadBalancer") this.acts.deregistrations++;
  }

  /** A launch, the first or a repeat: it is for an activity, and the fleet stays within max, all of it (I2, I3). */
  #launching(token: string, moment: CallEvent["moment"]): void {
    const { cloud, kas, plan: { limits } } = this.#there;
    if (moment === "after") {
      if (!this.#tokens.has(token)) this.acts.launches++;
      this.#tokens.add(token);
      return;
    }
    const unanswered = kas.journal.unfinished().filter(({ kind, instance }) =>
      kind === "launch" && instance === undefined
    );
    if (unanswered.length === 0) this.#fault("I3", "an instance is launched for no activity");
    if (this.#tokens.has(token)) return;
    const whole = cloud.fleet().filter(({ state }) => state !== "shutting-down").length + 1;
    if (limits.grow === undefined || whole > (limits.max ?? 0)) {
      this.#fault("I2", `a launch makes the fleet ${whole}, max ${limits.max}`);
    }
  }

  /** The activities on whose account something may be done to an instance now. */
  #owners(id: string, kind: ActivityKind): number {
    const { journal } = this.#there.kas;
    const undoes = (activity: number) =>
      journal.steps(activity).some(({ step, instance, ended }) =>
        step === "rolled-back" && instance === id && ended === undefined
      );
    return journal.unfinished().filter((activity) =>
      (activity.kind === kind && activity.instance === id) || (kind === "stop" && undoes(activity.id))
    ).length;
  }

  /** I2: who is taken off leaves at least min in service, by how the fleet really stands as the call takes effect. */
  #spared(id: string): void {
    const { cloud, plan: { limits } } = this.#there;
    const fleet = cloud.fleet().filter(({ state }) => state !== "shutting-down");
    const others =
      fleet.filter((it) => it.id !== id && it.state === "running" && it.registration === "in-service").length;
    const min = limits.min ?? alwaysOn(fleet);
    if (others < min) this.#fault("I2", `${id} is taken off, which leaves ${others} in service, min ${min}`);
    this.acts.bounded++;
  }

  /** I2: what is decided keeps the bounds by how the fleet really stands. */
  #bounds({ kind }: Decision): void {
    this.acts.bounded++;
    const { cloud, kas, plan: { limits } } = this.#there;
    const fleet = cloud.fleet().filter(({ state }) => state !== "shutting-down");
    const inProgress = kas.journal.unfinished();
    const at = (direction: "out" | "in") =>
      new Set(
        inProgress.filter((it) => DIRECTION[it.kind] === direction)
          .map(({ id, instance }) => instance ?? `launch ${id}`),
      );
    const [starting, stopping] = [at("out"), at("in")];
    const serving = fleet.filter(({ id, state, registration }) =>
      state === "running" && registration === "in-service" && !(stopping.has(id) && !starting.has(id))
    );
    if (kind === "start" || kind === "launch") {
      const max = limits.max ?? fleet.length;
      const coming = new Set([...serving.map(({ id }) => id), ...starting]).size;
      if (coming > max) this.#fault("I2", `a ${kind} makes ${coming}, max ${max}`);
    } else {
      const min = limits.min ?? alwaysOn(fleet);
      if (serving.length < min) this.#fault("I2", `a ${kind} leaves ${serving.length}, min ${min}`);
    }
  }

  /** I1: base and control run all the time. */
  #alwaysOn(): void {
    for (const { id, role, state } of this.#there.cloud.fleet()) {
      if (role !== "node" && state !== "running" && !this.#meddled.has(id)) {
        this.#fault("I1", `the ${role} ${id} is ${state}`);
      }
    }
  }

  get #isClear(): boolean {
    return this.#now - Math.max(this.#hazy, ...this.#meddled.values()) > AFTERMATH;
  }

  #isMeddledWith(id: string): boolean {
    return this.#now - (this.#meddled.get(id) ?? -Infinity) < LONGEST_ERRAND;
  }

  get #now(): number {
    return this.#there.time.passed;
  }

  get #there(): Lab {
    if (this.#lab === undefined) throw new Error("it watches no lab");
    return this.#lab;
  }

  #fault(rule: string, what: string): void {
    this.broken.add(`${rule}: ${what}`);
  }
}

/** R3: how many are in service at least where no min is set. */
function alwaysOn(fleet: readonly Truth[]): number {
  return fleet.filter(({ role, registration }) =>
    role === "base" || (role === "control" && registration !== "none")
  ).length;
}

/** The instances that a call is about, EC2's or ELB's. */
function idsOf({ InstanceIds, Instances }: CallEvent["input"]): string[] {
  const ids = Array.isArray(InstanceIds) ? InstanceIds : [];
  const shapes = Array.isArray(Instances) ? Instances : [];
  return [...ids, ...shapes.map((each) => (each as { InstanceId?: unknown }).InstanceId)].map(String);
}
