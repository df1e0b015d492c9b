/**
 * How quickly kas reacts: from a message posted to StartInstances, signature checked and message and decision on disk; how many
 * messages it takes; and what a resync costs as the fleet grows. AWS is the sandbox, in this process; kas is another process,
 * the executable where it is built. What counts is what kas adds to AWS's own answer time, measured side by side.
 *
 * `deno run -A bench/reaction.ts`; some five minutes.
 *
 * @module
 */
import { Activities } from "../src/autoscaler/activities.ts";
import { Journal } from "../src/autoscaler/journal.ts";
import { Observer } from "../src/autoscaler/observe.ts";
import { State } from "../src/autoscaler/state.ts";
import { step } from "../src/autoscaler/step.ts";
import { realClock } from "../src/autoscaler/wait.ts";
import { resyncSignal } from "../src/scaling/resync.ts";
import { BALANCER } from "../tests/autoscaler/fixtures.ts";
import { BUILT, eventually, type Running, start } from "../tests/kas.ts";
import { answerTime, type Fleet, fleetOf, quantile } from "./fleet.ts";
import { deliver, Topic } from "./topic.ts";

/** The base, which is busy whenever more is asked for. */
const BASE = "i-00000000000000001";

const LIMITS = { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 };

/** How many reactions make a figure. */
const SAMPLES = 40;

/** Messages of a burst, and how many are under way at once. */
const BURST = 3_000;
const AT_ONCE = 16;

/** How many messages that ask for more are worked off in a row. */
const ASKS = 100;

/** How often a resync is measured. */
const RESYNCS = 10;

/** kas, its topic and its fleet. */
interface Rig extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly topic: Topic;
  readonly url: string;
}

async function rig(fleet: Fleet, more: readonly string[] = []): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const state = await Deno.makeTempDir({ prefix: "kas-bench-" });
  stack.defer(() => Deno.remove(state, { recursive: true }));
  const { env } = fleet.sandbox;
  const topic = stack.use(new Topic(env["KAS_TOPIC_ARN"] ?? ""));
  const durations = ["--warmup=0s", "--cooldown-in=0s", "--resync=1h", "--start-timeout=10m"];
  const words = ["autoscaler", "--listen=127.0.0.1:0", `--state=${state}`, `--trust-signer=${topic.prefix}`];
  const kas: Running = stack.use(start([...BUILT, ...words, ...durations, ...more], env));
  const [, url = ""] = await kas.line(/listening on (http:\/\/[^\s"]+)/);
  await eventually(
    async () => await (await fetch(`${url}/activities`)).json() as unknown[],
    ({ length }) => length > 0,
  );
  const owned = stack.move();
  return { fleet, topic, url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** How long each reaction takes, ms, while so many messages a second come in, of which one a second asks for an instance. */
async function reactions({ fleet: { sandbox }, topic, url }: Rig, rate: number): Promise<number[]> {
  const instances = () => sandbox.world.instances();
  const over = new AbortController();
  const noise = (async () => {
    const others = instances().map(({ id }) => id);
    for (let n = 0; rate > 1 && !over.signal.aborted; n++) {
      // What has calmed down asks for nothing, and is verified, stored and decided on all the same.
      void deliver(url, topic.notice("cpuhigh", others[1 + n % (others.length - 1)] ?? "", "OK"));
      await pause(1_000 / rate);
    }
  })();
  const times: number[] = [];
  while (times.length < SAMPLES) {
    const second = pause(1_000);
    const started = Promise.withResolvers<string>();
    sandbox.faults.onCall = ({ action, input, moment }) => {
      const [id] = Array.isArray(input["InstanceIds"]) ? input["InstanceIds"] : [];
      if (action === "StartInstances" && moment === "before") started.resolve(String(id));
      return Promise.resolve();
    };
    const message = topic.notice("cpuhigh", BASE, "ALARM");
    const begun = performance.now();
    const delivered = deliver(url, message);
    const id = await started.promise;
    times.push(performance.now() - begun);
    await delivered;
    const is = (wanted: string) => () =>
      instances().some((it) => it.id === id && `${it.state} ${it.standing}` === wanted);
    // A small fleet is used again and again.
    if (instances().filter(({ state }) => state === "stopped").length < 5) {
      await sandbox.world.until(is("running in-service"));
      await pause(500);
      await deliver(url, topic.notice("cpulow", id, "OK"));
      await sandbox.world.until(() => instances().filter(({ state }) => state === "stopped").length >= 5);
      await pause(500);
    }
    await second;
  }
  over.abort();
  await noise;
  return times;
}

/** Messages accepted, and decided on, a second. */
async function burst(
  { fleet: { sandbox }, topic, url }: Rig,
): Promise<{ accepted: number; decided: number }> {
  const ids = sandbox.world.instances().map(({ id }) => id);
  const posts = Array.from(
    { length: BURST },
    (_, n) => topic.notice("cpuhigh", ids[n % ids.length] ?? "", "OK"),
  );
  const rest = posts.values();
  const begun = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const post of rest) await deliver(url, post);
  }));
  const accepted = BURST / ((performance.now() - begun) / 1_000);
  await workedOff(url);
  return { accepted, decided: BURST / ((performance.now() - begun) / 1_000) };
}

