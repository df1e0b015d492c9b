/**
 * The ways in which a running instance fails.
 *
 * @module
 */

/**
 * A failure of a running instance. All times are in ms of sandbox time. A stop and a start of the instance repair it.
 *
 * - `hangs`: the processes stop, so that the instance accepts connections and answers nothing.
 * - `dies`: the processes end, and EC2 still reports the instance as running.
 * - `impaired`: EC2's status checks fail.
 * - `retires`: EC2 schedules the retirement of the instance.
 * - `ends`: the instance ends by itself, with this code in EC2's StateReason.
 */
export type Failure =
  | { readonly kind: "hangs" | "impaired"; readonly lasts?: number | undefined }
  | { readonly kind: "dies" }
  | { readonly kind: "retires"; readonly after?: number | undefined }
  | { readonly kind: "ends"; readonly code: EndCode };

/** The state in which an instance ends, and EC2's message, by the code of EC2's StateReason. Source: EC2 API, StateReason. */
export const END_CODES = {
  "Client.UserInitiatedShutdown": { end: "stopped", message: "User initiated shutdown" },
  "Client.UserInitiatedTermination": { end: "terminated", message: "User initiated termination" },
  "Client.InstanceInitiatedShutdown": { end: "stopped", message: "Instance initiated shutdown" },
  "Client.InternalError": { end: "stopped", message: "Client error on launch" },
  "Server.ScheduledStop": { end: "stopped", message: "Stopped due to scheduled retirement" },
  "Server.SpotInstanceShutdown": { end: "stopped", message: "Spot instance shutdown" },
  "Server.SpotInstanceTermination": { end: "terminated", message: "Spot instance termination" },
  "Server.InternalError": { end: "terminated", message: "Internal error on the host" },
} as const satisfies Readonly<
  Record<string, { readonly end: "stopped" | "terminated"; readonly message: string }>
>;

/** The code of a StateReason with which an instance ends. */
export type EndCode = keyof typeof END_CODES;

/** The failures that have not happened yet, by instance id. They happen as soon as the instance runs. */
export class PendingFailures {
  readonly #failures = new Map<string, Failure[]>();
  /** Callback that runs when a failure is added. */
  onAdd: () => void = () => {};

  /** Returns the ids of the instances that will fail. */
  ids(): string[] {
    return [...this.#failures.keys()];
  }

  add(id: string, failure: Failure): void {
    this.#failures.set(id, [...this.#failures.get(id) ?? [], failure]);
    this.onAdd();
  }

  /** Removes and returns the failures of an instance. */
  take(id: string): readonly Failure[] {
    const failures = this.#failures.get(id) ?? [];
    this.#failures.delete(id);
    return failures;
  }

  clear(): void {
    this.#failures.clear();
  }
}
