/**
 * The nine-steps scenario: four clients start and stop, and each step has an expected number of instances in service.
 *
 * @module
 */

/** One step of a scenario. */
export interface ScenarioStep {
  readonly step: number;
  /** The event at the start of the step. */
  readonly event: string;
  /** The clients that run during the step. */
  readonly clients: readonly string[];
  /** Number of instances that must be in service at the end of the step. */
  readonly expected: number;
}

/**
 * The nine steps. Each client sends a request that uses CPU for 0.5 s, pauses for 1 s, and starts again. One client uses one third
 * of an instance's CPU, two clients use two thirds, and three clients use all of it.
 */
export const NINE_STEPS: readonly ScenarioStep[] = [
  { step: 1, event: "A starts", clients: ["A"], expected: 1 },
  { step: 2, event: "B starts", clients: ["A", "B"], expected: 1 },
  { step: 3, event: "C starts", clients: ["A", "B", "C"], expected: 2 },
  { step: 4, event: "D starts", clients: ["A", "B", "C", "D"], expected: 2 },
  { step: 5, event: "D stops", clients: ["A", "B", "C"], expected: 2 },
  { step: 6, event: "B stops", clients: ["A", "C"], expected: 1 },
  { step: 7, event: "nothing", clients: ["A", "C"], expected: 1 },
  { step: 8, event: "C stops", clients: ["A"], expected: 1 },
  { step: 9, event: "A stops", clients: [], expected: 1 },
];

/** Pause of a client between a response and the next request, in ms. */
export const THINK_MS = 1_000;

/** Minimum and maximum time for which a request uses CPU, in ms. */
export const WORK_MS: readonly [number, number] = [450, 550];
