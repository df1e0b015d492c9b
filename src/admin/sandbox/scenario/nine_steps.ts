/**
 * The acceptance scenario: four clients that come and go, and how many instances must be in service for them.
 *
 * @module
 */

/** One step of a scenario. */
export interface ScenarioStep {
  readonly step: number;
  /** What happens at its beginning. */
  readonly event: string;
  /** Who is there throughout. */
  readonly clients: readonly string[];
  /** How many instances must be in service at its end. */
  readonly expected: number;
}

/**
 * The nine steps. A client asks for 0.5 s of work, thinks for 1 s and asks again: alone it is a third of one instance's CPU,
 * two of them two thirds, and three all of it.
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

/** ms that a client of the scenario thinks between an answer and its next request. */
export const THINK_MS = 1_000;

/** Least and most ms of wall time that a request of the scenario burns. */
export const WORK_MS: readonly [number, number] = [450, 550];
