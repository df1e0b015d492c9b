/**
 * How quickly kas reacts, beside its predecessor: from a message posted to StartInstances on the wire, for kas with the signature
 * checked and message and decision on disk; and how many messages it takes. AWS is the sandbox, in this process; kas is another
 * process, the executable where it is built.
 *
 * @module
 */
import { assemble } from "../src/autoscaler/assemble.ts";
import { realRuntime } from "../src/runtime.ts";
import { BALANCER } from "../tests/unit/autoscaler/fixtures.ts";
import { execute } from "../tests/support/kas.ts";
import { type Fleet, fleetOf, Recorder } from "./fleet.ts";
import { type Cell, type Goal, measured, type Options, type Part, quantile, type Result } from "./result.ts";
import { asks, BASE, beside, burst, kasRig, predecessorRig, react, type Reaction, type Rig } from "./rig.ts";

/** How many reactions make a figure, messages a burst, and messages that ask for more are worked off in a row. */
const FULL = { reactions: 10, messages: 2_000, asking: 50 };
const QUICK = { reactions: 3, messages: 300, asking: 10 };

/** Fleets, and how many times faster than life their instances come into service: a small one is used again and again. */
const FLEETS = [[10, 40], [1_000, 1]] as const;

/** ms from one turn to the next: kas's come about once a second. */
const APART = 500;

/** Messages a second beside those that ask for an instance. */
const BESIDE = 50;

/** Most ms that kas may add to AWS's own answers. */
const ADDED = 15;

const LIMITS = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 };

/** What the messages ask for, and so what is looked at. */
const ASK = {
  kind: "notification",
  alarm: { fleet: "kas", kind: "cpuhigh", dimension: BASE, from: "OK", to: "ALARM", at: 0 },
} as const;

const KAS = "kas";
const FIRST = "kas, its first";
const BUSY = `kas, ${BESIDE} messages a second beside`;
const BEFORE = "the predecessor's way";

/** What asks AWS for what a reaction looks at, and tells how long its answers take, ms. */
async function looking({ account }: Fleet): Promise<() => Promise<number>> {
  const recorder = new Recorder();
  await using autoscaler = assemble({
    account,
    fleet: { fleet: "kas", balancer: BALANCER },
    limits: LIMITS,
    startTimeout: 1,
    drainTimeout: 1,
    dryRun: true,
  }, { ...realRuntime, fetch: recorder.fetch });
  const observe = () => autoscaler.observer.observe(ASK, new AbortController().signal);
  await observe();
  return await recorder.answerTime(observe);
}

/** Somebody's reactions, and what AWS's own answers took in the same turns, ms (p50). */
interface Found {
  readonly who: string;
  readonly reactions: readonly Reaction[];
  readonly aws: number;
}

/** Reactions of each, and AWS's own answers, in turns, half a second apart: nobody has just done the same. */
async function turns(
  who: Readonly<Record<string, Rig>>,
  look: () => Promise<number>,
  times: number,
): Promise<Found[]> {
  const answers: number[] = [];
  const all = Object.entries(who).map(([who, rig]) => ({ who, rig, reactions: [] as Reaction[] }));
  for (let n = 0; n < times; n++) {
    answers.push(await paced(look));
    for (const { rig, reactions } of all) reactions.push(await paced(() => react(rig)));
  }
  return all.map(({ who, reactions }) => ({ who, reactions, aws: quantile(answers, 0.5) }));
}

/**
 * Those of kas and its predecessor alone, and of kas with other messages beside. As many of kas go before them: a resync a minute
 * passes the same code, so that it is new to an autoscaler in its first minutes only. How new tells the first of all.
 */
async function reactions(
  kas: Rig,
  before: Rig | undefined,
  look: () => Promise<number>,
  times: number,
): Promise<Found[]> {
  const first = await turns({ [FIRST]: kas }, look, 1);
  for (let n = 1; n < times; n++) await react(kas);
  return [
    ...first,
    ...await turns({ [KAS]: kas, ...(before === undefined ? {} : { [BEFORE]: before }) }, look, times),
    ...await beside(kas, BESIDE, () => turns({ [BUSY]: kas }, look, times)),
  ];
}

async function paced<T>(what: () => Promise<T>): Promise<T> {
  const apart = new Promise((resolve) => setTimeout(resolve, APART));
  const result = await what();
  await apart;
  return result;
}

async function run({ quick }: Options): Promise<Result> {
  const size = quick ? QUICK : FULL;
  const python = await hasBoto3();
  const rows: Cell[][] = [];
  const rates: Cell[][] = [];
  const goals: Goal[] = [];
  for (const [instances, speed] of FLEETS) {
    await using fleet = await fleetOf({ size: instances, speed, answering: true });
    {
      await using kas = await kasRig(fleet);
      await using before = python ? await predecessorRig(fleet) : undefined;
      const found = await reactions(kas, before, await looking(fleet), size.reactions);
      for (const { who, reactions, aws } of found) {
        const started = reactions.map(({ started }) => started);
        const [p50, p99] = [quantile(started, 0.5), quantile(started, 0.99)];
        rows.push([
          instances,
          who,
          p50,
          p99,
          measured(reactions.map(({ answered }) => answered)),
          p50 - aws,
        ]);
        if (who === BEFORE || who === FIRST) continue;
        goals.push({
          goal: `${who}, ${
            instances.toLocaleString("en")
          } instances: at most ${ADDED} ms (p50) over AWS's own answers`,
          found: `${(p50 - aws).toFixed(1)} ms over ${aws.toFixed(1)}`,
          met: p50 - aws <= ADDED,
        });
      }
      const { accepted, decided } = await burst(kas, size.messages);
      rates.push([instances, "that ask for nothing: accepted", accepted]);
      rates.push([instances, "that ask for nothing: decided on", decided]);
    }
    await using full = await kasRig(fleet, ["--max=1"]);
    rates.push([
      instances,
      "that ask for more, each with a look at the fleet",
      await asks(full, size.asking),
    ]);
  }
  return {
    part: "reaction",
    title: "The reaction path",
    how:
      `${size.reactions} alarms in turns, half a second apart and after as many to kas that do not count, each asking for an instance: from the POST to StartInstances on the ` +
      "wire of the sandbox, and until the POST was answered. kas answers once the message is on disk, while it looks at the fleet (whoever " +
      "waits for that answer is the sandbox's process, which has the look to answer first), the predecessor's way " +
      "(bench/peers/scaler.py, on boto3, its clients made beforehand) after its work. kas checks the signature and has message and " +
      "decision on disk. AWS's own answers are those to the same requests made without the SDK, in the same turns. Messages a second: " +
      `a burst of ${size.messages}, 16 at once.`,
    tables: [
      {
        title: "Message to StartInstances, ms",
        columns: ["instances", "who", "p50", "p99", "answered", "p50 over AWS's own answers to kas's calls"],
        rows,
      },
      { title: "Messages a second", columns: ["instances", "messages", "a second"], rows: rates },
    ],
    goals,
    notes: python ? [] : [`${BEFORE} was skipped: python3 with boto3 is not there.`],
    panels: [],
  };
}

async function hasBoto3(): Promise<boolean> {
  try {
    return (await execute(["python3", "-c", "import boto3"])).code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The reaction path. */
export const reaction: Part = { name: "reaction", needs: [], run };
