/**
 * Ends activities in progress whose rows in the journal are damaged. kas cannot resume such an activity. The next decision
 * uses the state in which the activity left the fleet.
 *
 * @module
 */
import type { Journal } from "../../store/journal.ts";

/**
 * Ends the activities whose rows are damaged, if kas is not carrying them out.
 *
 * @param isRunning returns whether kas is carrying an activity out
 * @throws {Error} if kas is carrying one of them out. Until that activity ends, kas must not make a decision
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
