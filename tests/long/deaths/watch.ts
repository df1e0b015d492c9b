/**
 * Checks, with the real state in the sandbox, that a fleet in which instances die has enough capacity. From the autoscaler, the check
 * uses only the times of the evaluations.
 *
 * @module
 */
import type { Trigger } from "../../../src/scaling/model/trigger.ts";
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import type { Truth } from "../../support/lab/cloud.ts";
import type { Lab, Watcher } from "../../support/lab/lab.ts";
import { type BoundedFleet, UNHEALTHY_AFTER } from "./fleets.ts";
import { type Death, isSickness, type Killer } from "./kills.ts";

/** The largest age of the state that AWS shows, in ms: the sandbox's `read-lag`. */
const READ_LAG = 5_000;

/** The longest time until the load balancer notices that an instance fails: two failed checks with their timeouts, in ms. */
const HEALTH_CHECK = 2 * 15_000 + 2 * 5_000 + 1_000;

/** The capacity may take this much longer to come back than a start takes, in ms. */
const SLACK = 10_000;

/** How long the load balancer takes to notice that an instance has recovered, in ms. */
const RECOVERY = 60_000;

/** How long an instance that recovered may serve although the capacity is above the maximum, in ms. */
const RECOVERED_LEAVES = 900_000;

/** The longest start that the test accepts as normal, in ms: boot, health checks and registration. */
const LONGEST_START = 180_000;

const HOUR = 3_600_000;

/** The capacity at a time. */
interface Sample {
  readonly at: number;
  readonly serving: number;
}

/** What happened in a fleet, besides violations. All times are in ms. */
export interface Summary {
  readonly longestStart: number;
  /** The number of deaths right after which fewer instances than the minimum served. */
  readonly felt: number;
  /** The longest time from the first evaluation that could see a death until the capacity was back at the minimum. */
  readonly longestRestore: number;
}

/** Watches the capacity of a lab's fleet. */
export class CapacityWatch implements Watcher {
  readonly violations: string[] = [];
  readonly #bounds: BoundedFleet;
  #lab: Lab | undefined;
  #killer: Killer | undefined;
  readonly #samples: Sample[] = [];
  readonly #evaluations: number[] = [];
  /** When the load balancer noticed each death, by the death. */
  readonly #noticed = new Map<Death, number>();
  readonly #crashes: { readonly at: number; readonly down: number }[] = [];
  readonly #starting = new Map<string, number>();
  readonly #quarantined = new Map<string, number>();
  /** The sick instances that kas is taking out of service. */
  readonly #leaving = new Set<string>();
  #longestStart = 0;

  constructor(bounds: BoundedFleet) {
    this.#bounds = bounds;
  }

  /** Begins to watch. */
  watch(lab: Lab, killer: Killer): void {
    this.#lab = lab;
    this.#killer = killer;
  }

  /** Reports that the autoscaler crashes now and is down for `down` ms. */
  crashed(down: number): void {
    this.#crashes.push({ at: this.#now, down });
  }

  onDecision({ kind }: Trigger): void {
    if (kind === "reconcile") this.#evaluations.push(this.#now);
  }

  onCall({ action, input, moment }: CallEvent): void {
    if (moment !== "before" || !/^(Deregister|StopInstances|TerminateInstances)/.test(action)) return;
    const { cloud } = this.#parts;
    for (const id of JSON.stringify(input).match(/\bi-[0-9a-f]{17}\b/g) ?? []) {
      const instance = cloud.truth(id);
      if (instance !== undefined) this.#checkCap(instance);
    }
  }

