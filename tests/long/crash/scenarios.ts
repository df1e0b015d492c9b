/**
 * The scenarios during which the test kills the autoscaler. Each begins with an alarm, and always has the same result.
 *
 * @module
 */
import { z } from "zod";
import { askAutoscaler } from "../../../src/admin/instances/autoscaler_socket.ts";
import { register } from "../../../src/aws/balancing/balancer.ts";
import { startInstance } from "../../../src/aws/ec2/state_changes.ts";
import { realClock } from "../../../src/runtime.ts";
import {
  BALANCER,
  BASE,
  type Machines,
  machines,
  NODES,
  type Stage,
} from "../../unit/autoscaler/fixtures.ts";
import { eventually } from "../../support/kas.ts";

/** A scenario: a row of the crash matrix. */
export interface Scenario {
  readonly name: string;
  readonly nodes: number;
  readonly faults?: readonly string[];
  /** The nodes whose workers never answer. */
  readonly dead?: readonly string[];
  /** The autoscaler's flags. */
  readonly flags?: readonly string[];
  /** How often the autoscaler reconciles. Default: once an hour. */
  readonly resync?: string;
  /** `none`: the fleet has no load balancer, and its machines answer each request to drain with 200. */
  readonly balancer?: "none";
  /** Whether a request to the first node is in progress until the end. */
  readonly held?: boolean;
  /** Whether the first node is in service from the start. */
  readonly serving?: boolean;
  /** Triggers the activity. */
  readonly drive: (it: Stage) => Promise<void>;
  /** Steps. The test kills the autoscaler as soon as a step is in the journal. */
  readonly steps: readonly (readonly [step: string, instance: string])[];
}

const [FIRST, SECOND] = NODES;

/** The launch template of the fleet. */
export const TEMPLATE = "kas-node";

const askForMore = (it: Stage) => it.alarm("cpuhigh", BASE, "ALARM");

/**
 * Reports two minutes later, in sandbox time, that the first node is idle. Then there are datapoints from after the
 * node came into service (R6).
 */
const reportIdle = async (it: Stage) => {
  await realClock.sleep(3_500);
  await it.alarm("cpulow", FIRST, "OK");
};

/** Asks the autoscaler for three instances through its socket, again after a kill. */
async function scaleToThree({ options: { state } }: Stage): Promise<void> {
  const body = { direction: "to", capacity: 3, until: Date.now() + 3_600_000, dryRun: false };
  const ask = () =>
    askAutoscaler({ state, fleet: undefined }, "scale", body, z.unknown(), AbortSignal.timeout(30_000));
  await eventually(() => ask().then(() => true, () => false), (answered) => answered);
}

const stepsOf = (instance: string, ...steps: string[]) => steps.map((step) => [step, instance] as const);

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "start",
    nodes: 1,
    drive: askForMore,
    steps: stepsOf(FIRST, "started", "running", "healthy", "registered", "in-service"),
  },
  {
    name: "start whose first candidate fails its health check",
    nodes: 2,
    dead: [FIRST],
    flags: ["--start-timeout", "2s"],
    drive: askForMore,
    steps: [
      ...stepsOf(FIRST, "running", "healthy", "rolled-back"),
      ...stepsOf(SECOND, "started", "running", "registered"),
    ],
  },
  {
    name: "start with no capacity for the first candidate",
    nodes: 2,
    faults: [`no-capacity=${FIRST}`],
    drive: askForMore,
    steps: [
      ...stepsOf(FIRST, "started", "rolled-back"),
      ...stepsOf(SECOND, "started", "healthy", "in-service"),
    ],
  },
  {
    name: "stop",
    nodes: 1,
    serving: true,
    drive: reportIdle,
    steps: stepsOf(FIRST, "deregistered", "drained", "rechecked", "stopping", "stopped"),
  },
  {
    name: "start without a load balancer",
    nodes: 1,
    balancer: "none",
    drive: askForMore,
    steps: stepsOf(FIRST, "started", "running", "healthy", "registered", "in-service"),
  },
  {
    name: "stop without a load balancer",
    nodes: 1,
    serving: true,
    balancer: "none",
    flags: ["--drain-timeout", "20s", "--drain-request", "http:30000/drain"],
    drive: reportIdle,
    steps: stepsOf(FIRST, "deregistered", "drained", "rechecked", "stopping", "stopped"),
  },
  {
    name: "launch",
    nodes: 0,
    flags: ["--start-timeout", "20s", "--grow", TEMPLATE, "--max", "2"],
    drive: askForMore,
    steps: stepsOf(FIRST, "launched", "running", "healthy", "registered", "in-service", "alarms-created"),
  },
  {
    name: "terminate",
    nodes: 1,
    serving: true,
    flags: ["--drain-timeout", "20s", "--grow", TEMPLATE, "--max", "2", "--shrink", "terminate"],
    drive: reportIdle,
    steps: stepsOf(
      FIRST,
      "deregistered",
      "drained",
      "rechecked",
      "terminating",
      "terminated",
      "alarms-deleted",
    ),
  },
  {
    name: "stop that does not drain and is rolled back",
    nodes: 1,
    serving: true,
    held: true,
    flags: ["--drain-timeout", "500ms"],
    drive: reportIdle,
    steps: stepsOf(FIRST, "deregistered", "drained", "re-registered"),
  },
  {
    name: "stop cancelled by a start",
    nodes: 2,
    serving: true,
    held: true,
    drive: async (it) => {
      await reportIdle(it);
      await eventually(() => it.standing(FIRST), (standing) => standing === "running draining");
      await askForMore(it);
    },
    steps: stepsOf(FIRST, "deregistered", "drained", "healthy", "registered", "in-service"),
  },
  {
    name: "two starts for the capacity of an operator",
    nodes: 2,
    flags: ["--start-timeout", "20s", "--max", "3"],
    resync: "2s",
    drive: scaleToThree,
    steps: [...stepsOf(FIRST, "started", "registered"), ...stepsOf(SECOND, "started", "in-service")],
  },
  {
    name: "replacement of a node that fails its health check",
    nodes: 2,
    serving: true,
    flags: ["--start-timeout", "20s", "--drain-timeout", "20s", "--unhealthy-after", "1s"],
    resync: "1s",
    drive: (it) => {
      it.sandbox.faults.unhealthy.add(FIRST);
      return Promise.resolve();
    },
    steps: [
      ...stepsOf(SECOND, "started", "registered", "in-service"),
      ...stepsOf(FIRST, "deregistered", "drained", "rechecked", "stopping", "stopped"),
    ],
  },
];

/** The machines of a scenario. They answer requests to /work when `letGo` resolves. */
export function machinesOf({ dead = [] }: Scenario, letGo: Promise<void>): Machines {
  return machines((id) => !dead.includes(id), letGo);
}

/** Puts the first node into service without the autoscaler. */
export async function serve(it: Stage, balancer?: "none"): Promise<void> {
  await startInstance(it.aws, FIRST);
  await eventually(() => it.standing(FIRST), (standing) => standing === "running none");
  if (balancer === "none") return;
  await register(it.aws, BALANCER, FIRST);
  await eventually(() => it.standing(FIRST), (standing) => standing === "running in-service");
}
