/**
 * Builds the autoscaler from its parts, for the service, `kas admin scale`, and tests.
 *
 * @module
 */
import type { Aws } from "../aws/clients.ts";
import { connect } from "../aws/clients.ts";
import { addressOf } from "../aws/ec2/ec2_instance.ts";
import { realRuntime, type Runtime } from "../runtime.ts";
import type { Trigger } from "../scaling/model/trigger.ts";
import {
  evaluate,
  type Evaluation,
  type EvaluationOptions,
  type EvaluationParts,
} from "./control/evaluate.ts";
import { Observer } from "./control/observe.ts";
import { ActivityRunner } from "./lifecycle/runner.ts";
import type { AssemblyOptions, Tuning } from "./assembly_options.ts";
import { registrarOf } from "./registrar/registrar_of.ts";
import { MetricReader } from "./telemetry/sources/reader.ts";
import { Journal } from "./store/journal.ts";
import { Learning } from "./telemetry/learning.ts";
import { Minutes } from "./telemetry/minutes.ts";
import { Past } from "./telemetry/past.ts";
import { Telemetry } from "./telemetry/telemetry.ts";
import { Store, type StoreRuntime } from "./store/store.ts";

/** The parts of the runtime that the autoscaler uses. */
export type AutoscalerRuntime = Runtime & StoreRuntime;

/**
 * An assembled autoscaler. It acts only when a caller calls `evaluate`. Its disposal interrupts its activities, and closes
 * its files and clients.
 */
export interface Autoscaler extends AsyncDisposable {
  readonly store: Store;
  readonly journal: Journal;
  readonly aws: Aws;
  readonly observer: Observer;
  readonly activities: ActivityRunner;
  readonly telemetry: Telemetry;
  readonly evaluation: EvaluationParts;
  /** Returns the current settings. */
  readonly tuning: () => Tuning;
  /** Replaces the settings. The new settings apply from the next decision and the next step of an activity. */
  readonly tune: (to: Tuning) => void;
  /** Observes the fleet, decides, and starts the activity of the decision. */
  readonly evaluate: (
    trigger: Trigger,
    options: EvaluationOptions,
  ) => Promise<Evaluation>;
}

/**
 * Assembles an autoscaler.
 *
 * @throws {UnusableError} if another autoscaler uses the state folder, or if kas cannot write to it
 */
export function assemble(options: AssemblyOptions, runtime: AutoscalerRuntime = realRuntime): Autoscaler {
  const { account, fleet, state, dryRun, events = {} } = options;
  const address = options.address ?? ((instance) => addressOf(instance, fleet.address ?? "private"));
  const { clock } = runtime;
  using opened = new DisposableStack();
  const store = opened.use(state === undefined ? Store.memory() : Store.open(state, runtime));
  const journal = new Journal(store);
  const aws = "ec2" in account ? account : opened.use(connect({
    ...account,
    runtime,
    beforeChange: () => store.synced(),
    ...(events.onRequest && { onCall: events.onRequest }),
  }));

  let current = tuningOf(options);
  const tuning = () => current;
  const registrar = opened.use(registrarOf({ aws, fleet, journal, address, runtime, tuning }));
  const minutes = new Minutes(store);
  const telemetry = new Telemetry({
    aws,
    runtime,
    address,
    tuning,
    minutes,
    learning: new Learning({ store, journal, minutes }),
    past: new Past({ aws, clock, store, minutes }),
    onScrapes: events.onScrapes,
  });
  const environment = { aws, fleet, registrar, tuning, address, runtime, onDeregistered: telemetry.noteLeft };
  const activities = new ActivityRunner(environment, journal, events);
  const observer = new Observer({
    aws,
    fleet,
    registrar,
    journal,
    metrics: new MetricReader({
      aws,
      balancer: fleet.balancer,
      runtime,
      scraped: (spec, now) => telemetry.value(spec, now),
    }),
    telemetry,
    clock,
    tuning,
    ...(events.onObservation && { onObservation: events.onObservation }),
  });
  const evaluation = { observer, store, journal, activities, registrar, dryRun };

  const owned = opened.move();
  return {
    store,
    journal,
    aws,
    observer,
    activities,
    telemetry,
    evaluation,
    tuning,
    tune: (to) => void (current = tuningOf(to)),
    evaluate: (trigger, how) => evaluate(evaluation, trigger, how),
    [Symbol.asyncDispose]: async () => {
      await activities[Symbol.asyncDispose]();
      await telemetry[Symbol.asyncDispose]();
      owned[Symbol.dispose]();
    },
  };
}

function tuningOf(
  { limits, schedules, metrics, startTimeout, drainTimeout, quarantineFor, scrape }: Tuning,
): Tuning {
  return { limits, schedules, metrics, startTimeout, drainTimeout, quarantineFor, scrape };
}