  /** Notes the present capacity. Call this method once a second. */
  sample(): void {
    const { cloud, killer } = this.#parts;
    const fleet = cloud.fleet();
    const serving = fleet.filter((it) => killer.serves(it));
    this.#samples.push({ at: this.#now, serving: serving.length });
    for (const { id, state, registration } of fleet) {
      if (state === "pending" && !this.#starting.has(id)) this.#starting.set(id, this.#now);
      const began = this.#starting.get(id);
      if (began === undefined || state === "pending") continue;
      if (state === "running" && registration === "in-service") {
        this.#longestStart = Math.max(this.#longestStart, this.#now - began);
      }
      if (registration === "in-service" || state !== "running") this.#starting.delete(id);
    }
    for (const death of killer.deaths) {
      if (this.#noticed.has(death) || cloud.truth(death.id)?.registration === "in-service") continue;
      this.#noticed.set(death, this.#now);
    }
    for (const id of this.#leaving) {
      const { state, registration } = cloud.truth(id) ?? {};
      const leaves = state === "running"
        ? registration === "none" || registration === "draining"
        : state === "stopping";
      if (!leaves) this.#leaving.delete(id);
    }
    this.#checkQuarantines(fleet);
    this.#checkMax(serving.length);
  }

  /** Checks the capacity of the whole run. */
  verify(): Summary {
    const { killer } = this.#parts;
    const { min } = this.#bounds;
    if (this.#longestStart > LONGEST_START) this.violations.push(`a start took ${s(this.#longestStart)}`);
    const graces = killer.deaths.map((death) => this.#graceOf(death));
    let longestRestore = 0;
    for (const { at, serving } of this.#samples) {
      const excused = graces.filter((grace) => grace.from <= at && at <= grace.until);
      if (min - serving > excused.length) {
        const last = graces.filter((grace) => grace.from <= at).at(-1);
        this.violations.push(
          `at ${s(at)} only ${serving} of min ${min} serve; ${excused.length} deaths are recent` +
            (last === undefined ? "" : `; the last was ${last.what}`),
        );
        break;
      }
      if (serving >= min) continue;
      for (const { seen, until } of excused) {
        if (at <= until) longestRestore = Math.max(longestRestore, at - seen);
      }
    }
    const felt = graces.filter(({ from }) => {
      const after = this.#samples.find(({ at }) => at > from);
      return after !== undefined && after.serving < min;
    }).length;
    return { longestStart: this.#longestStart, longestRestore, felt };
  }

  /** Returns how long a death excuses a missing instance. */
  #graceOf(death: Death) {
    const { kill, id, at, until } = death;
    const what = `${id} ${kill} at ${s(at)}`;
    const seen = this.#seen(death);
    const crashes = this.#crashes.filter((crash) => at <= crash.at && crash.at <= seen + this.#longestStart)
      .reduce((sum, { down }) => sum + down + SLACK, 0);
    const restored = seen + this.#longestStart + SLACK + crashes;
    // Right before the load balancer notices a recovery, kas may decide to replace the instance.
    const recovered = until + RECOVERY + this.#longestStart + SLACK;
    return { from: at, seen, until: Math.min(restored, recovered), what };
  }

  /** Returns when an evaluation first saw that an instance does not count as capacity any more. */
  #seen(death: Death): number {
    const { kill, at } = death;
    if (!isSickness(kill)) return this.#evaluationAfter(at + READ_LAG);
    const noticed = kill === "impaired" ? at : this.#noticed.get(death) ?? Infinity;
    if (noticed - at > HEALTH_CHECK && death.until > at + HEALTH_CHECK) {
      this.violations.push(
        `the load balancer noticed only after ${s(noticed - at)} that ${death.id} ${kill}`,
      );
    }
    return this.#evaluationAfter(this.#evaluationAfter(noticed + READ_LAG) + UNHEALTHY_AFTER);
  }

  #evaluationAfter(at: number): number {
    return this.#evaluations.find((evaluation) => evaluation >= at) ?? Infinity;
  }

  /** Checks that kas quarantines few nodes within an hour. */
  #checkQuarantines(fleet: readonly Truth[]): void {
    for (const { id, tags } of fleet) {
      if (tags["kas:quarantine"] === undefined) this.#quarantined.delete(id);
      else if (!this.#quarantined.has(id)) {
        this.#quarantined.set(id, this.#now);
        const recent = this.#recentQuarantines().length;
        if (recent > this.#cap) this.violations.push(`${recent} nodes are in quarantine, cap ${this.#cap}`);
      }
    }
  }

  /** Checks that kas takes few sick nodes out of service at once. */
  #checkCap({ id }: Truth): void {
    if (!this.#parts.killer.isSick(id)) return;
    this.#leaving.add(id);
    const busy = new Set([...this.#leaving, ...this.#recentQuarantines()]).size;
    if (busy > this.#cap) this.violations.push(`${busy} sick nodes leave at once, cap ${this.#cap}`);
  }

  #recentQuarantines(): string[] {
    return [...this.#quarantined].filter(([, since]) => this.#now - since < HOUR).map(([id]) => id);
  }

  get #cap(): number {
    const nodes = this.#parts.cloud.fleet().filter(({ role, state }) =>
      role === "node" && state !== "shutting-down"
    );
    return Math.max(1, Math.floor(nodes.length / 3));
  }

  /** Checks that the capacity exceeds the maximum only for some time after an instance recovered. */
  #checkMax(serving: number): void {
    const { max } = this.#bounds;
    const recovered = this.#parts.killer.recoveries.some((at) => this.#now - at < RECOVERED_LEAVES);
    if (serving > max && !recovered) {
      this.violations.push(`at ${s(this.#now)} ${serving} serve, max ${max}, and none recovered recently`);
    }
  }

  get #now(): number {
    return this.#lab?.time.passed ?? 0;
  }

  get #parts() {
    if (this.#lab === undefined || this.#killer === undefined) throw new Error("it has no lab to watch");
    return { cloud: this.#lab.cloud, killer: this.#killer };
  }
}

function s(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
