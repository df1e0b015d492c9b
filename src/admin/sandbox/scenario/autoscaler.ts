/**
 * The scenario's autoscaler: a real `kas autoscaler` beside the sandbox, wired by a real `kas admin setup`.
 *
 * @module
 */
import type { CpuThresholds } from "../../alarms/alarm_plans.ts";
import { runKas, startKas } from "../kas_process.ts";
import type { ShownDecision } from "./view.ts";

/** What the autoscaler is started with. */
export interface ScenarioAutoscalerOptions {
  /** The sandbox's variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Divides every duration. */
  readonly speed: number;
  /** The alarms' thresholds. */
  readonly cpu: CpuThresholds;
  readonly signal: AbortSignal;
}

/** A running autoscaler; disposing of it ends it and removes its state. */
export interface ScenarioAutoscaler extends AsyncDisposable {
  /** Rejects with ProcessError if it ends by itself. */
  readonly failed: Promise<never>;
  /** Its latest decisions, newest first. */
  decisions(): Promise<readonly ShownDecision[]>;
}

/** Its durations, ms of sandbox time. */
const DURATIONS = {
  resync: 60_000,
  warmup: 120_000,
  "cooldown-in": 60_000,
  "start-timeout": 300_000,
  "drain-timeout": 300_000,
} as const;

/** The alarms' period, s of sandbox time. */
const PERIOD = 60;

/** How many decisions are asked for. */
const LATEST = 20;

/**
 * Starts and wires it; resolves once its subscription is confirmed.
 *
 * @throws {ProcessError} if the autoscaler or the setup fails
 */
export async function startScenarioAutoscaler(
  options: ScenarioAutoscalerOptions,
): Promise<ScenarioAutoscaler> {
  const { env, speed, cpu, signal } = options;
  await using started = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "kas-sandbox-" });
  started.defer(() => Deno.remove(folder, { recursive: true }));
  // In the place of the user's own settings.
  const config = `${folder}/kas.json`;
  await Deno.writeTextFile(config, "{}");

  const durations = Object.entries(DURATIONS).flatMap((
    [name, ms],
  ) => [`--${name}`, `${(ms / speed).toFixed(3)}ms`]);
  const autoscaler = started.use(startKas(
    ["autoscaler", "--config", config, "--listen", "127.0.0.1:0", "--state", `${folder}/state`, ...durations],
    env,
  ));
  const [, url = ""] = await autoscaler.waitForLine(/listening.*?(http:\/\/[\w.:[\]]+)/);
  const setup = ["--url", url, "--cpu", `${cpu.low}:${cpu.high}`, "--period", `${PERIOD}`];
  await Promise.race([
    runKas(["admin", "setup", "--config", config, ...setup], env, signal),
    autoscaler.failed,
  ]);

  const client = started.use(Deno.createHttpClient({ poolMaxIdlePerHost: 1 }));
  const running = started.move();
  return {
    failed: autoscaler.failed,
    decisions: async () => {
      const response = await fetch(`${url}/activities?limit=${LATEST}`, { client, signal });
      return await response.json();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
