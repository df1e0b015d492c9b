/**
 * The sizes of the long tests. `deno task test:all` and CI run a sample of each, and `deno task prove NAME` runs the
 * whole test.
 *
 * @module
 */

/** A long test. */
export interface Proof {
  /** What the test proves, as a sentence. */
  readonly holds: string;
  /** The unit of the sizes. */
  readonly unit: string;
  readonly sample: number;
  /** The size of the whole test. `Infinity` means all cases. */
  readonly whole: number;
  /** The files of its tests. */
  readonly tests: readonly string[];
}

/** Every long test, by name. */
export const PROOFS = {
  demo: {
    holds: "the demo's nine steps end with the expected number of instances, however late metrics are",
    unit: "runs",
    sample: 1,
    whole: 40,
    tests: ["tests/e2e/demo_test.ts"],
  },
  histories: {
    holds: "random histories of a fleet do not violate the invariants I1–I9",
    unit: "histories",
    sample: 200,
    whole: 2_000,
    tests: ["tests/long/histories_test.ts", "tests/long/histories_more_test.ts"],
  },
  fleets: {
    holds: "random histories of three fleets in one autoscaler: none touches another's instances",
    unit: "histories",
    sample: 30,
    whole: 2_000,
    tests: ["tests/long/fleets_test.ts"],
  },
  "no-balancer": {
    holds: "random histories of a fleet without a load balancer do not violate the invariants I1–I9",
    unit: "histories",
    sample: 10,
    whole: 500,
    tests: ["tests/long/histories_no_balancer_test.ts"],
  },
  deaths: {
    holds: "however instances die, the capacity is back at the minimum after one start",
    unit: "deaths",
    sample: 40,
    whole: 200,
    tests: ["tests/long/deaths_test.ts"],
  },
  "constant-load": {
    holds: "with a constant load the fleet's capacity settles, however late metrics are",
    unit: "seeds",
    sample: 1,
    whole: 5,
    tests: ["tests/long/constant_load_test.ts"],
  },
  "crash-points": {
    holds: "a crash of the autoscaler at any call or write does not change the result, on virtual time",
    unit: "crashes",
    sample: 200,
    whole: Infinity,
    tests: ["tests/long/crash_points_test.ts"],
  },
  "crash-matrix": {
    holds: "killing the autoscaler's process at any call or step does not change the result",
    unit: "kills",
    sample: 30,
    whole: Infinity,
    tests: ["tests/long/crash_matrix_test.ts"],
  },
  jobs: {
    holds: "queue workers without a load balancer finish every job, however often the autoscaler is killed",
    unit: "scale-ins",
    sample: 8,
    whole: 50,
    tests: ["tests/long/jobs_test.ts"],
  },
  weather: {
    holds: "under faults of AWS and jumps of clocks, the fleet ends in the expected state",
    unit: "scenes",
    sample: 12,
    whole: Infinity,
    tests: ["tests/long/weather_test.ts"],
  },
  fuzz: {
    holds: "the autoscaler accepts no mutated message, does not crash, and does not keep it in memory",
    unit: "messages",
    sample: 10_000,
    whole: 100_000,
    tests: ["tests/long/fuzz_test.ts"],
  },
  memory: {
    holds: "the autoscaler keeps nothing of a processed message in memory",
    unit: "rounds of 150 messages",
    sample: 6,
    whole: 30,
    tests: ["tests/long/memory_test.ts"],
  },
  mutations: {
    holds: "if a rule is broken on purpose, its test fails",
    unit: "mutations",
    sample: 8,
    whole: Infinity,
    tests: ["tests/long/mutations_test.ts"],
  },
  schedules: {
    holds: "schedules fire when a minute-by-minute search in Python finds that they do",
    unit: "time zones",
    sample: 1,
    whole: 10,
    tests: ["tests/long/schedules_test.ts"],
  },
  backtest: {
    holds: "a backtest predicts the instance-seconds that the sandbox's fleet uses under the same load",
    unit: "minutes",
    sample: 20,
    whole: 120,
    tests: ["tests/long/backtest_test.ts"],
  },
  steps: {
    holds:
      "kas decides within seconds after the load of a fleet rises, although a fifth of the scrapes is lost",
    unit: "load steps",
    sample: 3,
    whole: 100,
    tests: ["tests/long/steps_test.ts"],
  },
  soak: {
    holds: "random load, lost messages, throttled calls and kills violate no invariant",
    unit: "minutes",
    sample: 2,
    whole: 30,
    tests: ["tests/long/soak_test.ts"],
  },
} as const satisfies Readonly<Record<string, Proof>>;

export type ProofName = keyof typeof PROOFS;

/** Returns how much of a long test to run: the value of `KAS_TEST_SIZE`, or the size of the sample. */
export function sizeOf(name: ProofName): number {
  return Number(Deno.env.get("KAS_TEST_SIZE") ?? PROOFS[name].sample);
}

/** Returns whether the whole long test runs. */
export function isWhole(name: ProofName): boolean {
  return sizeOf(name) >= PROOFS[name].whole;
}

/**
 * Returns the seed of the random choices of a long test: the value of `KAS_TEST_SEED`, or a random seed. The test
 * prints the seed.
 */
export function seedOf(): number {
  return Number(Deno.env.get("KAS_TEST_SEED") ?? Math.trunc(Math.random() * 2 ** 31));
}
