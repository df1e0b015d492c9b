/**
 * A fleet that `kas admin setup` has set up, with an autoscaler in this process. Doctor finds no problem in this fleet. A test then
 * causes a problem.
 *
 * @module
 */
import { type BalancerRef, balancerRef } from "../../../../src/aws/balancing/balancer.ts";
import { type Aws, connect } from "../../../../src/aws/clients.ts";
import { type StagedService, type StageOptions, startOne } from "../../../unit/autoscaler/fixtures.ts";
import type { SandboxOptions } from "../../../../src/sandbox/sandbox.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../../../support/kas.ts";
import { type Fleet, fleet } from "../../../unit/admin/fleet.ts";

/** A row of doctor's output. */
export interface Row {
  readonly check: string;
  readonly result: string;
  readonly detail: string;
}

/** A fleet that is set up, and functions for tests. */
export interface Wired extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly aws: Aws;
  /** URL at which the autoscaler receives notifications. */
  readonly url: string;
  readonly topicArn: string;
  /** The fleet's load balancer, and the flags that name it on a command line. */
  readonly balancer: BalancerRef;
  readonly words: string;
  /** Starts a second autoscaler with different settings. */
  start(more?: Partial<StageOptions>): Promise<StagedService>;
  /** Runs doctor. Default of `--url`: the URL of the first autoscaler. */
  doctor(words?: string): Promise<{ readonly status: number; readonly rows: readonly Row[] }>;
  /** Runs doctor and returns the warnings and failures, as `check result`. */
  problems(words?: string): Promise<string[]>;
}

/**
 * Sets up a fleet. The autoscaler runs with --dry-run, because it would otherwise scale in the fleet, which has no load.
 *
 * @param behind creates the load balancer. Default: the Classic Load Balancer that the sandbox creates at its start
 */
export async function wired(
  options: SandboxOptions = {},
  behind: (aws: Aws) => Promise<BalancerRef> = () => Promise.resolve(balancerRef({ fleet: "kas" })),
): Promise<Wired> {
  await using stack = new AsyncDisposableStack();
  const f = stack.use(await fleet(options));
  const { env, url: endpointUrl } = f.sandbox;
  const account = { region: "eu-west-1", endpointUrl };
  const aws = stack.use(connect(account));
  const balancer = await behind(aws);
  const words = balancer.kind === "target-groups" ? ` --target-group ${balancer.arns.join(",")}` : "";
  const topicArn = env["KAS_TOPIC_ARN"] ?? "";
  const autoscalers = stack.use(new AsyncDisposableStack());
  const start: Wired["start"] = async (more = {}) => {
    const state = await Deno.makeTempDir();
    autoscalers.defer(() => Deno.remove(state, { recursive: true }));
    return autoscalers.use(
      await startOne({
        account,
        fleet: { fleet: "kas", balancer },
        topicArn,
        listen: { hostname: "127.0.0.1", port: 0 },
        state,
        limits: { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 },
        startTimeout: 300_000,
        drainTimeout: 300_000,
        quarantineFor: 86_400_000,
        resubscribe: false,
        trustSigner: env["KAS_TRUST_SIGNER"],
        dryRun: true,
        ...more,
      }),
    );
  };
  const url = `${(await start()).url}/`;
  await f.rows(`setup --url ${url}${words}`);
  await idle(url);
  const doctor: Wired["doctor"] = async (given = `--url ${url}${words}`) => {
    const { status, out, err } = await f.kas(`doctor ${given} --output json`);
    if (err !== "") throw new Error(err);
    return { status, rows: JSON.parse(out) };
  };
  const owned = stack.move();
  return {
    fleet: f,
    aws,
    url,
    topicArn,
    balancer,
    words,
    start,
    doctor,
    problems: async (given) =>
      (await doctor(given)).rows.filter(({ result }) => result !== "ok" && result !== "skipped")
        .map(({ check, result }) => `${check} ${result}`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Returns the command that a row proposes, or "" if the row contains no command. */
export function remedyOf({ detail }: Row): string {
  return /; try: (.*)$/.exec(detail)?.[1] ?? "";
}

/** Returns the row of a check whose result is not ok. */
export function problem(rows: readonly Row[], check: string): Row {
  const found = rows.find((row) => row.check === check && row.result !== "ok");
  if (found === undefined) throw new Error(`${check} is ok: ${JSON.stringify(rows)}`);
  return found;
}

/** Asserts that the row of a problem has the expected result, contains the expected names, and proposes the expected command. */
export function assertProblem(
  rows: readonly Row[],
  check: string,
  { result = "failed", names = [], remedy }: {
    readonly result?: string;
    readonly names?: readonly string[];
    readonly remedy: string | RegExp;
  },
): void {
  const row = problem(rows, check);
  assertEquals(row.result, result, row.detail);
  const [sentence = ""] = row.detail.split("; try: ");
  assertEquals(names.filter((name) => !sentence.includes(name)), [], row.detail);
  if (typeof remedy === "string") assertEquals(remedyOf(row), remedy);
  else assertMatch(remedyOf(row), remedy);
}

/** Waits until an autoscaler has observed the fleet and processed all messages. Then it no longer repeats failed AWS calls. */
export async function idle(url: string): Promise<void> {
  await eventually(
    async () => await (await fetch(`${url}status`)).json(),
    ({ messages, observation }) => messages.waiting === 0 && observation?.error === null,
  );
}

/** Waits until doctor finds no problem. */
export async function settled(w: Wired, words?: string): Promise<void> {
  await eventually(() => w.problems(words), (problems) => problems.length === 0);
}

/** Runs the proposed commands until doctor finds no problem. Doctor finds some problems only when others are repaired. */
export async function repair(w: Wired, rows: readonly Row[]): Promise<void> {
  for (let round = 0; round < 4; round++) {
    const commands = new Set(rows.map(remedyOf).filter((command) => /^kas admin (?!ping)/.test(command)));
    if (commands.size === 0) break;
    for (const command of commands) await run(w, command);
    rows = (await w.doctor()).rows;
  }
  await settled(w);
}

/** Runs a proposed command of kas. Throws an error with the command's stderr if its exit status is not 0. */
export async function run({ fleet }: Wired, command: string): Promise<void> {
  const { status, err } = await fleet.kas(command.slice("kas admin ".length));
  if (status !== 0 || err !== "") throw new Error(`${command} ended with ${status}: ${err}`);
}
