/**
 * The scenario's autoscaler: a `kas autoscaler` process beside the sandbox, set up by a `kas admin setup` process.
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
  /** The speed of the sandbox. It divides every duration. */
  readonly speed: number;
  /** The alarms' thresholds. */
  readonly cpu: CpuThresholds;
  readonly signal: AbortSignal;
}

/** A running autoscaler. Disposing of it stops the process and removes its state folder. */
export interface ScenarioAutoscaler extends AsyncDisposable {
  /** Rejects with ProcessError if the process ends by itself. */
  readonly failed: Promise<never>;
  /** Returns the autoscaler's latest decisions, newest first. */
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

/** The number of decisions to request. */
const DECISIONS = 20;

/**
 * Starts an autoscaler and sets up topic, load balancer and alarms. Resolves when its subscription is confirmed.
 *
 * @throws {ProcessError} if the autoscaler or the setup fails
 */
export async function startScenarioAutoscaler(
  options: ScenarioAutoscalerOptions,
): Promise<ScenarioAutoscaler> {
  const { env, speed, cpu, signal } = options;
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "kas-sandbox-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  // An empty settings file, so that the user's own settings do not apply.
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
