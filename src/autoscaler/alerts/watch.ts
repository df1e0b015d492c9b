/**
 * Watches the conditions of the alerts. Logs the beginning and the end of each alert, and reports them to the alert URL.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../runtime.ts";
import type { Alert, AlertChange, AlertName } from "./alert.ts";
import { alertsOf, type AlertView } from "./conditions.ts";

/** A condition that is true. */
interface Pending {
  /** When it became true, in ms since the epoch. */
  readonly since: number;
  /** The same time as the clock's elapsed time, so that a change of the time of day does not begin an alert. */
  readonly began: number;
  /** The alert. Undefined if it is not firing yet. */
  readonly alert: Alert | undefined;
}

const log = getLogger(["kas", "alerts"]);

/** Knows which alerts are firing. */
export class AlertWatch {
  readonly #clock: Clock;
  readonly #onChange: (change: AlertChange) => void;
  readonly #pending = new Map<AlertName, Pending>();

  /** @param onChange called when an alert begins or ends */
  constructor(clock: Clock, onChange: (change: AlertChange) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The alerts that are firing. */
  get firing(): readonly Alert[] {
    return [...this.#pending.values()].flatMap(({ alert }) => alert ?? []);
  }

  /** Evaluates the conditions. An alert that is firing ends only when its condition is not true any more. */
  look(view: AlertView): void {
    const conditions = new Map(alertsOf(view).map((condition) => [condition.name, condition]));
    for (const [name, { alert }] of this.#pending) {
      if (conditions.has(name)) continue;
      this.#pending.delete(name);
      if (alert !== undefined) this.#change("resolved", alert);
    }
    const now = this.#clock.now();
    const elapsed = this.#clock.elapsed();
    for (const { name, reason, patience } of conditions.values()) {
      const { since, began, alert: before } = this.#pending.get(name) ??
        { since: now, began: elapsed, alert: undefined };
      const fires = before !== undefined || elapsed - began >= patience;
      const alert = fires ? { name, reason, since } : undefined;
      this.#pending.set(name, { since, began, alert });
      if (alert !== undefined && before === undefined) this.#change("firing", alert);
    }
  }

  #change(state: AlertChange["state"], alert: Alert): void {
    const { name, reason, since } = alert;
    if (state === "firing") log.error("alert began", { alert: name, reason });
    else log.info("alert ended", { alert: name, seconds: (this.#clock.now() - since) / 1_000 });
    this.#onChange({ ...alert, state });
  }
}
