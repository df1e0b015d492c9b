/**
 * Indexes of an observation, which kas builds once for each evaluation. The alarms policy looks up an instance for every
 * alarm. Without an index, this would take a time that grows with the square of the fleet's size.
 *
 * @module
 */
import { type ActivityOf, activityOf } from "./activity.ts";
import { type Alarm, type AlarmName, alarmName } from "./alarm.ts";
import { exists, type Instance } from "./instance.ts";
import type { Observation } from "./observation.ts";

/** Indexes of an observation. */
export interface FleetIndex {
  /** Returns the instance with an id, if it exists and EC2 is not terminating it. */
  readonly instance: (id: string) => Instance | undefined;
  /** Returns the alarm with a name. If two alarms have the name, returns the first. */
  readonly alarm: (name: AlarmName) => Alarm | undefined;
  /** Returns the activity in progress at an instance. */
  readonly activity: ActivityOf;
}

/** Builds the indexes of an observation. */
export function indexFleet(observation: Observation): FleetIndex {
  const instances = new Map(
    observation.instances.filter(exists).toReversed().map((it) => [it.id, it]),
  );
  const alarms = new Map(observation.alarms.toReversed().map((it) => [alarmName(it), it]));
  return {
    instance: (id) => instances.get(id),
    alarm: (name) => alarms.get(alarmName(name)),
    activity: activityOf(observation),
  };
}
