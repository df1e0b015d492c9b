/**
 * Fills the journal's minutes from CloudWatch when a fleet begins to use the adaptive policy, so that the policy can learn from the last
 * week at once.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Aws } from "../../aws/clients.ts";
import { cpuHistory } from "../../aws/cloudwatch/cpu_history.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { type Clock, timeLimit } from "../../runtime.ts";
import { Demand } from "../../scaling/model/load/demand.ts";
import type { Store } from "../store/store.ts";
import { MINUTE, type Minutes } from "./minutes.ts";

/** The parts of a {@linkcode Past}. */
export interface PastParts {
  readonly aws: Aws;
  readonly clock: Clock;
  readonly store: Pick<Store, "db" | "transaction">;
  readonly minutes: Minutes;
}

/** How far back kas reads, in ms: a week, and the time until the learner trusts the forecast of a week. */
const LENGTH = (7 * 24 + 3) * 60 * MINUTE;

/** kas waits at most this long for CloudWatch, in ms. For 20 instances, an answer has two or three pages. */
const TIMEOUT = 60_000;

/** How many minutes a datapoint covers, by the monitoring of the instance. */
const MINUTES = { detailed: 1, basic: 5 } as const;

const log = getLogger(["kas", "telemetry"]);

/** The load of a fleet before kas measured it. */
export class Past {
  readonly #parts: PastParts;
  #isDone = false;

  constructor(parts: PastParts) {
    this.#parts = parts;
  }

  /**
   * Fills the minutes of the last week, if the journal has no minute. kas tries this once: if CloudWatch does not answer, the policy
   * starts without a past.
   */
  async fill(instances: readonly Ec2Instance[], now: number, signal: AbortSignal): Promise<void> {
    if (this.#isDone || this.#parts.minutes.newest() !== undefined) return;
    this.#isDone = true;
    using limit = timeLimit(this.#parts.clock, TIMEOUT);
    try {
      const count = await this.#fill(instances, now, AbortSignal.any([signal, limit.signal]));
      log.info("load of the last week read from CloudWatch", { minutes: count });
    } catch (error) {
      signal.throwIfAborted();
      log.warn("cannot read the load of the last week; the adaptive policy starts without it", {
        reason: (error as Error).message,
      });
    }
  }

  async #fill(instances: readonly Ec2Instance[], now: number, signal: AbortSignal): Promise<number> {
    const { aws, store, minutes } = this.#parts;
    const to = Math.floor(now / MINUTE) * MINUTE;
    const from = to - LENGTH;
    const demand = new Demand(from, LENGTH / MINUTE);
    for await (const { instance, points } of cpuHistory(aws, instances, { from, to, signal })) {
      for (const { at, value } of points) demand.add(at, value, MINUTES[instance.monitoring ?? "basic"]);
    }
    const rows = demand.rows();
    store.transaction(() => {
      for (const { at, value, instances } of rows) {
        minutes.add({ at: at * 1_000, demand: value, serving: instances, source: "cloudwatch" });
      }
    });
    return rows.length;
  }
}
