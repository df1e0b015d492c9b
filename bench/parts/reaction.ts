/**
 * Measures how fast kas and its predecessor react: the time from posting a message to StartInstances. Before kas sends
 * StartInstances, it verifies the signature and writes the message and the decision to disk. This part also measures
 * how many messages per second kas handles. The sandbox runs in this process. kas runs in another process, as the
 * executable if it is built.
 *
 * @module
 */
import { assemble } from "../../src/autoscaler/assemble.ts";
import { realRuntime } from "../../src/runtime.ts";
import { BALANCER } from "../../tests/unit/autoscaler/fixtures.ts";
import { execute } from "../../tests/support/kas.ts";
import { type Fleet, fleetOf, Recorder } from "../support/fleet.ts";
import {
  type Cell,
  type Goal,
  measured,
  type Options,
  type Part,
  quantile,
  type Result,
} from "../report/result.ts";
import {
  BASE,
  burst,
  decisionRate,
  kasRig,
  predecessorRig,
  react,
  type Reaction,
  type Rig,
  withMessages,
} from "../support/rig.ts";

/** The number of reactions per figure, of messages per burst, and of messages in a row that recommend more capacity. */
const FULL = { reactions: 10, messages: 2_000, asking: 50 };
const QUICK = { reactions: 3, messages: 300, asking: 10 };

/**
 * The sizes of the fleets, and how many times as fast as real time the sandbox runs. In the small fleet it runs faster,
 * because the same nodes start many times.
 */
const FLEETS = [[10, 40], [1_000, 1]] as const;

/** The time from one measurement to the next, in ms. */
const PACE = 500;

/** The number of other messages per second, in addition to those that recommend an instance. */
const BESIDE = 50;

/** The goal: how much longer a reaction may take than AWS's own answers, in ms. */
const ADDED = 15;

const LIMITS = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 };

/** The trigger of the messages. kas observes only what this trigger needs. */
const ASK = {
  kind: "notification",
  alarm: { fleet: "kas", kind: "cpuhigh", dimension: BASE, from: "OK", to: "ALARM", at: 0 },
} as const;

const KAS = "kas";
const FIRST = "kas, first reaction";
const BUSY = `kas, with ${BESIDE} other messages per second`;
const BEFORE = "the predecessor";

/** Returns a function that measures how long AWS's answers to the requests of one observation take, ms. */
async function awsTime({ account }: Fleet): Promise<() => Promise<number>> {
  const recorder = new Recorder();
  await using autoscaler = assemble({
    account,
    fleet: { fleet: "kas", balancer: BALANCER },
    limits: LIMITS,
    startTimeout: 1,
    drainTimeout: 1,
    quarantineFor: 86_400_000,
    dryRun: true,
  }, { ...realRuntime, fetch: recorder.fetch });
  const observe = () => autoscaler.observer.observe(ASK, new AbortController().signal);
  await observe();
  return await recorder.answerTime(observe);
}

/** The reactions of a candidate, and how long AWS's own answers took in the same turns, ms (p50). */
interface Found {
  readonly who: string;
  readonly reactions: readonly Reaction[];
  readonly aws: number;
}

/** Measures the reactions of each candidate and AWS's own answers, in turns and half a second apart. */
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
 * Measures the reactions of kas and its predecessor, and of kas with other messages. The same number of reactions of
 * kas before these does not count, so that V8 has compiled the code: a running autoscaler reconciles every minute
 * through the same code. The very first reaction has its own row in the report.
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
    ...await withMessages(kas, BESIDE, () => turns({ [BUSY]: kas }, look, times)),
  ];
}

async function paced<T>(what: () => Promise<T>): Promise<T> {
  const pause = new Promise((resolve) => setTimeout(resolve, PACE));
  const result = await what();
  await pause;
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
      const found = await reactions(kas, before, await awsTime(fleet), size.reactions);
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
          } instances: at most ${ADDED} ms (p50) more than AWS's own answers`,
          found: `${(p50 - aws).toFixed(1)} ms more than ${aws.toFixed(1)} ms`,
          met: p50 - aws <= ADDED,
        });
      }
      const { accepted, decided } = await burst(kas, size.messages);
      rates.push([instances, "without action: accepted", accepted]);
      rates.push([instances, "without action: decided on", decided]);
    }
    await using full = await kasRig(fleet, { flags: ["--max=1"] });
    rates.push([
      instances,
      "that ask for more capacity, each with an observation",
      await decisionRate(full, size.asking),
    ]);
  }
  return {
    part: "reaction",
    title: "Reaction time",
    how:
      `${size.reactions} alarms in turns, half a second apart, each asking for an instance; as many before them do not count. Measured from ` +
      "the POST to StartInstances at the sandbox, and to the answer to the POST. kas answers once the message is on disk, while it " +
      "observes the fleet (the sandbox, which reads the answer, answers the observation first). The predecessor (bench/peers/scaler.py, " +
      "on boto3, with clients made beforehand) answers after its work. kas verifies the signature and writes message and decision to " +
      "disk. AWS's own answers are to the same requests without the SDK, in the same turns. Messages per second: " +
      `a burst of ${size.messages}, 16 at the same time.`,
    tables: [
      {
        title: "Message to StartInstances, ms",
        columns: ["instances", "autoscaler", "p50", "p99", "answered", "p50 minus AWS's own answers"],
        rows,
      },
      { title: "Messages per second", columns: ["instances", "messages", "per second"], rows: rates },
    ],
    goals,
    notes: python ? [] : [`${BEFORE} was skipped: python3 with boto3 is not installed.`],
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
