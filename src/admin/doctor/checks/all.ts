/**
 * All checks of doctor, in the order in which an operator repairs the problems, beginning with the access to AWS.
 *
 * @module
 */
import { clock, credentials, permissions, reading } from "./access.ts";
import { alarmActions, alarmComparison, alarms, strayAlarms, thresholds } from "./alarms.ts";
import { balancer, draining, drainTimeout, registered } from "./balancer.ts";
import type { Check } from "../check.ts";
import { credits, vcpus } from "./cpu.ts";
import { autoScalingGroups, base, bounds, quarantine, versions } from "./fleet.ts";
import { delivery } from "./notifications/delivery.ts";
import { health, healthCheck } from "./health.ts";
import { address, monitoring, network, protection } from "./instances.ts";
import { metrics } from "./metrics.ts";
import { ports, reach } from "./ports.ts";
import { scrapes } from "./scrapes.ts";
import { statusChecks } from "./status_checks.ts";
import {
  alerts,
  autoscaler,
  oneAutoscaler,
  override,
  paused,
  reconcile,
  subscription,
  topic,
} from "./notifications/topic.ts";

/** All checks of doctor, in the order of the output. */
export const CHECKS: readonly Check[] = [
  credentials,
  clock,
  reading,
  permissions,
  base,
  autoScalingGroups,
  quarantine,
  network,
  protection,
  statusChecks,
  balancer,
  healthCheck,
  draining,
  ports,
  reach,
  registered,
  health,
  monitoring,
  alarms,
  alarmActions,
  alarmComparison,
  thresholds,
  credits,
  vcpus,
  metrics,
  scrapes,
  strayAlarms,
  topic,
  delivery,
  subscription,
  address,
  autoscaler,
  oneAutoscaler,
  reconcile,
  paused,
  override,
  alerts,
  bounds,
  drainTimeout,
  versions,
];
