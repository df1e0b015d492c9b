/**
 * Warns of a fleet that has no instances when the autoscaler starts: its name may be mistyped.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { fleetNames } from "../../aws/ec2/instances.ts";
import type { Aws } from "../../aws/clients.ts";
import { nearest } from "../../cli/nearest.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { someOf } from "../../scaling/words.ts";

/** The largest number of fleets that the warning names. */
const NAMED = 10;

const log = getLogger(["kas", "autoscaler"]);

/** Checks whether the first observation of a fleet has instances. Its disposal waits until the warning is logged. */
export class EmptyFleetWatch implements AsyncDisposable {
  readonly #stop = new AbortController();
  #looked = false;
  #warning = Promise.resolve();

  /** Resolves when the warning of the first observation is logged, or right away if there is none. */
  get settled(): Promise<void> {
    return this.#warning;
  }

  constructor(readonly aws: Aws, readonly fleet: string) {}

  /** Logs a warning if the first observation has no instance. */
  look(observation: Pick<Observation, "instances"> | undefined): void {
    if (this.#looked || observation === undefined) return;
    this.#looked = true;
    if (observation.instances.length === 0) this.#warning = this.#warn();
  }

  async #warn(): Promise<void> {
    let names: readonly string[] = [];
    try {
      names = await fleetNames(this.aws, this.#stop.signal);
    } catch {
      // The names of other fleets are only a help. The observation reports that AWS does not answer.
    }
    const similar = nearest(this.fleet, names);
    log.warn("fleet has no instances", {
      fleet: this.fleet,
      ...(names.length === 0 ? {} : { fleetsWithInstances: someOf(names, NAMED) }),
      ...(similar === undefined ? {} : { remedy: `--fleet ${similar}` }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The autoscaler is stopping", "AbortError"));
    await this.#warning;
  }
}
