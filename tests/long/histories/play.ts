/**
 * Plays a history in a lab: its events, then the end of all faults, and time until no activity is in progress.
 *
 * @module
 */
import { Lab } from "../../support/lab/lab.ts";
import { Referee, type Tally } from "../../support/lab/referee.ts";
import type { Event, History } from "./events.ts";
import { Messages } from "./senders.ts";
import { Interference } from "./others.ts";

/** The outcome of a history. */
export interface Outcome {
  /** The violations, one line for each. */
  readonly broken: readonly string[];
  readonly acts: Tally;
  readonly crashes: Lab["crashes"];
  /** How often each kind of event happened, for example `message valid`. */
  readonly events: ReadonlyMap<string, number>;
  /** How long the history lasted, in ms of virtual time. */
  readonly lasted: number;
}

/**
 * Time limit until no activity is in progress, in ms; and the time in which the last alarms arrive and kas acts on
 * them.
 */
const LONGEST_END = 3_600_000;
const NEWS = 420_000;

/**
 * The longest time in which kas restores the minimum if it is not paused, in ms: the longest pause after failed starts, and two
 * starts.
 */
const LONGEST_RESTORE = 1_800_000;

const MINUTE = 60_000;

/** The lab of a history, and those who act in it. */
interface Players {
  readonly lab: Lab;
  readonly referee: Referee;
  readonly senders: Messages;
  readonly others: Interference;
}

/** Plays a history. */
export async function play({ plan, events }: History): Promise<Outcome> {
  const referee = new Referee();
  await using lab = await Lab.open(plan, referee);
  referee.watch(lab);
  const senders = new Messages(lab, referee);
  const others = new Interference(lab, referee);
  const counts = new Map<string, number>();
  await lab.start();
  await lab.subscribe();
  for (const event of events) {
    const name = nameOf(event);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await takePlace(event, { lab, referee, senders, others });
    await lab.time.settle();
  }
  await end(lab, referee, others);
  referee.verify(lab.kas, senders.fates);
  const { tally: acts, violations: broken } = referee;
  return { broken: [...broken], acts, crashes: lab.crashes, events: counts, lasted: lab.time.passed };
}

async function takePlace(
  event: Event,
  { lab, referee, senders, others }: Players,
): Promise<void> {
  const { machines } = lab.cloud;
  switch (event.what) {
    case "wait":
      return await lab.pass(event.s * 1_000);
    case "demand":
      machines.demand = event.machines;
      return;
    case "work":
      machines.holding = true;
      for (let n = 0; n < event.requests; n++) void lab.cloud.work();
      return;
    case "let-go":
      return machines.release();
    case "message":
      return await senders.send(event);
    case "alarm":
      return await senders.change(event);
    case "crash": {
      const { by, nth, moment, down } = event;
      return lab.crashAt({ at: by, nth, moment, down: down * 1_000 });
    }
    case "kill":
      return lab.kill(event.down * 1_000);
    case "restart":
      await lab.shutDown();
      return await lab.start();
    case "fault":
      return others.fault(event);
    case "calm":
      return others.calm();
    case "meddle":
      return await others.meddle(event);
    case "death":
      return others.fail(event);
    case "pause":
      return await others.pause(event);
    case "resume":
      return await others.resume(event.directions);
    case "clock":
      lab.setClock(event.s * 1_000);
      return referee.clockJumped();
    default:
      return event satisfies never;
  }
}

/** Ends all faults, and lets time pass until no activity is in progress. */
async function end(lab: Lab, referee: Referee, others: Interference): Promise<void> {
  lab.crashAt(undefined);
  others.calm();
  lab.cloud.machines.release();
  // After this time, the autoscaler has started again in any case.
  await lab.pass(61_000);
  await lab.start();
  await others.resume(["out", "in"]);
  const deadline = lab.time.passed + LONGEST_END;
  await lab.pass(NEWS);
  while (activityLeft(lab).length > 0 && lab.time.passed < deadline) await lab.pass(20_000);
  const left = activityLeft(lab);
  if (left.length === 0) {
    referee.verifyEnd();
    for (let waited = 0; referee.whyBelowMin() !== undefined && waited < LONGEST_RESTORE; waited += MINUTE) {
      await lab.pass(MINUTE);
    }
    const why = referee.whyBelowMin();
    if (why !== undefined) referee.violations.add(`I9: ${why}`);
  } else referee.violations.add(`I6: activities do not end: ${left.join("; ")}`);
}

/** Describes the activities and messages that are still in progress. */
function activityLeft({ kas: { journal, inbox }, cloud }: Lab): string[] {
  return [
    ...journal.unfinished().map(({ id, kind, instance }) =>
      `the ${kind} of ${instance} is at ${journal.steps(id).at(-1)?.step}`
    ),
    ...(inbox.waiting() > 0 ? [`${inbox.waiting()} messages are waiting`] : []),
    ...cloud.fleet().flatMap(({ id, state, registration }) => [
      ...(state === "running" || state === "stopped" ? [] : [`${id} is ${state}`]),
      // The load balancer has not checked it yet.
      ...(state === "running" && registration === "registering" ? [`${id} is registering`] : []),
    ]),
  ];
}

function nameOf(event: Event): string {
  switch (event.what) {
    case "message":
    case "fault":
      return `${event.what} ${event.kind}`;
    case "meddle":
    case "death":
      return `${event.what} ${event.how}`;
    default:
      return event.what;
  }
}
