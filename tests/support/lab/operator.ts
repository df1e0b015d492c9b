/**
 * The commands of operators that reach a running autoscaler in the lab through its Unix socket.
 *
 * @module
 */
import type { FleetLab } from "./fleet_lab.ts";

/** A command of an operator. */
export type Command = "pause" | "resume" | "scale" | "auto" | "progress";

/** The longest time that a command waits for an observation, in ms. */
const OBSERVED = 10_000;

/**
 * Sends a command to the autoscaler. Returns the answer, or undefined if the autoscaler does not run or crashes before it answers.
 * A command that changes the fleet takes virtual time.
 */
export async function operate(lab: FleetLab, command: Command, body: object): Promise<Response | undefined> {
  if (!lab.alive) return undefined;
  const request = new Request(`http://localhost/${command}`, { method: "POST", body: JSON.stringify(body) });
  const answer = lab.kas.operate(request);
  const waited = command === "scale" ? lab.pass(OBSERVED) : lab.time.settle();
  const response = await Promise.race([answer, waited.then(() => undefined)]);
  await waited;
  return lab.alive ? response : undefined;
}
