/**
 * Plays the nine-steps scenario in a sandbox, with a `kas autoscaler` process and clients that send HTTP requests.
 *
 * @module
 */
import type { Output, Row } from "../../../cli/output.ts";
import type { Sandbox } from "../../../sandbox/sandbox.ts";
import type { CpuThresholds } from "../../alarms/plans.ts";
import { ClientPool, HttpGetter } from "../load/clients.ts";
import { RequestStatistics } from "../load/statistics.ts";
import { realTimer } from "../load/timer.ts";
import { type ScenarioAutoscaler, startScenarioAutoscaler } from "./autoscaler.ts";
import { FleetWatch } from "./fleet_watch.ts";
import { judgeStep, PASSED, RESULT_COLUMNS, resultRow, type StepObservation } from "./judge.ts";
import { NINE_STEPS, type ScenarioStep, THINK_MS } from "./nine_steps.ts";
import { Reporter } from "./reporter.ts";
import type { ShownDecision } from "./view.ts";

/** Options of {@linkcode playNineSteps}. */
export interface Scenario {
  readonly sandbox: Sandbox;
  /** Speed of the sandbox: all durations are divided by this number. */
  readonly speed: number;
  /** Duration of a step, in ms of sandbox time. */
  readonly step: number;
  /** Thresholds of the CPU alarms. */
  readonly cpu: CpuThresholds;
  readonly out: Output;
  readonly signal: AbortSignal;
  /** The steps to play. Default: all nine steps. */
  readonly steps?: readonly ScenarioStep[];
}

/** Time over which the displayed CPU is averaged, in ms of sandbox time. */
const MINUTE = 60_000;

/** Maximum interval between two drawings on the terminal, in ms of real time. */
const FRAME = 500;

/**
 * Plays the scenario, reports its progress on stderr and prints the result table on stdout.
 *
 * @returns whether every step passed
 * @throws {ProcessError} if the autoscaler or `kas admin setup` fails
 */
export async function playNineSteps(scenario: Scenario): Promise<boolean> {
  const { sandbox, speed, cpu, out, signal } = scenario;
  out.note("Starting an autoscaler and setting up topic, load balancer and alarms.");
  await using autoscaler = await startScenarioAutoscaler({ env: sandbox.env, speed, cpu, signal });
  return await playNineStepsWith(scenario, autoscaler);
}

/** Plays the scenario with an autoscaler that is already running, and whose fleet is already set up. */
export async function playNineStepsWith(
  scenario: Scenario,
  autoscaler: Pick<ScenarioAutoscaler, "decisions" | "failed">,
): Promise<boolean> {
  const rows = await playSteps(scenario, autoscaler);
  await scenario.out.table(RESULT_COLUMNS, rows);
  return rows.every(({ result }) => result === PASSED);
}

/** Plays all steps: starts and stops the clients, watches the fleet, and checks each step. Returns a row for each step. */
async function playSteps(
  scenario: Scenario,
  autoscaler: Pick<ScenarioAutoscaler, "decisions" | "failed">,
): Promise<Row[]> {
  const { sandbox, speed, out, signal, steps = NINE_STEPS } = scenario;
  using getter = new HttpGetter(`${sandbox.balancerUrl}/work`);
  using watch = new FleetWatch(sandbox.account, MINUTE / speed);
  using reporter = new Reporter(out);
  const total = new RequestStatistics();
  let inStep = new RequestStatistics();
  const onRequestEnd = (ms: number, ok: boolean) => {
    total.add(ms, ok);
    inStep.add(ms, ok);
  };
  const clients = new ClientPool({ send: getter.send, think: THINK_MS / speed, signal, onRequestEnd });
  const rows: Row[] = [];

  const start = performance.now();
  for (const [index, step] of steps.entries()) {
    inStep = new RequestStatistics();
    watch.resetRange();
    reporter.begin(step);
    const leaving = clients.setClients(step.clients);
    // kas calculates the end of each step from the start of the scenario, so that delays do not add up.
    const end = start + ((index + 1) * scenario.step) / speed;
    for await (const decisions of frames(end, Math.min(FRAME, MINUTE / speed / 6), autoscaler, signal)) {
      watch.readCpu();
      reporter.show({
        title: `Nine-steps scenario at ${speed}x speed, load balancer ${sandbox.balancerUrl}`,
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
    await leaving;
    const observed: StepObservation = {
      inService: watch.inService,
      minInService: watch.range.min,
      maxInService: watch.range.max,
      requests: inStep.requests,
      errors: inStep.errors,
      cpu: watch.cpuInService(),
    };
    const result = judgeStep(step, steps[index - 1]?.expected ?? step.expected, observed);
    rows.push(resultRow(step, observed, result));
    reporter.end(step, observed, result);
  }
  await clients.setClients([]);
  return rows;
}

/**
 * Yields the autoscaler's latest decisions every `interval` ms, and once more at the end. Throws the signal's reason if the signal
 * aborts.
 *
 * @param end the time at which this function ends, on the clock of performance.now()
 * @throws {ProcessError} if the autoscaler ends
 */
async function* frames(
  end: number,
  interval: number,
  autoscaler: Pick<ScenarioAutoscaler, "decisions" | "failed">,
  signal: AbortSignal,
): AsyncGenerator<readonly ShownDecision[]> {
  do {
    await Promise.race([
      realTimer.wait(Math.max(0, Math.min(interval, end - performance.now())), signal),
      autoscaler.failed,
    ]);
    signal.throwIfAborted();
    yield await Promise.race([autoscaler.decisions(), autoscaler.failed]);
  } while (performance.now() < end);
}
