/**
 * Plays the acceptance scenario in a sandbox: a real autoscaler, wired as `kas admin setup` wires it, and real clients.
 *
 * @module
 */
import type { Output, Row } from "../../../cli/output.ts";
import type { Sandbox } from "../../../sandbox/sandbox.ts";
import type { CpuThresholds } from "../../alarms/alarm_plans.ts";
import { ClientPool, HttpGetter, realTimer } from "../../load/clients.ts";
import { RequestStatistics } from "../../load/statistics.ts";
import { NINE_STEPS, type ScenarioStep, THINK_MS } from "./nine_steps.ts";
import { type ScenarioAutoscaler, startScenarioAutoscaler } from "./autoscaler.ts";
import { Reporter } from "./reporter.ts";
import { judgeStep, PASSED, RESULT_COLUMNS, resultRow, type StepObservation } from "./judge.ts";
import type { ShownDecision } from "./view.ts";
import { FleetWatch } from "./fleet_watch.ts";

/** What to play, and where. */
export interface Scenario {
  readonly sandbox: Sandbox;
  /** Divides every duration. */
  readonly speed: number;
  /** Length of a step, ms of sandbox time. */
  readonly step: number;
  /** The alarms' thresholds. */
  readonly cpu: CpuThresholds;
  readonly out: Output;
  readonly signal: AbortSignal;
  readonly steps?: readonly ScenarioStep[];
}

/** What CloudWatch averages over, ms of sandbox time. */
const MINUTE = 60_000;

/** The longest time between two pictures, real ms. */
const FRAME = 500;

/**
 * Plays the nine steps, tells how it goes on stderr and prints the verdict table on stdout.
 *
 * @returns whether every step came out as required
 * @throws {ProcessError} if the autoscaler or the setup fails
 */
export async function playNineSteps(scenario: Scenario): Promise<boolean> {
  const { sandbox, speed, cpu, out, signal } = scenario;
  out.note("Starting an autoscaler and setting up topic, load balancer and alarms.");
  await using autoscaler = await startScenarioAutoscaler({ env: sandbox.env, speed, cpu, signal });
  return await playNineStepsWith(scenario, autoscaler);
}

/** The same with an autoscaler that is at work and wired, wherever it is. */
export async function playNineStepsWith(
  scenario: Scenario,
  autoscaler: Pick<ScenarioAutoscaler, "decisions" | "failed">,
): Promise<boolean> {
  const rows = await playSteps(scenario, autoscaler);
  await scenario.out.table(RESULT_COLUMNS, rows);
  return rows.every(({ verdict }) => verdict === PASSED);
}

/** Lets the clients come and go, watches, and judges each step; a row a step. */
async function playSteps(
  scenario: Scenario,
  autoscaler: Pick<ScenarioAutoscaler, "decisions" | "failed">,
): Promise<Row[]> {
  const { sandbox, speed, out, signal, steps = NINE_STEPS } = scenario;
  using getter = new HttpGetter(`${sandbox.balancerUrl}/work`);
  using watch = new FleetWatch(sandbox.world, MINUTE / speed);
  using reporter = new Reporter(out);
  const total = new RequestStatistics();
  let tally = new RequestStatistics();
  const count = (ms: number, ok: boolean) => {
    total.add(ms, ok);
    tally.add(ms, ok);
  };
  const crowd = new ClientPool({ send: getter.send, think: THINK_MS / speed, signal, onRequestEnd: count });
  const rows: Row[] = [];

  const begun = performance.now();
  for (const [index, step] of steps.entries()) {
    tally = new RequestStatistics();
    watch.resetRange();
    reporter.begin(step);
    const left = crowd.setClients(step.clients);
    // Counted from the very beginning, so that lateness does not add up.
    const end = begun + ((index + 1) * scenario.step) / speed;
    for await (const decisions of frames(end, Math.min(FRAME, MINUTE / speed / 6), autoscaler, signal)) {
      watch.readCpu();
      reporter.show({
        title: `Nine steps, ${speed} times faster than life, at ${sandbox.balancerUrl}`,
        steps,
        done: rows,
        inService: watch.inService,
        left: Math.max(0, end - performance.now()) / 1_000,
        instances: watch.instances(),
        requests: total.requests,
        errors: total.errors,
        decisions,
      });
    }
    await left;
    const { requests, errors } = tally;
    const { inService, range } = watch;
    const seen: StepObservation = {
      inService,
      minInService: range.least,
      maxInService: range.most,
      requests,
      errors,
      cpu: watch.cpuInService(),
    };
    const judged = judgeStep(step, steps[index - 1]?.expected ?? step.expected, seen);
    rows.push(resultRow(step, seen, judged));
    reporter.end(step, seen, judged);
  }
  await crowd.setClients([]);
  return rows;
}

/**
 * Yields the autoscaler's latest decisions every so many ms until the end, the last time at the end.
 *
 * @throws {ProcessError} if the autoscaler ends, and the signal's reason
 */
async function* frames(
  end: number,
  ms: number,
  autoscaler: Pick<ScenarioAutoscaler, "decisions" | "failed">,
  signal: AbortSignal,
): AsyncGenerator<readonly ShownDecision[]> {
  do {
    await Promise.race([
      realTimer.wait(Math.max(0, Math.min(ms, end - performance.now())), signal),
      autoscaler.failed,
    ]);
    signal.throwIfAborted();
    yield await Promise.race([autoscaler.decisions(), autoscaler.failed]);
  } while (performance.now() < end);
}
