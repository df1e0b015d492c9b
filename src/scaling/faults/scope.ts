/**
 * The scope of a fault (R18): which starts it pauses. It pauses all starts, the starts in a zone, the starts of a type in a
 * zone, or the starts of one instance.
 *
 * @module
 */
import type { Instance } from "../model/instance.ts";
import type { Fault, StartSuccess } from "../model/start_event.ts";

/** The properties of an instance that determine in which scopes it is. */
export type Place = Pick<Instance, "id" | "zone" | "type">;

/** A scope. A pause of a scope applies to all instances in the scope. */
export interface Scope {
  readonly key: string;
  /** The cause of the pause as a clause, for a reason. */
  readonly circumstance: string;
}

/** The faults that pause all starts. They are also the keys of their scopes. */
const FLEET_WIDE: readonly Fault[] = ["quota", "aws-away", "no-reach", "health-check"];

/** Returns the scope that a fault of an instance pauses. */
export function scopeOf(fault: Fault, { id, zone, type }: Place): Scope {
  switch (fault) {
    case "no-capacity":
      return { key: capacityKey(zone, type), circumstance: `EC2 has no capacity for ${type} in ${zone}` };
    case "zone-not-served":
      return { key: zoneKey(zone), circumstance: `the load balancer does not serve ${zone}` };
    case "quota":
      return { key: fault, circumstance: "the account has reached a quota" };
    case "aws-away":
      return { key: fault, circumstance: "AWS did not answer" };
    case "no-reach":
      return { key: fault, circumstance: "the autoscaler reaches no instance" };
    case "health-check":
      return { key: fault, circumstance: "no instance passes the health check" };
    case "refused":
      return { key: instanceKey(id), circumstance: `AWS refuses to start ${id}` };
    case "slow":
      return { key: instanceKey(id), circumstance: `EC2 takes too long with ${id}` };
    case "balancer-behind":
      return { key: instanceKey(id), circumstance: `the load balancer does not know ${id} yet` };
    case "no-answer":
      return { key: instanceKey(id), circumstance: `${id} does not answer the autoscaler` };
    case "unproven":
    case "unhealthy":
      return { key: instanceKey(id), circumstance: `${id} fails its health check` };
    case "interrupted":
      return { key: instanceKey(id), circumstance: `somebody stopped ${id}` };
    case "ended":
      return { key: instanceKey(id), circumstance: `${id} does not keep running` };
    default:
      return fault satisfies never;
  }
}

/** Returns the keys of all scopes that an instance is in. */
export function keysOf({ id, zone, type }: Place): readonly string[] {
  return [...FLEET_WIDE, capacityKey(zone, type), zoneKey(zone), instanceKey(id)];
}

/** Returns the keys of the scopes whose pause ends when a start of an instance succeeds. */
export function endedBy(what: StartSuccess["what"], place: Place): readonly string[] {
  const { id, zone, type } = place;
  switch (what) {
    case "running":
      return ["quota", "aws-away", capacityKey(zone, type)];
    case "in-service":
      return ["no-reach", "health-check", zoneKey(zone), instanceKey(id)];
    default:
      return what satisfies never;
  }
}

function capacityKey(zone: string, type: string): string {
  return `capacity ${zone} ${type}`;
}

function zoneKey(zone: string): string {
  return `zone ${zone}`;
}

function instanceKey(id: string): string {
  return `instance ${id}`;
}
