/**
 * What a fault pauses: all starts, the starts of a zone and type, or the starts of one instance.
 *
 * @module
 */
import type { Instance } from "../model/instance.ts";
import type { Fault, StartSuccess } from "../model/start_event.ts";

/** The part of an instance that a scope depends on. */
export type Place = Pick<Instance, "id" | "zone" | "type">;

/** A scope: instances with the same key wait together. */
export interface Scope {
  readonly key: string;
  /** The circumstance in words. */
  readonly circumstance: string;
}

/** The keys of the faults that pause every start. */
const FLEET_WIDE: readonly Fault[] = ["quota", "aws-away", "no-reach", "health-check"];

/** The scope of a fault at an instance. */
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

/** The keys of all scopes that an instance is in. */
export function keysOf({ id, zone, type }: Place): readonly string[] {
  return [...FLEET_WIDE, capacityKey(zone, type), zoneKey(zone), instanceKey(id)];
}

/** The keys of the scopes whose pause a success at an instance ends. */
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
