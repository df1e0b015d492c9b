/**
 * A fleet of queue workers without a load balancer, as processes in real time (R23): while the test kills the autoscaler again and again,
 * nodes start and stop, and each job that a worker begins is finished.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { askAutoscaler } from "../../src/admin/instances/autoscaler_socket.ts";
import { seededRandom } from "../../src/sandbox/random.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { BUILT, eventually, type Running, start } from "../support/kas.ts";
import { Jobs, PORT } from "./jobs/machines.ts";
import { seedOf, sizeOf } from "./proofs.ts";

/** How many times as fast as AWS the sandbox is. */
const SPEED = 100;

/** The number of nodes, all of which start and stop in each round. */
const NODES = 8;

/** The settings of the autoscaler. */
const SETTINGS = [
  ..."--pull --resync 2s --warmup 0s --cooldown-in 0s --metric-delay 0s --start-timeout 30s --drain-timeout 30s"
    .split(" "),
  ...`--balancer none --drain-request http:${PORT}/drain --health-check http:${PORT}/healthz`.split(" "),
  ...["--policies", "[]", "--min", "1", "--max", String(NODES + 1)],
];

/** The shortest and the longest time between two kills of the autoscaler, in ms. */
const LIFE = [1_000, 9_000] as const;

/** Time limit of a change of the capacity, in ms. */
const LONGEST = 60_000;

Deno.test("queue workers finish every job, although the autoscaler stops their nodes and is killed meanwhile", async () => {
  const [seed, size] = [seedOf(), sizeOf("jobs")];
  const random = seededRandom(seed);
  const began = performance.now();
  const jobs = new Jobs();
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/kas.json`, "{}");
  const sandbox = stack.use(
    await startSandbox({ balancer: "none", nodes: NODES, speed: SPEED, machine: jobs.make, seed }),
  );
  stack.defer(() => void (jobs.isOver = true));
  const victim = stack.use(new Victim([`${folder}/kas.json`, `${folder}/state`], sandbox.env, random));

  const running = () => sandbox.account.instances().filter(({ state }) => state === "running").length;
  const scaleTo = (capacity: number) => {
    const body = { direction: "to", capacity, until: Date.now() + 3_600_000, dryRun: false };
    const ask = () =>
      askAutoscaler(
        { state: `${folder}/state`, fleet: undefined },
        "scale",
        body,
        z.unknown(),
        AbortSignal.timeout(LONGEST),
      );
    return eventually(() => ask().then(() => true, () => false), (answered) => answered, LONGEST);
  };
  while (jobs.stops < size || victim.kills < size / 10) {
    await scaleTo(NODES + 1);
    await eventually(() => jobs.working.size, (n) => n === NODES + 1, LONGEST);
    await scaleTo(1);
    await eventually(running, (n) => n === 1, LONGEST);
  }
  const { begun, finished, stops, lost } = jobs;
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  const line =
    `jobs: ${stops} scale-ins, ${victim.kills} kills, ${begun} jobs begun, ${finished} finished, ` +
    `${lost.length} lost, with KAS_TEST_SEED=${seed}, ${seconds} s`;
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  assertEquals(lost, [], victim.output);
  // The base instance works on a job.
  assert(begun - finished <= 1, `${begun - finished} jobs are not finished`);
});

/** The autoscaler's process, which is killed at random times and started again. */
class Victim implements AsyncDisposable {
  kills = 0;
  readonly #words: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #over = new AbortController();
  readonly #lives: Running[] = [];
  readonly #ended: Promise<void>;

  constructor(
    [config = "", state = ""]: readonly string[],
    env: Readonly<Record<string, string>>,
    random: () => number,
  ) {
    this.#words = [...BUILT, "autoscaler", "--config", config, "--state", state, ...SETTINGS];
    this.#env = env;
    this.#ended = this.#run(random);
  }

  /** The output of the last processes. */
  get output(): string {
    return this.#lives.slice(-3).map(({ lines }) => lines.join("\n")).join("\n--- killed\n");
  }

  async #run(random: () => number): Promise<void> {
    const { signal } = this.#over;
    const over = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const [shortest, longest] = LIFE;
    while (!signal.aborted) {
      await using life = start(this.#words, this.#env);
      this.#lives.push(life);
      await Promise.race([life.line(/polling/), over]);
      const time = shortest + random() * (longest - shortest);
      await delay(time, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      life.kill("SIGKILL");
      this.kills++;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#ended;
  }
}
