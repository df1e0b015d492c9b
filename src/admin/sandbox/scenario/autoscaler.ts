/**
 * The autoscaler of a scenario. kas starts a `kas autoscaler` process, and runs `kas admin setup` for its fleet.
 *
 * @module
 */
import type { CpuThresholds } from "../../alarms/plans.ts";
import { runKas, startKas } from "../kas_process.ts";
import type { ShownDecision } from "./view.ts";

/** Options of the scenario's autoscaler. */
export interface ScenarioAutoscalerOptions {
  /** The sandbox's environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Speed of the sandbox: the autoscaler's durations are divided by this number. */
  readonly speed: number;
  /** Thresholds of the CPU alarms. */
  readonly cpu: CpuThresholds;
  readonly signal: AbortSignal;
}

/** A running autoscaler. Its disposal stops the process and removes the state folder. */
export interface ScenarioAutoscaler extends AsyncDisposable {
  /** Rejects with a ProcessError if the process ends before its disposal. Never resolves. */
  readonly failed: Promise<never>;
  /** Returns the autoscaler's latest decisions, the newest one first. */
  decisions(): Promise<readonly ShownDecision[]>;
}

/** The autoscaler's durations in ms of sandbox time. */
const DURATIONS = {
  resync: 60_000,
  warmup: 120_000,
  "cooldown-in": 60_000,
  "metric-delay": 180_000,
  "start-timeout": 300_000,
  "drain-timeout": 300_000,
} as const;

/** The period of the alarms in seconds of sandbox time. */
const ALARM_PERIOD = 60;

/** Number of decisions to request from the autoscaler. */
const DECISIONS = 20;

/**
 * Starts an autoscaler and sets up its topic, load balancer and alarms. Resolves when the subscription is confirmed.
 *
 * @throws {ProcessError} if the autoscaler or `kas admin setup` fails
 */
export async function startScenarioAutoscaler(
  options: ScenarioAutoscalerOptions,
): Promise<ScenarioAutoscaler> {
  const { env, speed, cpu, signal } = options;
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "kas-sandbox-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  // With an empty config file, kas does not read the user's own config files.
  const config = `${folder}/kas.json`;
  await Deno.writeTextFile(config, "{}");

  const durations = Object.entries(DURATIONS)
    .flatMap(([name, ms]) => [`--${name}`, `${(ms / speed).toFixed(3)}ms`]);
  const autoscaler = resources.use(startKas(
    ["autoscaler", "--config", config, "--listen", "127.0.0.1:0", "--state", `${folder}/state`, ...durations],
    env,
  ));
  const [, url = ""] = await autoscaler.waitForLine(/listening.*?(http:\/\/[\w.:[\]]+)/);
  const setup = ["--url", url, "--cpu", `${cpu.low}:${cpu.high}`, "--period", `${ALARM_PERIOD}`];
  await Promise.race([
    runKas(["admin", "setup", "--config", config, ...setup], env, signal),
    autoscaler.failed,
  ]);

  const client = resources.use(Deno.createHttpClient({ poolMaxIdlePerHost: 1 }));
  const running = resources.move();
  return {
    failed: autoscaler.failed,
    decisions: async () => {
      const response = await fetch(`${url}/activities?limit=${DECISIONS}`, { client, signal });
      return await response.json();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
