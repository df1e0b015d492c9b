/**
 * Reads EC2's status checks of instances, and the events that EC2 has scheduled for them.
 *
 * @module
 */
import type { InstanceStatus, InstanceStatusEvent } from "@aws-sdk/client-ec2";
import { type Aws, sendOptions } from "../clients.ts";
import { isNotFound, listIn } from "../errors.ts";
import { gathered, perAccount } from "../many/gather.ts";
import { pages } from "../many/pages.ts";
import { ec2 } from "./client.ts";

/** The maximum number of ids in one call. Source: EC2 API, DescribeInstanceStatus. */
const MAX_IDS = 100;

/**
 * Returns why EC2 considers instances impaired, by instance id: `EC2 reports its system status as impaired`. An instance is in the
 * result only if it runs and
 *
 * - its system status or its instance status is `impaired`, or
 * - EC2 has scheduled its retirement or its stop.
 *
 * A status that EC2 does not know yet (`initializing`, `insufficient-data`, `not-applicable`) is no failure. Instances that do not run
 * or do not exist are left out.
 */
export async function statusChecks(
  aws: Aws,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  for (let i = 0; i < ids.length; i += MAX_IDS) {
    for await (const status of statuses(aws, ids.slice(i, i + MAX_IDS), signal)) {
      const failure = failureOf(status);
      if (status.InstanceId !== undefined && failure !== undefined) failures.set(status.InstanceId, failure);
    }
  }
  return failures;
}

/**
 * Returns what EC2's status checks say of a running instance: `ok` if it has passed both, else the state of the check that it has not
 * passed, such as `initializing`. Undefined if the instance does not run. Concurrent calls share a request.
 */
export async function checkState(aws: Aws, id: string, signal?: AbortSignal): Promise<string | undefined> {
  return await checkStates(aws)(id, signal);
}

const checkStates = perAccount((aws) =>
  gathered(async (ids, signal) => {
    const states = new Map<string, string | undefined>(ids.map((id) => [id, undefined]));
    for await (const { InstanceId = "", SystemStatus, InstanceStatus } of statuses(aws, ids, signal)) {
      const failed = [SystemStatus?.Status, InstanceStatus?.Status].find((state) =>
        state !== "ok" && state !== "not-applicable"
      );
      states.set(InstanceId, SystemStatus === undefined ? "unknown" : failed ?? "ok");
    }
    return states;
  }, { size: MAX_IDS })
);

/**
 * Requests the statuses of instances by id. EC2 refuses a call that contains an unknown id, and has no filter for ids. So a refused
 * batch is split in halves, until the unknown instances are alone.
 */
async function* statuses(
  aws: Aws,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<InstanceStatus, void> {
  try {
    yield* statusPages(aws, ids, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (ids.length === 1) return;
    const middle = Math.ceil(ids.length / 2);
    yield* statuses(aws, ids.slice(0, middle), signal);
    yield* statuses(aws, ids.slice(middle), signal);
  }
}

async function* statusPages(
  aws: Aws,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<InstanceStatus, void> {
  const [client, { DescribeInstanceStatusCommand }] = await ec2(aws);
  // Without IncludeAllInstances, EC2 describes only the running ones. EC2 accepts instance ids or a page size, but not both.
  const request = (NextToken: string | undefined) =>
    client.send(new DescribeInstanceStatusCommand({ InstanceIds: [...ids], NextToken }), sendOptions(signal));
  for await (const { InstanceStatuses } of pages(request, ({ NextToken }) => NextToken)) {
    yield* listIn(InstanceStatuses, "EC2", "instance statuses");
  }
}

/** Returns why an instance is impaired, or undefined if it is not. kas quotes none of EC2's texts. */
function failureOf({ SystemStatus, InstanceStatus, Events = [] }: InstanceStatus): string | undefined {
  // A failure of the host also fails the instance's status, so that the system status is the cause.
  if (SystemStatus?.Status === "impaired") return "EC2 reports its system status as impaired";
  if (InstanceStatus?.Status === "impaired") return "EC2 reports its instance status as impaired";
  return Events.map(endOf).find((end) => end !== undefined);
}

/** The scheduled events that end an instance. Reboots and maintenance do not. Source: EC2 API, InstanceStatusEvent. */
const ENDS: ReadonlyMap<string | undefined, string> = new Map([
  ["instance-retirement", "retirement"],
  ["instance-stop", "stop"],
]);

/** Returns the end that EC2 has scheduled, or undefined if the event does not end the instance, or is over. */
function endOf({ Code, Description = "", NotBefore }: InstanceStatusEvent): string | undefined {
  const end = ENDS.get(Code);
  // EC2 lists an event for up to a week after its end. Source: EC2 API, InstanceStatusEvent, description.
  if (end === undefined || /^\[(Completed|Canceled)\]/i.test(Description)) return undefined;
  const time = NotBefore === undefined ? "" : ` for ${NotBefore.toISOString().replace(/\.\d+Z$/, "Z")}`;
  return `EC2 has scheduled its ${end}${time}`;
}
