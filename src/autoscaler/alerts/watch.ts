/**
 * Watches the conditions of the alerts. Logs the beginning and the end of each alert, and reports them to the alert URL.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../runtime.ts";
import type { Alert, AlertChange, AlertName } from "./alert.ts";
import type { AlertStore } from "./alert_store.ts";
import { alertsOf, type AlertView, isKnown } from "./conditions.ts";

/** A condition that is true. */
interface Pending {
  /** When the condition became true, in ms since the epoch. */
  readonly since: number;
  /** The same time, measured as the clock's elapsed time. A change of the time of day does not affect it, and so begins no alert. */
  readonly began: number;
  /** The alert, if it is firing and this run of the autoscaler has reported its beginning. */
  readonly alert: Alert | undefined;
  /** The alert that was firing when the autoscaler last ran. */
  readonly earlier?: Alert;
}

const log = getLogger(["kas", "alerts"]);

/** Knows which alerts are firing. */
export class AlertWatch {
  readonly #clock: Clock;
  readonly #store: AlertStore;
  readonly #onChange: (change: AlertChange) => void;
  readonly #pending: Map<AlertName, Pending>;

  /** @param onChange called when an alert begins or ends, and when an alert from before a restart is still firing */
  constructor(clock: Clock, store: AlertStore, onChange: (change: AlertChange) => void) {
    this.#clock = clock;
    this.#store = store;
    this.#onChange = onChange;
    this.#pending = new Map(
      store.all().map((earlier) => [
        earlier.name,
        { since: earlier.since, began: -Infinity, alert: undefined, earlier },
      ]),
    );
  }

  /** The alerts that are firing. */
  get firing(): readonly Alert[] {
    return [...this.#pending.values()].flatMap(({ alert }) => alert ?? []);
  }

  /** Evaluates the conditions. An alert that is firing ends only when its condition is not true any more. */
  look(view: AlertView): void {
    const conditions = new Map(alertsOf(view).map((condition) => [condition.name, condition]));
    for (const [name, { alert, earlier }] of this.#pending) {
      if (conditions.has(name) || !isKnown(name, view)) continue;
      this.#pending.delete(name);
      const ended = alert ?? earlier;
      if (ended !== undefined) this.#change("resolved", ended);
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
    this.#record(state, alert);
    this.#onChange({ ...alert, state });
  }

  /** Records a change. If that fails, for example because the disk is full, kas still reports the alert. */
  #record(state: AlertChange["state"], alert: Alert): void {
    try {
      if (state === "firing") this.#store.add(alert);
      else this.#store.remove(alert.name);
    } catch (error) {
      log.warn("alert not recorded", { alert: alert.name, reason: (error as Error).message });
    }
  }
}
