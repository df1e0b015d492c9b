/**
 * Ends activities in progress whose rows in the journal are damaged.
 *
 * kas cannot resume such an activity. What it did is in the state of the fleet, on which the next decision rests.
 *
 * @module
 */
import type { Journal } from "../store/journal.ts";

/**
 * Ends the activities that nobody carries out and whose rows are damaged.
 *
 * @param isRunning whether an activity is being carried out
 * @throws {Error} if such an activity is being carried out: until it ends, kas must not decide about its instance
 */
export function endDamaged(journal: Journal, isRunning: (id: number) => boolean, now: number): void {
  const damaged = journal.damaged();
  for (const id of damaged) {
    if (!isRunning(id)) journal.endDamaged(id, now);
  }
  const running = damaged.find(isRunning);
  if (running !== undefined) {
    throw new Error(`activity ${running} is in progress, and its record in the journal is damaged`);
  }
}
