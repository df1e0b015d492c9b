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

/** The scope of a fault at an instance. */
export function scopeOf(fault: Fault, { id, zone, type }: Place): Scope {
  switch (fault) {
    case "no-capacity":
      return { key: capacityKey(zone, type), circumstance: `EC2 has no capacity for ${type} in ${zone}` };
    case "quota":
      return { key: fault, circumstance: "the account has reached a quota" };
    case "refused":
      return { key: instanceKey(id), circumstance: `AWS refuses to start ${id}` };
    default:
      return fault satisfies never;
  }
}

/** The keys of all scopes that an instance is in. */
export function keysOf({ id, zone, type }: Place): readonly string[] {
  return ["quota", capacityKey(zone, type), instanceKey(id)];
}

/** The keys of the scopes whose pause a success at an instance ends. */
export function endedBy(what: StartSuccess["what"], place: Place): readonly string[] {
  const { id, zone, type } = place;
  switch (what) {
    case "running":
      return ["quota", capacityKey(zone, type)];
    case "in-service":
      return [instanceKey(id)];
    default:
      return what satisfies never;
  }
}

function capacityKey(zone: string, type: string): string {
  return `capacity ${zone} ${type}`;
}

function instanceKey(id: string): string {
  return `instance ${id}`;
}
