/**
 * A fleet that is wired as `kas admin setup` wires it, with an autoscaler in this process: what doctor finds nothing wrong with,
 * until a test breaks something.
 *
 * @module
 */
import { type BalancerRef, balancerRef } from "../../../src/aws/balancing/balancer.ts";
import { type Aws, connect } from "../../../src/aws/clients.ts";
import { type Autoscaler, type AutoscalerOptions, startAutoscaler } from "../../../src/autoscaler/service.ts";
import type { SandboxOptions } from "../../../src/sandbox/sandbox.ts";
import { eventually } from "../../support/kas.ts";
import { type Fleet, fleet } from "../../unit/admin/fleet.ts";

/** A row of doctor's. */
export interface Row {
  readonly check: string;
  readonly result: string;
  readonly detail: string;
}

/** A wired fleet. */
export interface Wired extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly aws: Aws;
  /** Where the autoscaler takes notifications. */
  readonly url: string;
  readonly topicArn: string;
  /** The balancer that it is behind, and the words that say so on a command line. */
  readonly balancer: BalancerRef;
  readonly words: string;
  /** Starts one more autoscaler, or the first one with other settings. */
  start(more?: Partial<AutoscalerOptions>): Promise<Autoscaler>;
  /** What doctor tells, at the address of the autoscaler unless another one is said. */
  doctor(words?: string): Promise<{ readonly status: number; readonly rows: readonly Row[] }>;
  /** The rows that are neither ok nor skipped, as `check result`. */
  problems(words?: string): Promise<string[]>;
}

/**
 * Sets it up. The autoscaler decides and acts on nothing, as a fleet without load would be scaled in.
 *
 * @param behind makes the balancer, where it is not the Classic Load Balancer that the sandbox starts with
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
  const words = balancer.kind === "classic" ? "" : ` --target-group ${balancer.arn}`;
  const topicArn = env["KAS_TOPIC_ARN"] ?? "";
  const autoscalers = stack.use(new AsyncDisposableStack());
  const start: Wired["start"] = async (more = {}) => {
    const state = await Deno.makeTempDir();
    autoscalers.defer(() => Deno.remove(state, { recursive: true }));
    return autoscalers.use(
      await startAutoscaler({
        account,
        fleet: { fleet: "kas", balancer },
        topicArn,
        listen: { hostname: "127.0.0.1", port: 0 },
        state,
        limits: { warmup: 0, cooldownOut: 0, cooldownIn: 0, resync: 3_600_000 },
        startTimeout: 300_000,
        drainTimeout: 300_000,
        resubscribe: false,
        trustSigner: env["KAS_TRUST_SIGNER"],
        dryRun: true,
        ...more,
      }),
    );
  };
  const url = `${(await start()).url}/`;
  await f.rows(`setup --url ${url}${words}`);
  await atRest(url);
  const doctor: Wired["doctor"] = async (said = `--url ${url}${words}`) => {
    const { status, out, err } = await f.kas(`doctor ${said} --output json`);
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
    problems: async (said) =>
      (await doctor(said)).rows.filter(({ result }) => result !== "ok" && result !== "skipped")
        .map(({ check, result }) => `${check} ${result}`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The command that a row says mends it, "" without one. */
export function mendOf({ detail }: Row): string {
  return /; try: (.*)$/.exec(detail)?.[1] ?? "";
}

/** The row of a check that is not ok. */
export function problem(rows: readonly Row[], check: string): Row {
  const found = rows.find((row) => row.check === check && row.result !== "ok");
  if (found === undefined) throw new Error(`${check} is ok: ${JSON.stringify(rows)}`);
  return found;
}

/** Waits until an autoscaler has seen the fleet and has nothing to do, so that no call of its own is repeated any more. */
export async function atRest(url: string): Promise<void> {
  await eventually(
    async () => await (await fetch(`${url}status`)).json(),
    ({ messages, observation }) => messages.waiting === 0 && observation?.error === null,
  );
}

/** Waits until doctor finds nothing wrong. */
export async function settled(w: Wired, words?: string): Promise<void> {
  await eventually(() => w.problems(words), (problems) => problems.length === 0);
}

/** Does what doctor says, again and again, as some things are found only when others are mended; and waits until all is well. */
export async function mend(w: Wired, rows: readonly Row[]): Promise<void> {
  for (let round = 0; round < 4; round++) {
    const commands = new Set(rows.map(mendOf).filter((command) => /^kas admin (?!ping)/.test(command)));
    if (commands.size === 0) break;
    for (const command of commands) await run(w, command);
    rows = (await w.doctor()).rows;
  }
  await settled(w);
}

/** Runs a command of kas's that doctor says. Throws what was said on stderr unless it ended with 0. */
export async function run({ fleet }: Wired, command: string): Promise<void> {
  const { status, err } = await fleet.kas(command.slice("kas admin ".length));
  if (status !== 0 || err !== "") throw new Error(`${command} ended with ${status}: ${err}`);
}
