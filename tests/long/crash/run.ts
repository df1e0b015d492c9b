/**
 * One run of a scenario, with or without a kill: its result, and the violations of the invariants.
 *
 * @module
 */
import { CreateLaunchTemplateCommand } from "@aws-sdk/client-ec2";
import { ModifyLoadBalancerAttributesCommand } from "@aws-sdk/client-elastic-load-balancing";
import { fleetInstances } from "../../../src/aws/ec2/instances.ts";
import type { CallEvent } from "../../../src/sandbox/faults/faults.ts";
import { type Stage, stage } from "../../unit/autoscaler/fixtures.ts";
import { eventually } from "../../support/kas.ts";
import { machinesOf, type Scenario, serve, TEMPLATE } from "./scenarios.ts";
import { describe, type KillPoint, Victim } from "./victim.ts";

/** The result of a run. */
export interface Result {
  /**
   * The state of each instance, for example `i-1 running in-service`, and the reason for its quarantine. The reason
   * does not contain the answer to the last health check, because that answer is random.
   */
  readonly world: readonly string[];
  /** The activities, oldest first, for example `start i-1 successful`. */
  readonly journal: readonly string[];
  /** The starts and stops that changed an instance's state, sorted. */
  readonly effects: readonly string[];
}

/** A run. */
export interface Run {
  readonly end: Result;
  readonly killed: boolean;
  readonly violations: readonly string[];
  /** How often the autoscaler made each call. */
  readonly counts: ReadonlyMap<string, number>;
  /** The output of the processes. */
  readonly output: string;
}

const FLAGS = "--warmup 0s --cooldown-in 0s --cooldown-out 0s --metric-delay 0s".split(" ");
const TIMEOUTS = ["--start-timeout", "20s", "--drain-timeout", "20s"];

/** Time limit of a run, in ms. */
const LONGEST = 30_000;

/** Runs a scenario. If `point` is given, kills the process there and starts it again. */
export async function run(scenario: Scenario, point?: KillPoint): Promise<Run> {
  const letGo = Promise.withResolvers<void>();
  const machine = machinesOf(scenario, letGo.promise);
  const { nodes, faults = [], flags = TIMEOUTS, resync = "1h", held = false, balancer } = scenario;
  await using it = await stage({ nodes, faults, machine, balancer });
  if (scenario.serving) await serve(it, balancer);
  await (await it.aws.ec2()).send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: TEMPLATE,
      LaunchTemplateData: { ImageId: "ami-00000000000000001" },
    }),
  );
  const work = held ? await hold(it, machine.held) : [];

  await using victim = new Victim(
    it.sandbox,
    it.options.state,
    [...FLAGS, "--resync", resync, ...flags],
    point,
  );
  const referee = new Referee(it, scenario);
  await victim.start();
  await it.subscribe(victim);
  // Wait until the autoscaler has reconciled once.
  await eventually(() => activities(victim.url), (lines) => lines.length > 0);
  it.sandbox.faults.onCall = async (passing) => {
    referee.onCall(passing);
    await victim.onCall(passing);
  };
  victim.beginCounting();
  try {
    await scenario.drive(it);
    const end = await converged(it, victim, referee);
    const { killed: struck, counts, output: said } = victim;
    return { end, killed: struck, violations: referee.violations, counts: new Map(counts), output: said };
  } catch (cause) {
    const where = point === undefined ? "without a kill" : `killed ${describe(point)}`;
    throw new Error(`${scenario.name}, ${where}: ${(cause as Error).message}\n${victim.output}`, { cause });
  } finally {
    it.sandbox.faults.onCall = undefined;
    letGo.resolve();
    for (const response of await Promise.all(work)) await response.text();
  }
}

/**
 * Sends two requests to /work, one for each instance in service. The load balancer must not end them while the
 * autoscaler is down, although sandbox time passes faster.
 */
async function hold(it: Stage, held: () => number): Promise<Promise<Response>[]> {
  const elb = await it.aws.elb();
  await elb.send(
    new ModifyLoadBalancerAttributesCommand({
      LoadBalancerName: it.options.fleet.balancer.name,
      LoadBalancerAttributes: {
        ConnectionSettings: { IdleTimeout: 3_600 },
        ConnectionDraining: { Enabled: true, Timeout: 3_600 },
      },
    }),
  );
  const work = [1, 2].map(() => fetch(`http://127.0.0.1:${it.sandbox.balancerPort}/work`));
  await eventually(held, (n) => n === work.length);
  return work;
}

/** Waits until no activity is in progress and no instance is changing its state. */
async function converged(it: Stage, victim: Victim, referee: Referee): Promise<Result> {
  const lines = await eventually(
    async () => {
      await victim.settled();
      return (await activities(victim.url)).filter(({ kind }) => kind !== "none");
    },
    (lines) =>
      lines.length > 0 && lines.every(({ status }) => status !== "in-progress") &&
      it.sandbox.account.instances().every(({ state, registration }) =>
        /^(running|stopped)$/.test(state) && /^(none|in-service)$/.test(registration)
      ),
    LONGEST,
  );
  const marks = new Map(
    (await Array.fromAsync(fleetInstances(it.aws, it.options.fleet))).map((
      { id, quarantine },
    ) => [id, quarantine?.replace(/ - .*/, "")]),
  );
  return {
    world: it.sandbox.account.instances().map(({ id, state, registration }) =>
      [id, state, registration, marks.get(id)].filter(Boolean).join(" ")
    ),
    journal: lines.toReversed().map(({ kind, instance, status }) => `${kind} ${instance} ${status}`),
    effects: referee.effects.toSorted(),
  };
}

async function activities(url: string): Promise<{ kind: string; instance: string; status: string }[]> {
  try {
    return await (await fetch(`${url}/activities`)).json();
  } catch (error) {
    // The test is killing the process.
    if (error instanceof TypeError) return [];
    throw error;
  }
}

/** Checks each call against the invariants. */
class Referee {
  readonly violations: string[] = [];
  readonly effects: string[] = [];
  readonly #it: Stage;
  readonly #dead: readonly string[];
  readonly #before = new Map<string, string>();
  readonly #tokens = new Set<unknown>();

  constructor(it: Stage, { dead = [] }: Scenario) {
    this.#it = it;
    this.#dead = dead;
  }

  onCall({ action, input, moment }: CallEvent): void {
    if (action === "RunInstances" && moment === "after" && !this.#tokens.has(input["ClientToken"])) {
      this.#tokens.add(input["ClientToken"]);
      this.effects.push(action);
    }
    if (!/^(Start|Stop|Terminate)Instances$|^Register/.test(action)) return;
    for (const id of JSON.stringify(input).match(/\bi-[0-9a-f]{17}\b/g) ?? []) {
      const [state = "", standing = ""] = this.#it.standing(id).split(" ");
      if (moment === "before") {
        this.#before.set(id, state);
        if (/^(Stop|Terminate)/.test(action) && standing !== "none") {
          this.#fault(`I4: ${id} stopped while ${standing}`);
        }
        if (/^Register/.test(action) && (state !== "running" || this.#dead.includes(id))) {
          this.#fault(`I5: ${id} registered while ${state}`);
        }
      } else if (state !== this.#before.get(id)) this.effects.push(`${action} ${id}`);
    }
  }

  #fault(what: string): void {
    this.violations.push(what);
  }
}
