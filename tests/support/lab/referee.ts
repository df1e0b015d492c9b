/**
 * Checks the invariants I1–I9 and the pauses of operators (R20) with the calls that AWS receives, the real state of the
 * instances, and the decisions in the database. It does not use what the autoscaler reports about itself.
 *
 * @module
 */
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { Action, Decision } from "../../../src/scaling/model/decision.ts";
import { type ActivityKind, DIRECTION, type Direction } from "../../../src/scaling/model/activity.ts";
import { recommendsCapacity } from "../../../src/scaling/model/recommendation.ts";
import { replay } from "../../../src/scaling/replay.ts";
import type { Truth } from "./cloud.ts";
import type { FleetLab, FleetRun } from "./fleet_lab.ts";
import { nameOf } from "./fleet_plan.ts";
import type { Watcher } from "./lab.ts";
import { PauseLedger } from "./pause_ledger.ts";
import { type Bounds, widestBounds } from "./true_bounds.ts";

/** How often the autoscaler did each thing, counted by its calls to AWS that changed something. */
export interface Tally {
  starts: number;
  launches: number;
  stops: number;
  terminations: number;
  registrations: number;
  deregistrations: number;
  /** How often I2 was checked with the real state of the fleet. */
  bounded: number;
  resyncs: number;
  /** The number of decisions during a pause. */
  paused: number;
  /** The number of decisions with actions that a policy other than alarms recommended by the load. */
  steered: number;
}

/**
 * What the autoscaler must do with a message: make one decision, make one decision without an action, make at most one
 * decision, or refuse the message.
 */
export type Fate = "one" | "nothing" | "at-most-one" | "refused";

/** After a fault or an interference, the autoscaler may observe an old state for this long, in ms. */
const UNCERTAIN_AFTER = 65_000;

/**
 * After an interference with an instance, an activity may act on its earlier observation of the instance for this long,
 * in ms.
 */
const LONGEST_ACTIVITY = 10 * UNCERTAIN_AFTER;

/** Checks the invariants in a lab. */
export class Referee implements Watcher {
  /** The violations, one line for each. */
  readonly violations = new Set<string>();
  readonly tally: Tally = {
    starts: 0,
    launches: 0,
    stops: 0,
    terminations: 0,
    registrations: 0,
    deregistrations: 0,
    bounded: 0,
    resyncs: 0,
    paused: 0,
    steered: 0,
  };
  /** When another person last interfered with each instance, in ms since the lab began. */
  readonly #interference = new Map<string, number>();
  readonly #before = new Map<string, string>();
  /** The instances that caused a failure by their own fault at some time. */
  readonly #broken = new Set<string>();
  /** When each instance got each tag that keeps kas from starting or stopping it, in ms since the lab began. */
  readonly #keptSince = new Map<string, number>();
  /** When each activity first tried to start or to stop each instance, by their ids. */
  readonly #firstTries = new Map<string, number>();
  readonly #pauses = new PauseLedger();
  /** The client tokens of launches that took effect. */
  readonly #tokens = new Set<string>();
  #lab: FleetLab | undefined;
  #uncertainUntil = -Infinity;
  #ends = 0;

  /** Begins to check the invariants in a lab. */
  watch(lab: FleetLab): void {
    this.#lab = lab;
    const onChange = () => {
      this.#checkRunning();
      this.#noteKept();
    };
    onChange();
    lab.cloud.account.watch(onChange);
  }

  /** Reports that another person interferes with an instance. */
  interfered(id: string): void {
    this.#interference.set(id, this.#now);
  }

  /** Reports that an instance causes failures by its own fault from now on. */
  broke(id: string): void {
    this.#broken.add(id);
  }

  /** Reports that observations may be wrong from now on, until some time after {@linkcode Referee.endUncertainty}. */
  beginUncertainty(): void {
    this.#uncertainUntil = Infinity;
  }

