/**
 * EC2 Auto Scaling's dynamic scaling, as its documentation describes it. It uses the average CPU of the group. For a fair comparison,
 * its warm-up is as long as kas's (the default of EC2 Auto Scaling is 300 s), and its instances start as quickly as kas's.
 *
 * Sources: EC2 Auto Scaling user guide, "Step and simple scaling policies" (as-scaling-simple-step), "Target tracking scaling
 * policies" (as-scaling-target-tracking), "Set the default instance warmup" (ec2-auto-scaling-default-instance-warmup);
 * CloudWatch user guide, "Alarm actions" (an Auto Scaling action is invoked once a minute for as long as the state lasts).
 *
 * @module
 */
import { THRESHOLDS } from "../alarms.ts";
import type { SimulatedFleet } from "../fleet.ts";
import type { Machine } from "../machine.ts";
import type { Datapoints } from "../meter.ts";
import type { Policy } from "../play.ts";
import { PeerAlarm } from "./alarm.ts";

/** How long the CPU of an instance does not count in the average after the instance came into service, in s. */
const WARMUP = 120;

/**
 * A step adjustment: how far beyond the threshold the step begins, in percent of CPU, and how much it adds, in percent
 * of the capacity.
 */
type Adjustment = readonly [beyond: number, percent: number];

/**
 * The steps of the example in the user guide: from the threshold on 10 % of the capacity, and from 10 percent of CPU
 * beyond the threshold on 30 %.
 */
const STEPS: readonly Adjustment[] = [[10, 30], [0, 10]];

/** The thresholds of step scaling, which are those of `kas admin setup`. */
const { cpulow: LOW, cpuhigh: HIGH } = THRESHOLDS;

/**
 * The share of the target below which target tracking scales in, in percent. Public captures of the alarms that AWS creates show 70 %.
 * Older captures show 90 %.
 */
export const SCALE_IN = 70;

/** The smallest and the largest size of a peer's group. */
export interface PeerBounds {
  readonly min: number;
  readonly max: number;
}

/** The bounds of a group that may have any size. */
export const UNBOUNDED: PeerBounds = { min: 0, max: Infinity };

/**
 * An Auto Scaling group. Its capacity is the number of warm instances. Instances that warm up or leave are counted
 * separately.
 */
class Group {
  readonly #fleet: SimulatedFleet;
  readonly #bounds: PeerBounds;

  constructor(fleet: SimulatedFleet, bounds: PeerBounds) {
    this.#fleet = fleet;
    this.#bounds = bounds;
  }

  get warm(): readonly Machine[] {
    return this.#fleet.in("in-service").filter(({ base, since }) =>
      base || this.#fleet.now - since >= WARMUP
    );
  }

  /** Number of instances in service or joining that are not warm yet. */
  get warming(): number {
    return this.#fleet.current - this.warm.length;
  }

  /** The average CPU of the warm instances; undefined without a datapoint. */
  average(points: Datapoints): number | undefined {
    const known = this.warm.map(({ id }) => points.cpu.get(id)).filter((point) => point !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, point) => sum + point, 0) / known.length;
  }

  /** Adds instances, as long as there are stopped ones. Instances that warm up count as added. */
  add(wanted: number): void {
    const missing = Math.max(0, Math.min(wanted - this.warming, this.#bounds.max - this.#fleet.current));
    for (const { id } of this.#fleet.in("stopped").slice(0, missing)) this.#fleet.start(id);
  }

  /**
   * Removes instances, the newest first. Never removes the base instance, and removes nothing while an instance warms
   * up. Leaving instances count as removed.
   */
  remove(wanted: number): void {
    if (this.warming > 0) return;
    const leaving = this.#fleet.in("draining", "stopping").length;
    const nodes = this.warm.filter(({ base }) => !base).toSorted((a, b) => b.started - a.started);
    const spare = Math.max(0, Math.min(wanted - leaving, this.#fleet.current - this.#bounds.min));
    for (const { id } of nodes.slice(0, spare)) this.#fleet.stop(id, "drained");
  }

  /** The capacity for scaling in, which includes leaving instances. */
  get capacity(): number {
    return this.warm.length + this.#fleet.in("draining", "stopping").length;
  }
}

/** Step scaling with kas's thresholds and one period of a minute. */
export function stepScaling(bounds: PeerBounds = UNBOUNDED): Policy {
  return (fleet) => {
    const group = new Group(fleet, bounds);
    const high = new PeerAlarm((value) => value >= HIGH, 1);
    const low = new PeerAlarm((value) => value < LOW, 1);
    return (arrived) => {
      if (arrived?.cloudwatch === undefined) return;
      const average = group.average(arrived.cloudwatch);
      high.observe(average);
      low.observe(average);
      if (average === undefined) return;
      if (high.state === "ALARM") group.add(adjustment(average - HIGH, group.warm.length));
      else if (low.state === "ALARM") group.remove(adjustment(LOW - average, group.capacity));
    };
  };
}

/** Returns how many instances a breach of the threshold adds or removes: rounded down, and at least 1. */
function adjustment(beyond: number, capacity: number): number {
  const [, percent] = STEPS.find(([from]) => beyond >= from) ?? [0, 0];
  return Math.max(1, Math.floor((capacity * percent) / 100));
}

/**
 * Target tracking. It has the alarms that AWS creates in practice: above the target for 3 minutes, and below a share of the target
 * for 15 minutes. It adds and removes instances in proportion to the CPU. It rounds the number of added instances up, and the number
 * of removed instances down.
 *
 * @param target percent of CPU
 * @param scaleIn the share of the target below which it scales in, in percent
 */
export function targetTracking(target: number, scaleIn = SCALE_IN, bounds = UNBOUNDED): Policy {
  return (fleet) => {
    const group = new Group(fleet, bounds);
    const high = new PeerAlarm((value) => value > target, 3);
    const low = new PeerAlarm((value) => value < (scaleIn * target) / 100, 15);
    return (arrived) => {
      if (arrived?.cloudwatch === undefined) return;
      const average = group.average(arrived.cloudwatch);
      high.observe(average);
      low.observe(average);
      if (average === undefined) return;
      const warm = group.warm.length;
      if (high.state === "ALARM") group.add(Math.ceil((warm * average) / target) - warm);
      else if (low.state === "ALARM") {
        group.remove(Math.floor(group.capacity - (group.capacity * average) / target));
      }
    };
  };
}
