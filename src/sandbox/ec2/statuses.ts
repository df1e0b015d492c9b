/**
 * EC2's status checks and scheduled events of instances, for DescribeInstanceStatus.
 *
 * @module
 */
import type { Instance, Retirement } from "../account/instance.ts";
import type { Shape } from "../wire/action.ts";
import { STATE_CODES, stateShape } from "./shapes.ts";

/** The states of a status check. Source: EC2 API, InstanceStatusSummary. */
type Check = "ok" | "impaired" | "initializing" | "not-applicable";

/** What DescribeInstanceStatus says about an instance. In the sandbox, the system status and the instance status are the same. */
export interface Status {
  readonly instance: Instance;
  readonly check: Check;
}

/** The outcome of the reachability check by the state of the status. Source: EC2 API, InstanceStatusDetails. */
const REACHABILITY: Readonly<Record<Check, string | undefined>> = {
  ok: "passed",
  impaired: "failed",
  initializing: "initializing",
  "not-applicable": undefined,
};

/**
 * Returns an instance's status.
 *
 * @param checked whether EC2 has had the time to check the instance since its start
 */
export function statusOf(instance: Instance, checked: boolean): Status {
  if (instance.state !== "running") return { instance, check: "not-applicable" };
  if (instance.impairedSince !== undefined) return { instance, check: "impaired" };
  return { instance, check: checked ? "ok" : "initializing" };
}

/** Formats a status for DescribeInstanceStatus. */
export function statusShape({ instance, check }: Status): Shape {
  const { id, zone, state, impairedSince, retirement } = instance;
  const Status = REACHABILITY[check];
  const ImpairedSince = impairedSince === undefined ? {} : { ImpairedSince: new Date(impairedSince) };
  const summary = {
    Status: check,
    Details: Status === undefined ? [] : [{ Name: "reachability", Status, ...ImpairedSince }],
  };
  return {
    InstanceId: id,
    AvailabilityZone: zone,
    InstanceState: stateShape(state),
    InstanceStatus: summary,
    SystemStatus: summary,
    Events: retirement === undefined ? [] : [eventShape(id, retirement)],
  };
}

/** Formats a scheduled retirement. Source: EC2 API, InstanceStatusEvent. */
function eventShape(id: string, { at, completed }: Retirement): Shape {
  return {
    InstanceEventId: id.replace("i-", "instance-event-"),
    Code: "instance-retirement",
    Description: `${completed ? "[Completed] " : ""}The instance is running on degraded hardware`,
    NotBefore: new Date(at),
  };
}

/** Returns the values of a status for the name of a filter, or undefined if no such filter exists. Source: EC2 API, Filter.N. */
export function statusFilterValues(
  { instance, check }: Status,
  filter: string,
): readonly (string | undefined)[] | undefined {
  const { id, zone, state, retirement } = instance;
  switch (filter) {
    case "availability-zone":
      return [zone];
    case "instance-state-name":
      return [state];
    case "instance-state-code":
      return [String(STATE_CODES[state])];
    case "instance-status.status":
    case "system-status.status":
      return [check];
    case "instance-status.reachability":
    case "system-status.reachability":
      return [REACHABILITY[check]];
  }
  const [, field] = /^event\.([a-z-]+)$/.exec(filter) ?? [];
  const name = field === undefined ? undefined : EVENT_FIELDS[field];
  if (name === undefined) return undefined;
  const value = retirement === undefined ? undefined : eventShape(id, retirement)[name];
  return [value instanceof Date ? value.toISOString() : value as string | undefined];
}

/** The fields of a scheduled event by the name of their filter. */
const EVENT_FIELDS: Readonly<Record<string, string>> = {
  code: "Code",
  description: "Description",
  "instance-event-id": "InstanceEventId",
  "not-before": "NotBefore",
};
