/**
 * Feeds the adaptive policy's learner with the load of the fleet, and keeps over a restart what it has learned.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { boundsOf } from "../../scaling/model/capacity.ts";
import { type AdaptiveSpec, policyOf } from "../../scaling/model/load/policy.ts";
import { demandOf, endOf, type LoadPoint, type LoadView } from "../../scaling/model/load/view.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { leadOf } from "../../scaling/policies/adaptive/lead.ts";
import { Learner } from "../../scaling/policies/adaptive/learner.ts";
import type { AdaptiveView } from "../../scaling/policies/adaptive/view.ts";
import type { Journal } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import { MINUTE, type Minutes } from "./minutes.ts";

/** The parts of a {@linkcode Learning}. */
export interface LearningParts {
  readonly store: Pick<Store, "db">;
  readonly journal: Pick<Journal, "longestStart">;
  readonly minutes: Minutes;
}

/** How often kas saves what the learner knows, in ms. */
const SAVE_INTERVAL = 300_000;

/**
 * How much of the journal's minutes a new learner reads, in ms: a week, which is the longest season, and the three hours until the learner
 * trusts it.
 */
const HISTORY = (7 * 24 + 3) * 3_600_000;

/** From the end of a period until kas knows its load by scrapes, in ms: a scrape may take this long. */
const SCRAPE_DELAY = 2_000;

/** The part of a period that may overlap the period before it: rounds of scrapes are not exactly on time. */
const OVERLAP = 0.1;

const log = getLogger(["kas", "telemetry"]);

/** What the adaptive policy of a fleet has learned. */
export class Learning {
  readonly #parts: LearningParts;
  #learner: { readonly spec: string; readonly learner: Learner } | undefined;
  /** When the last period ended that the learner knows. */
  #end = -Infinity;
  #saved = 0;

  constructor(parts: LearningParts) {
    this.#parts = parts;
  }

  /** Adds the new periods of a view. Returns what the policy then knows. Undefined if the fleet has no adaptive policy. */
  note(view: LoadView, observation: Observation): AdaptiveView | undefined {
    const spec = policyOf(observation.limits, "adaptive");
    if (spec === undefined) return undefined;
    const { now, limits: { metricDelay = 0 } } = observation;
    const learner = this.#learnerOf(spec, observation);
    // Somebody has set the clock back.
    if (this.#end > now + MINUTE) this.#end = -Infinity;
    const delay = view.source === "scrape" ? SCRAPE_DELAY : metricDelay;
    for (const point of view.short) {
      if (point.at < this.#end - OVERLAP * point.span) continue;
      this.#add(learner, point, observation, delay);
      this.#end = endOf(point);
    }
    learner.replay();
    if (Math.abs(now - this.#saved) >= SAVE_INTERVAL) this.save(now);
    return learner.view();
  }

  /** Saves what the learner knows. */
  save(now: number): void {
    if (this.#learner === undefined) return;
    this.#saved = now;
    this.#parts.store.db.prepare(
      "INSERT INTO learned (policy, state) VALUES ('adaptive', ?) ON CONFLICT (policy) DO UPDATE SET state = excluded.state",
    ).run(this.#learner.learner.save());
  }

  #learnerOf(spec: AdaptiveSpec, observation: Observation): Learner {
    const text = JSON.stringify(spec);
    if (this.#learner?.spec === text) return this.#learner.learner;
    const state = this.#learner?.learner.save() ??
      this.#parts.store.db.prepare("SELECT state FROM learned WHERE policy = 'adaptive'").get()?.state;
    const restored = state instanceof Uint8Array ? Learner.restore(state, spec) : undefined;
    if (state !== undefined && restored === undefined) {
      log.warn(
        "what the adaptive policy had learned cannot be read; it learns from the journal's minutes again",
      );
    }
    const learner = restored ?? this.#fromMinutes(spec, observation);
    this.#learner = { spec: text, learner };
    this.#saved = observation.now;
    return learner;
  }

  /** Returns a learner that learns from the minutes of the journal. */
  #fromMinutes(spec: AdaptiveSpec, { now }: Observation): Learner {
    const past = this.#parts.minutes.read(now - HISTORY, now - MINUTE)
      .map(({ at, demand }) => ({ end: at + MINUTE, demand }));
    this.#end = past.at(-1)?.end ?? this.#end;
    return Learner.ofPast(past, spec);
  }

  #add(learner: Learner, point: LoadPoint, observation: Observation, delay: number): void {
    const { min, max } = boundsOf(observation);
    learner.note({ at: endOf(point), span: point.span, demand: demandOf(point) }, {
      min: min.value,
      max: max.value,
      lead: leadOf(point, delay, this.#parts.journal.longestStart()),
    });
  }
}
