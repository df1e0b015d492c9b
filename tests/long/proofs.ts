/**
 * How much of each long test runs: a sample in `deno task test:all` and CI, the whole in `deno task prove NAME`.
 *
 * @module
 */

/** A long test. */
export interface Proof {
  /** What holds, in words. */
  readonly holds: string;
  /** What the sizes count. */
  readonly unit: string;
  readonly sample: number;
  /** `Infinity`: everything there is. */
  readonly whole: number;
  /** The files of its tests. */
  readonly tests: readonly string[];
}

/** Every long test, by name. */
export const PROOFS = {
  demo: {
    holds: "the demo's nine steps end with the expected number of instances",
    unit: "runs",
    sample: 1,
    whole: 10,
    tests: ["tests/e2e/demo_test.ts"],
  },
  histories: {
    holds: "I1–I8 hold in random histories",
    unit: "histories",
    sample: 400,
    whole: 2_000,
    tests: ["tests/long/histories_test.ts", "tests/long/histories_more_test.ts"],
  },
  "constant-load": {
    holds: "a constant load settles, however late metrics are",
    unit: "seeds",
    sample: 1,
    whole: 5,
    tests: ["tests/long/constant_load_test.ts"],
  },
  "crash-points": {
    holds:
      "an autoscaler that crashes at any call or write ends where one without a crash ends, on virtual time",
    unit: "crashes",
    sample: 200,
    whole: Infinity,
    tests: ["tests/long/crash_points_test.ts"],
  },
  "crash-matrix": {
    holds: "a process that is killed at any call or step ends where one without a kill ends",
    unit: "kills",
    sample: 30,
    whole: Infinity,
    tests: ["tests/long/crash_matrix_test.ts"],
  },
  weather: {
    holds: "the fleet ends as it should whatever AWS and the clocks do",
    unit: "scenes",
    sample: 12,
    whole: Infinity,
    tests: ["tests/long/weather_test.ts"],
  },
  fuzz: {
    holds: "no mutated message is believed, crashes the autoscaler, or stays in its memory",
    unit: "messages",
    sample: 10_000,
    whole: 100_000,
    tests: ["tests/long/fuzz_test.ts"],
  },
  memory: {
    holds: "nothing of a message that was dealt with stays in memory",
    unit: "rounds of 150 messages",
    sample: 6,
    whole: 30,
    tests: ["tests/long/memory_test.ts"],
  },
  mutations: {
    holds: "a rule that is broken on purpose fails its test",
    unit: "mutations",
    sample: 8,
    whole: Infinity,
    tests: ["tests/long/mutations_test.ts"],
  },
  soak: {
    holds: "random load, lost messages, throttled calls and kills break nothing",
    unit: "minutes",
    sample: 2,
    whole: 30,
    tests: ["tests/long/soak_test.ts"],
  },
} as const satisfies Readonly<Record<string, Proof>>;

export type ProofName = keyof typeof PROOFS;

/** How much of a long test to run: `KAS_TEST_SIZE`, or its sample. */
export function sizeOf(name: ProofName): number {
  return Number(Deno.env.get("KAS_TEST_SIZE") ?? PROOFS[name].sample);
}

/** Whether all of a long test runs. */
export function isWhole(name: ProofName): boolean {
  return sizeOf(name) >= PROOFS[name].whole;
}

/** The seed of what is random in a long test: `KAS_TEST_SEED`, or any. The test prints it. */
export function seedOf(): number {
  return Number(Deno.env.get("KAS_TEST_SEED") ?? Math.trunc(Math.random() * 2 ** 31));
}