/** Messages that ask for more, each with a look at the whole fleet, decided on a second: at max, so that nothing is begun. */
async function asks({ topic, url }: Rig): Promise<number> {
  const begun = performance.now();
  for (let n = 0; n < ASKS; n++) await deliver(url, topic.notice("cpuhigh", BASE, "ALARM"));
  await workedOff(url);
  return ASKS / ((performance.now() - begun) / 1_000);
}

async function workedOff(url: string): Promise<void> {
  await eventually(
    async () => (await (await fetch(`${url}/status`)).json()).oldest as number | null,
    (oldest) => oldest === null,
    120_000,
  );
}

/** What a resync takes, ms, from the first request to the decision on disk. */
async function resync(fleet: Fleet): Promise<{ took: number; answers: number }> {
  const { aws } = fleet;
  const folder = await Deno.makeTempDir({ prefix: "kas-bench-" });
  try {
    using state = State.open(folder);
    const journal = new Journal(state);
    const observer = new Observer(aws, { fleet: "kas", balancer: BALANCER });
    const world = { aws, fleet: observer.fleet, limits: LIMITS, clock: realClock, address: () => undefined };
    await using activities = new Activities({ ...world, startTimeout: 1, drainTimeout: 1 }, journal);
    const stepper = { observer, state, journal, activities, limits: LIMITS, dryRun: true, now: Date.now };
    const { signal } = new AbortController();
    // The first look does not know yet what runs.
    await step(stepper, resyncSignal, { signal });
    const times: number[] = [];
    for (let n = 0; n < RESYNCS; n++) {
      const begun = performance.now();
      await step(stepper, resyncSignal, { signal });
      times.push(performance.now() - begun);
    }
    const answers = await answerTime(fleet, () => observer.facts(journal, LIMITS, Date.now, signal));
    return { took: quantile(times, 0.5), answers };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What AWS itself takes to show a fleet, ms. */
async function answers(fleet: Fleet): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "kas-bench-" });
  try {
    using state = State.open(folder);
    const journal = new Journal(state);
    const observer = new Observer(fleet.aws, { fleet: "kas", balancer: BALANCER });
    const look = () => observer.facts(journal, LIMITS, Date.now, new AbortController().signal);
    await look();
    return await answerTime(fleet, look);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const ms = (value: number) => value.toFixed(1).padStart(8);

if (import.meta.main) {
  say(`kas is ${BUILT.join(" ")}`);
  say("\nmessage to StartInstances, ms; AWS: its own answers to the calls before it");
  say("  fleet  messages/s  samples      AWS      p50      p99  p50-AWS");
  for (const [size, speed] of [[10, 40], [1_000, 1]] as const) {
    await using fleet = await fleetOf({ size, speed, answering: true });
    {
      await using it = await rig(fleet);
      for (const rate of [1, 50]) {
        const aws = await answers(fleet);
        const times = await reactions(it, rate);
        const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
        const columns = [
          String(size).padStart(7),
          String(rate).padStart(12),
          String(times.length).padStart(9),
        ];
        say(`${columns.join("")} ${ms(aws)} ${ms(p50)} ${ms(p99)} ${ms(p50 - aws)}`);
      }
      const { accepted, decided } = await burst(it);
      say(
        `  a burst of ${BURST}: ${accepted.toFixed(0)} accepted a second, ${decided.toFixed(0)} decided on`,
      );
    }
    await using full = await rig(fleet, ["--max=1"]);
    say(
      `  ${
        (await asks(full)).toFixed(1)
      } decided on a second where each asks for more and looks at the fleet`,
    );
  }

  say(
    "\na resync, ms; AWS: its own answers. It keeps 5,000 alarms at most, so that of 10,000 instances 2,500 have theirs",
  );
  say("  fleet      AWS     took  took-AWS  µs an instance");
  for (const size of [10, 100, 1_000, 10_000]) {
    await using fleet = await fleetOf({ size, speed: 1, answering: false });
    const { took, answers } = await resync(fleet);
    const each = ((took - answers) * 1_000 / size).toFixed(0);
    say(`${String(size).padStart(7)} ${ms(answers)} ${ms(took)}  ${ms(took - answers)} ${each.padStart(15)}`);
  }
}
