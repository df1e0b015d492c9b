/**
 * All of doctor's checks, in the order in which an operator repairs what they find: access to AWS first.
 *
 * @module
 */
import { clock, credentials, permissions, reading } from "./access_checks.ts";
import { alarmActions, alarmComparison, alarms, strayAlarms, thresholds } from "./alarm_checks.ts";
import { balancer, draining, drainTimeout, health, healthCheck, registered } from "./balancer_checks.ts";
import type { Check } from "./check.ts";
import { autoScalingGroups, base, bounds, quarantine, versions } from "./fleet_checks.ts";
import { ports } from "./network_checks.ts";
import { autoscaler, oneAutoscaler, reconcile, subscription, topic } from "./topic_checks.ts";

/** All checks of doctor, in the order of the output. */
export const CHECKS: readonly Check[] = [
  credentials,
  clock,
  reading,
  permissions,
  base,
  autoScalingGroups,
  quarantine,
  balancer,
  healthCheck,
  draining,
  ports,
  registered,
  health,
  alarms,
  alarmActions,
  alarmComparison,
  thresholds,
  strayAlarms,
  topic,
  subscription,
  autoscaler,
  oneAutoscaler,
  reconcile,
  bounds,
  drainTimeout,
  versions,
];