  /** Reports that observations are right again from now on. */
  endUncertainty(): void {
    if (this.#uncertainUntil === Infinity) this.#uncertainUntil = this.#now;
  }

  /**
   * Reports that an operator asks for a pause, and whether the autoscaler confirmed it. `until` is in ms since the epoch on the
   * autoscaler's clock.
   */
  paused(directions: readonly Direction[], until: number, isConfirmed: boolean): void {
    if (!isConfirmed) return this.#pauses.forget(directions);
    const [last] = this.#current.kas.store.db.prepare("SELECT max(id) AS id FROM activities").all();
    this.#pauses.paused(directions, { until, lastActivity: Number(last?.id ?? 0) });
  }

  /** Reports that an operator asks the autoscaler to resume. */
  resumed(directions: readonly Direction[]): void {
    this.#pauses.forget(directions);
  }

  /** Reports that the autoscaler's clock jumps. */
  clockJumped(): void {
    this.#pauses.clockJumped();
    // The decision in progress may use the time from before the jump.
    this.#uncertainUntil = Math.max(this.#uncertainUntil, this.#now);
  }

  onCall({ action, input, moment }: CallEvent): void {
    this.#checkOwn(action, input);
    if (action === "RunInstances") this.#checkLaunch(String(input["ClientToken"]), moment);
    if (action === "CreateTags" && moment === "before") this.#checkTags(input);
    const changes = /^(Start|Stop|Terminate|Register|Deregister)/.test(action);
    for (const id of changes ? idsOf(input) : []) {
      const instance = this.#current.cloud.truth(id);
      if (instance === undefined) continue;
      if (moment === "before") {
        this.#before.set(id, `${instance.state} ${instance.registration}`);
        this.#checkBefore(action, instance);
      } else this.#count(action, instance);
    }
  }

  /** Checks that a call changes only instances and alarms of the fleet (I7). */
  #checkOwn(action: string, input: CallEvent["input"]): void {
    if (/^(Describe|Get|List)/.test(action)) return;
    const fleet = nameOf(this.#current.plan);
    const text = JSON.stringify(input);
    for (const [id] of text.matchAll(/\bi-[0-9a-f]{17}\b/g)) {
      const owner = this.#current.cloud.truth(id)?.tags["kas:fleet"];
      if (owner !== undefined && owner !== fleet) {
        this.#fault("I7", `${action} of ${id}, which is not in the fleet ${fleet}`);
      }
    }
    const { AlarmName, AlarmNames = [AlarmName] } = input;
    for (const name of Array.isArray(AlarmNames) ? AlarmNames : []) {
      if (name !== undefined && !String(name).startsWith(`${fleet}:`)) {
        this.#fault("I7", `${action} of alarm ${name}, which is not of the fleet ${fleet}`);
      }
    }
  }

  onDecision({ kind: source }: Trigger, decision: Decision): void {
    if (source === "reconcile") this.tally.resyncs++;
    this.#checkPauses();
    if (this.#isClear) { for (const action of decision.actions) this.#checkBounds(action); }
  }

  onEnd(): void {
    this.#ends++;
  }

  /** Checks I3, I7, I8 and R16 in the database. */
  verify({ store: { db }, journal }: FleetRun, fates: ReadonlyMap<string, Fate>): void {
    const decisions = new Map(
      db.prepare("SELECT message, count(*) AS n, max(kind) AS kind FROM decisions GROUP BY message").all()
        .map((row) => [String(row.message), { n: Number(row.n), kind: String(row.kind) }]),
    );
    for (
      const { id, done } of db.prepare("SELECT id, done FROM messages WHERE kind = 'notification'").all()
    ) {
      const n = decisions.get(String(id))?.n ?? 0;
      if (done === null) this.#fault("I8", `message ${id} is never done`);
      else if (n !== 1) this.#fault("I8", `message ${id} has ${n} decisions`);
    }
    for (const [id, fate] of fates) {
      const { n, kind } = decisions.get(id) ?? { n: 0, kind: "none" };
      if (fate === "refused" ? n !== 0 : fate === "at-most-one" ? n > 1 : n !== 1) {
        this.#fault(fate === "refused" ? "I7" : "I8", `message ${id} (${fate}) has ${n} decisions`);
      }
      if (fate === "nothing" && kind !== "none") this.#fault("I7", `message ${id} led to a ${kind}`);
    }
    const resyncs = Number(
      db.prepare("SELECT count(*) AS n FROM decisions WHERE trigger_kind = 'reconcile'").get()?.n,
    );
    // The autoscaler may crash after it has recorded a decision and before it reports the decision.
    if (resyncs < this.tally.resyncs || resyncs > this.tally.resyncs + this.#ends) {
      this.#fault("I8", `${this.tally.resyncs} reconciliations have ${resyncs} decisions`);
    }
    const launches = Number(
      db.prepare("SELECT count(*) AS n FROM activities WHERE kind = 'launch'").get()?.n,
    );
    if (this.#tokens.size > launches) {
      this.#fault("I3", `${launches} decisions launched ${this.#tokens.size} instances`);
    }
    const carriedOut =
      `SELECT d.id, d.trigger_kind, json_array_length(d.decision, '$.actions') AS actions, count(*) AS n
      FROM activities a JOIN decisions d ON d.id = a.decision GROUP BY d.id`;
    for (const { id, trigger_kind, actions, n } of db.prepare(carriedOut).all()) {
      if (n !== actions) this.#fault("I3", `decision ${id} has ${actions} actions and ${n} activities`);
      if (trigger_kind === "notification" && n !== 1) {
        this.#fault("R1", `notification ${id} has ${n} actions`);
      }
    }
    for (let after = 0;;) {
      const record = journal.read({ after });
      if (record === undefined) break;
      after = record.id;
      if (record.decision.reason === "") this.#fault("I8", `decision ${after} has no reason`);
      const { actions, recommendations } = record.decision;
      if (actions.length > 0 && recommendations.some(recommendsCapacity)) this.tally.steered++;
      if (!replay(record).same) {
        this.#fault("R16", `decision ${after} differs when it is replayed`);
      }
    }
  }

  /** Checks I6 at the end, when no activity is in progress. */
  verifyEnd(): void {
    for (const { id, role, state, registration } of this.#current.cloud.fleet()) {
      if (this.#interference.has(id) || role !== "node") continue;
      // kas leaves a protected instance whose start fails, and a detached instance, to its operator.
      if (["kas:protected", "kas:detached"].some((tag) => this.#keptSince.has(`${tag} ${id}`))) continue;
      if (state === "running" && registration !== "in-service") {
        this.#fault("I6", `${id} is left running and ${registration}`);
      }
      if (state !== "running" && registration !== "none") {
        this.#fault("I6", `${id} is left ${state} and ${registration}`);
      }
    }
  }

  /** Checks that no activity begins in a direction that an operator has paused (R20). */
  #checkPauses(): void {
    const { kas, clock } = this.#current;
    if (!this.#pauses.isAnyInForce(clock)) return;
    this.tally.paused++;
    const activities = kas.store.db.prepare("SELECT id, kind FROM activities").all()
      .map(({ id, kind }) => ({ id: Number(id), kind: String(kind) }));
    for (const { id, kind } of this.#pauses.violations(activities, clock)) {
      this.#fault("R20", `activity ${id}, a ${kind}, begins in a paused direction`);
    }
  }

  /** Notes which instances are protected or detached. */
  #noteKept(): void {
    for (const { id, tags } of this.#current.cloud.fleet()) {
      for (const tag of ["kas:protected", "kas:detached"]) {
        const key = `${tag} ${id}`;
        if (tags[tag] === undefined) this.#keptSince.delete(key);
        else if (!this.#keptSince.has(key)) this.#keptSince.set(key, this.#now);
      }
    }
  }

  /**
   * Checks that the autoscaler does not start or stop an instance with one of these tags (I1). A request that has begun
   * continues: AWS may have received it.
   */
  #checkKept(id: string, done: string, tags: readonly ("kas:protected" | "kas:detached")[]): void {
    const tries = this.#current.kas.journal.unfinished().filter(({ instance }) => instance === id)
      .map((activity) => `${activity.id} ${done} ${id}`);
    for (const each of tries) if (!this.#firstTries.has(each)) this.#firstTries.set(each, this.#now);
    const began = Math.max(...tries.map((each) => this.#firstTries.get(each) ?? this.#now));
    for (const tag of tags) {
      const since = this.#keptSince.get(`${tag} ${id}`);
      if (since !== undefined && began - since > UNCERTAIN_AFTER) {
        this.#fault("I1", `${id} is ${done} although it has the tag ${tag}`);
      }
    }
  }

  /**
   * Returns why the fleet violates I9: fewer instances than the minimum serve, although there is a healthy node that kas could
   * start. Returns undefined if the fleet does not violate I9.
   */
  whyBelowMin(): string | undefined {
    const fleet = this.#existing();
    const { min } = this.#bounds(fleet, LONGEST_ACTIVITY);
    const serving = fleet.filter(({ state, registration }) =>
      state === "running" && registration === "in-service"
    );
    const ready = fleet.filter(({ role, state, tags }) =>
      role === "node" && state === "stopped" &&
      ["kas:quarantine", "kas:detached", "aws:autoscaling:groupName"].every((tag) => tags[tag] === undefined)
    );
    if (serving.length >= min || ready.length === 0) return undefined;
    return `${serving.length} instances serve, min ${min}, and ${
      ready.map(({ id }) => id).join(", ")
    } could start`;
  }

  #checkBefore(action: string, { id, role, registration, state, tags }: Truth): void {
    const machine = this.#current.cloud.machines.of(id);
    if (tags["aws:autoscaling:groupName"] !== undefined) {
      this.#fault("R7", `${action} of ${id}, which belongs to an Auto Scaling group`);
    }
    switch (action) {
      case "StartInstances":
        if (this.#activitiesOf(id, "start") !== 1 && !this.#isRestarted(id)) {
          this.#fault("I3", `${id} is started without an activity`);
        }
        this.#checkKept(id, "started", ["kas:detached"]);
        break;
      case "StopInstances":
      case "TerminateInstances": {
        const [kind, done] = action === "StopInstances"
          ? ["stop", "stopped"] as const
          : ["terminate", "terminated"] as const;
        if (role !== "node") this.#fault("I1", `the ${role} ${id} is ${done}`);
        if (this.#activitiesOf(id, kind) === 0 && !this.#isRestarted(id)) {
          this.#fault("I3", `${id} is ${done} without an activity`);
        }
        this.#checkKept(id, done, ["kas:protected", "kas:detached"]);
        if (this.#isInterferedWith(id)) break;
        if (state === "running" && registration !== "none") {
          this.#fault("I4", `${id} is ${done} while it is ${registration}`);
        }
        // kas drains an unhealthy instance only briefly.
        if ((machine?.held ?? 0) > 0 && !this.#broken.has(id)) {
          this.#fault("I4", `${id} is ${done} with ${machine?.held} requests in progress`);
        }
        break;
      }
      case "DeregisterInstancesFromLoadBalancer":
        if (role !== "node") this.#fault("I1", `the ${role} ${id} is deregistered`);
        if (this.#serves(id) && this.#isClear) this.#checkMin(id);
        break;
      case "RegisterInstancesWithLoadBalancer":
        if (machine?.healthy !== true && !this.#isInterferedWith(id)) {
          this.#fault("I5", `${id}, ${state}, is registered before it was healthy`);
        }
        break;
    }
  }

  /** Whether kas may stop and start an instance in one activity, because its service refuses to take jobs again (R23). */
  #isRestarted(id: string): boolean {
    const { plan, cloud } = this.#current;
    return plan.balancer === "none" && cloud.workers.requests.some((line) => line.includes(` ${id} `)) &&
      (["start", "stop", "terminate"] as const).some((kind) => this.#activitiesOf(id, kind) > 0);
  }

  #count(action: string, { id, state, registration }: Truth): void {
    if (this.#before.get(id) === `${state} ${registration}`) return;
    if (action === "StartInstances") this.tally.starts++;
    if (action === "StopInstances") this.tally.stops++;
    if (action === "TerminateInstances") this.tally.terminations++;
    if (action === "RegisterInstancesWithLoadBalancer") this.tally.registrations++;
    if (action === "DeregisterInstancesFromLoadBalancer") this.tally.deregistrations++;
  }

  /** Checks that kas quarantines only instances that caused failures by their own fault, whatever AWS does (R9). */
  #checkTags({ Resources, Tags }: CallEvent["input"]): void {
    if (!JSON.stringify(Tags).includes('"kas:quarantine"')) return;
    for (const id of Array.isArray(Resources) ? Resources.map(String) : []) {
      if (this.#broken.has(id) || this.#interference.has(id)) continue;
      this.#fault("R9", `${id} is quarantined, which is not at fault`);
    }
  }

  /**
   * Checks a launch or its repetition: it belongs to an activity, and the whole fleet stays within the maximum (I2,
   * I3).
   */
  #checkLaunch(token: string, moment: CallEvent["moment"]): void {
    const { kas, plan: { limits } } = this.#current;
    if (moment === "after") {
      if (!this.#tokens.has(token)) this.tally.launches++;
      this.#tokens.add(token);
      return;
    }
    const unanswered = kas.journal.unfinished().filter(({ kind, instance }) =>
      kind === "launch" && instance === undefined
    );
    if (unanswered.length === 0) this.#fault("I3", "an instance is launched without an activity");
    if (this.#tokens.has(token)) return;
    const fleet = this.#existing();
    const whole = fleet.length + 1;
    // The window of a schedule may have ended since the decision.
    const { max } = this.#bounds(fleet, LONGEST_ACTIVITY);
    if (limits.grow === undefined || whole > max) {
      this.#fault("I2", `a launch makes the fleet ${whole}, max ${max}`);
    }
  }

  /** Returns the number of activities in progress that may change an instance. */
  #activitiesOf(id: string, kind: ActivityKind): number {
    const { journal } = this.#current.kas;
    const rollsBack = (activity: number) =>
      journal.steps(activity).some(({ step, instance, ended: onEnd }) =>
        step === "rolled-back" && instance === id && onEnd === undefined
      );
    return journal.unfinished().filter((activity) =>
      (activity.kind === kind && activity.instance === id) || (kind === "stop" && rollsBack(activity.id))
    ).length;
  }

  /** Checks I2: after a deregistration, at least the minimum number of instances is really in service. */
  #checkMin(id: string): void {
    const fleet = this.#existing();
    const others =
      fleet.filter((it) => it.id !== id && it.state === "running" && it.registration === "in-service").length;
    const { min } = this.#bounds(fleet);
    if (others < min) {
      this.#fault("I2", `the deregistration of ${id} leaves ${others} in service, min ${min}`);
    }
    this.tally.bounded++;
  }

  /** Checks I2: a decision keeps the real fleet within the minimum and the maximum. */
  #checkBounds(action: Action): void {
    this.tally.bounded++;
    const { kind } = action;
    const fleet = this.#existing();
    const { min, max } = this.#bounds(fleet);
    const inProgress = this.#current.kas.journal.unfinished();
    const at = (direction: "out" | "in") =>
      new Set(
        inProgress.filter((it) => DIRECTION[it.kind] === direction)
          .map(({ id, instance }) => instance ?? `launch ${id}`),
      );
    const [starting, stopping] = [at("out"), at("in")];
    const inService = fleet.filter(({ id, state, registration }) =>
      state === "running" && registration === "in-service" && !(stopping.has(id) && !starting.has(id))
    );
    if (kind === "start" || kind === "launch") {
      // An impaired instance is capacity only for some time.
      const well = inService.filter(({ isImpaired }) => !isImpaired);
      const joining = new Set([...well.map(({ id }) => id), ...starting]).size;
      if (joining > max) this.#fault("I2", `a ${kind} makes ${joining}, max ${max}`);
    } else if (this.#serves("instance" in action ? action.instance : "")) {
      if (inService.length < min) this.#fault("I2", `a ${kind} leaves ${inService.length}, min ${min}`);
    }
  }

  /** Checks I1: base and control instances always run. */
  #checkRunning(): void {
    for (const { id, role, state } of this.#current.cloud.fleet()) {
      if (role !== "node" && state !== "running" && !this.#interference.has(id)) {
        this.#fault("I1", `the ${role} ${id} is ${state}`);
      }
    }
  }

  /** Whether an instance runs, is in service, and has no problem that EC2 reports. */
  #serves(id: string): boolean {
    const { state, registration, isImpaired } = this.#current.cloud.truth(id) ?? {};
    return state === "running" && registration === "in-service" && !isImpaired;
  }

  /** Returns the instances of the fleet that EC2 is not terminating. */
  #existing(): Truth[] {
    return this.#current.cloud.fleet().filter(({ state }) => state !== "shutting-down");
  }

  /** Returns the widest bounds since a decision that may be `before` ms old. */
  #bounds(fleet: readonly Truth[], before = UNCERTAIN_AFTER): Bounds {
    const { plan, clock } = this.#current;
    return widestBounds(plan, fleet, clock, before);
  }

  get #isClear(): boolean {
    return this.#now - Math.max(this.#uncertainUntil, ...this.#interference.values()) > UNCERTAIN_AFTER;
  }

  #isInterferedWith(id: string): boolean {
    return this.#now - (this.#interference.get(id) ?? -Infinity) < LONGEST_ACTIVITY;
  }

  get #now(): number {
    return this.#current.time.passed;
  }

  get #current(): FleetLab {
    if (this.#lab === undefined) throw new Error("it has no lab to check");
    return this.#lab;
  }

  #fault(rule: string, what: string): void {
    this.violations.add(`${rule}: ${what}`);
  }
}

/** Returns the ids of the instances that a call to EC2 or ELB names. */
function idsOf({ InstanceIds, Instances }: CallEvent["input"]): string[] {
  const ids = Array.isArray(InstanceIds) ? InstanceIds : [];
  const shapes = Array.isArray(Instances) ? Instances : [];
  return [...ids, ...shapes.map((each) => (each as { InstanceId?: unknown }).InstanceId)].map(String);
}
