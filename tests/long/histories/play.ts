/**
 * Plays a history in a lab: its events, then the end of all faults, and time until no activity is in progress.
 *
 * @module
 */
import { topicArnOf } from "../../support/lab/cloud.ts";
import { type FleetLab, fleetOf } from "../../support/lab/fleet_lab.ts";
import { nameOf as fleetName } from "../../support/lab/fleet_plan.ts";
import { Lab } from "../../support/lab/lab.ts";
import { Referee, type Tally } from "../../support/lab/referee.ts";
import type { Event, FleetsHistory, History } from "./events.ts";
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

/** Those who act on a fleet. */
interface FleetPlayers {
  readonly view: FleetLab;
  readonly referee: Referee;
  readonly senders: Messages;
  readonly others: Interference;
}

/** The lab of a history, and those who act on each of its fleets. */
interface Players {
  readonly lab: Lab;
  readonly fleets: readonly FleetPlayers[];
}

/** Plays the history of one fleet. */
export function play({ plan, events }: History): Promise<Outcome> {
  return playAll({ plans: [plan], events: events.map((event) => ({ fleet: 0, event })) });
}

/** Plays a history of several fleets in one autoscaler. */
export async function playAll({ plans, events }: FleetsHistory): Promise<Outcome> {
  const referees = plans.map(() => new Referee());
  await using lab = await Lab.openAll(plans, referees);
  const fleets: FleetPlayers[] = [];
  for (const [place, referee] of referees.entries()) {
    const view = fleetOf(lab, place);
    referee.watch(view);
    const first = fleets.find((other) => topicArnOf(other.view.plan) === topicArnOf(view.plan));
    const senders = new Messages(view, referee, first?.senders);
    fleets.push({ view, referee, senders, others: new Interference(view, referee) });
  }
  const players = { lab, fleets };
  const counts = new Map<string, number>();
  await lab.start();
  await lab.subscribe();
  for (const { fleet, event } of events) {
    const name = nameOf(event);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const acting = fleets[fleet % fleets.length];
    if (acting !== undefined) await takePlace(event, acting, players);
    await lab.time.settle();
  }
  await end(players);
  for (const { view, referee, senders } of fleets) referee.verify(view.kas, senders.fates);
  return {
    broken: fleets.flatMap(({ view, referee }) =>
      [...referee.violations].map((it) => fleets.length === 1 ? it : `${fleetName(view.plan)}: ${it}`)
    ),
    acts: sumOf(referees.map(({ tally }) => tally)),
    crashes: lab.crashes,
    events: counts,
    lasted: lab.time.passed,
  };
}

/** Returns the sum of tallies. */
function sumOf(tallies: readonly Tally[]): Tally {
  const sum = new Referee().tally;
  for (const tally of tallies) {
    for (const name of Object.keys(sum) as (keyof Tally)[]) sum[name] += tally[name];
  }
  return sum;
}

async function takePlace(
  event: Event,
  { view, senders, others }: FleetPlayers,
  { lab, fleets }: Players,
): Promise<void> {
  const { machines } = lab.cloud;
  switch (event.what) {
    case "wait":
      return await lab.pass(event.s * 1_000);
    case "demand":
      return view.cloud.demand(event.machines);
    case "work":
      machines.holding = true;
      for (let n = 0; n < event.requests; n++) void view.cloud.work();
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
      if (others.fault(event)) { for (const fleet of fleets) fleet.referee.beginUncertainty(); }
      return;
    case "calm":
      return calm({ lab, fleets });
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
      for (const fleet of fleets) fleet.referee.clockJumped();
      return;
    default:
      return event satisfies never;
  }
}

/** Ends all faults. */
function calm({ lab, fleets }: Players): void {
  fleets[0]?.others.calm(lab.plan);
  for (const { referee } of fleets) referee.endUncertainty();
}

/** Ends all faults, and lets time pass until no activity is in progress. */
async function end(players: Players): Promise<void> {
  const { lab, fleets } = players;
  lab.crashAt(undefined);
  calm(players);
  lab.cloud.machines.release();
  // After this time, the autoscaler has started again in any case.
  await lab.pass(61_000);
  await lab.start();
  for (const { others } of fleets) await others.resume(["out", "in"]);
  const deadline = lab.time.passed + LONGEST_END;
  await lab.pass(NEWS);
  const left = () => fleets.flatMap(({ view }) => activityLeft(view));
  while (left().length > 0 && lab.time.passed < deadline) await lab.pass(20_000);
  for (const { view, referee } of fleets) {
    const activities = activityLeft(view);
    if (activities.length > 0) referee.violations.add(`I6: activities do not end: ${activities.join("; ")}`);
  }
  if (left().length > 0) return;
  for (const { referee } of fleets) referee.verifyEnd();
  const below = () => fleets.some(({ referee }) => referee.whyBelowMin() !== undefined);
  for (let waited = 0; below() && waited < LONGEST_RESTORE; waited += MINUTE) await lab.pass(MINUTE);
  for (const { referee } of fleets) {
    const why = referee.whyBelowMin();
    if (why !== undefined) referee.violations.add(`I9: ${why}`);
  }
}

/** Describes the activities and messages that are still in progress. */
function activityLeft({ kas: { journal, inbox }, cloud }: FleetLab): string[] {
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
