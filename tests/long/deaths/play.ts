/**
 * Lets instances of a random fleet die, in the lab.
 *
 * @module
 */
import { seededRandom } from "../../../src/sandbox/random.ts";
import type { Truth } from "../../support/lab/cloud.ts";
import { Lab } from "../../support/lab/lab.ts";
import { type BoundedFleet, integer, oneOf, type Random, randomFleet } from "./fleets.ts";
import { type Death, type Kill, Killer } from "./kills.ts";
import { CapacityWatch, type Summary } from "./watch.ts";

const SECOND = 1_000;

/** The longest time until an instance that died is replaced, in ms. */
const REPLACED = 420_000;

/** How long the test waits for the start of an instance, in s. */
const LONGEST_WAIT = 300;

/** How long after a refused start kas may pause starts in the zone, in ms. */
const PAUSED = 1_200_000;

/** The outcome of a fleet. */
export interface Outcome extends Summary {
  readonly violations: readonly string[];
  readonly deaths: readonly Death[];
  /** The number of deaths of instances that were not in service yet. */
  readonly early: number;
  readonly crashes: number;
  readonly refusals: number;
  /** How long the fleet lived, in ms. */
  readonly lasted: number;
  /** A description of the fleet in one line. */
  readonly fleet: string;
}

/** Lets `deaths` instances of a random fleet die. */
export async function play(seed: number, deaths: number, kills: readonly Kill[]): Promise<Outcome> {
  const random = seededRandom(seed);
  const bounds = randomFleet(random);
  const watch = new CapacityWatch(bounds);
  await using lab = await Lab.open(bounds.plan, watch);
  const killer = new Killer(lab, random);
  watch.watch(lab, killer);
  const refused = new Refusals(lab, random);
  const pass = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed++) {
      await lab.pass(SECOND);
      killer.update();
      watch.sample();
    }
  };
  const serving = () => lab.cloud.fleet().filter((it) => killer.serves(it)).length;
  /** Waits until an instance starts, and ends it before it is in service. */
  const killJoining = async () => {
    const joining = () => lab.cloud.fleet().filter(({ state }) => state === "pending");
    for (let second = 0; second < LONGEST_WAIT && joining().length === 0; second++) await pass(1);
    if (joining().length === 0 || standIns(lab, bounds, refused) + serving() < bounds.min) return;
    await pass(integer(random, 0, 40));
    const [victim] = joining();
    if (victim === undefined) return;
    early++;
    await killer.kill(victim.id, "terminated");
  };
  let early = 0;
  lab.cloud.machines.demand = loadOf(random, bounds);
  await lab.start();
  await lab.subscribe();
  await pass(integer(random, 60, 180));
  let crashes = 0;
  // The fleet is used up if too few nodes are left that could serve in the place of others.
  for (let attempts = 0; killer.deaths.length < deaths && attempts < 10 * deaths; attempts++) {
    // Sometimes several die at once in the same way, for example because of a new version of the service.
    const many = random() < 0.25 ? integer(random, 2, 5) : 1;
    const kill = oneOf(random, kills);
    for (let i = 0; i < many && killer.deaths.length < deaths; i++) {
      const victims = killer.settled();
      if (victims.length === 0 || standIns(lab, bounds, refused) + serving() <= bounds.min) break;
      await killer.kill(oneOf(random, victims).id, kill);
    }
    if (random() < 0.3 && killer.deaths.length < deaths) await killJoining();
    const lot = random();
    if (lot < 0.1) {
      // Add a refusal only when kas has replaced the last dead instance: a refused start would make the replacement late.
      if (lab.time.passed - (killer.deaths.at(-1)?.at ?? 0) > REPLACED) refused.add();
    }
    if (lot >= 0.1 && lot < 0.2) lab.cloud.machines.demand = loadOf(random, bounds);
    if (lot >= 0.2 && lot < 0.25) {
      const down = integer(random, 1, 20) * SECOND;
      watch.crashed(down);
      crashes++;
      lab.kill(down);
    }
    await pass(random() < 0.2 ? integer(random, 1, 20) : integer(random, 60, 600));
  }
  await pass(900);
  const { plan: { nodes, limits } } = bounds;
  return {
    ...watch.verify(),
    violations: watch.violations,
    deaths: killer.deaths,
    early,
    crashes,
    refusals: refused.count,
    lasted: lab.time.passed,
    fleet: `seed ${seed}: ${nodes.length} nodes, min ${bounds.min}, max ${bounds.max}${
      limits.grow === undefined ? "" : ", launches"
    }`,
  };
}

/** Returns a random load. Under most loads the alarms ask for no more than the minimum. */
function loadOf(random: Random, { min }: BoundedFleet): number {
  return random() < 0.8 ? 0.5 * random() * min : random() * min;
}

/** Returns the number of nodes that kas could start now in the place of others, and of launches. */
function standIns(lab: Lab, { plan: { limits }, max }: BoundedFleet, refused: Refusals): number {
  const fleet = lab.cloud.fleet().filter(({ state }) => state !== "shutting-down");
  const ready = fleet.filter((it) =>
    it.role === "node" && it.state === "stopped" && it.tags["kas:quarantine"] === undefined &&
    refused.allows(it)
  );
  return ready.length + (limits.grow === undefined ? 0 : Math.max(0, max - fleet.length));
}

/** Instances that EC2 refuses to start or to stop. */
class Refusals {
  count = 0;
  readonly #lab: Lab;
  readonly #random: Random;
  /** The zone in which EC2 refused a start, and until when that has an effect. */
  #zone: string | undefined;
  #until = -Infinity;

  constructor(lab: Lab, random: Random) {
    this.#lab = lab;
    this.#random = random;
  }

  /** Lets EC2 refuse to start or to stop a random node for some minutes. */
  add(): void {
    const { cloud, time } = this.#lab;
    const nodes = cloud.fleet().filter(({ role }) => role === "node");
    if (nodes.length === 0) return;
    const { id } = oneOf(this.#random, nodes);
    this.count++;
    if (this.#random() < 0.5) return void cloud.faults.protectedInstances.add(id);
    // Starts in the other zone must be possible.
    if (time.passed < this.#until) return;
    const minutes = integer(this.#random, 1, 10);
    cloud.faults.set(`no-capacity=${id}:${minutes}m`);
    this.#zone = this.#zoneOf(id);
    this.#until = time.passed + minutes * 60_000 + PAUSED;
  }

  /** Whether EC2 starts an instance, and kas has no reason to pause its start. */
  allows({ id }: Truth): boolean {
    return this.#lab.time.passed >= this.#until || this.#zoneOf(id) !== this.#zone;
  }

  #zoneOf(id: string): string | undefined {
    return this.#lab.cloud.account.current.instances.get(id)?.zone;
  }
}
