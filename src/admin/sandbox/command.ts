/**
 * `kas admin sandbox`: the whole system on this machine.
 *
 * @module
 */
import os from "node:os";
import { command, UsageError } from "../../cli/command.ts";
import { duration, flag, integer, oneOf, positive, text } from "../../cli/parsers.ts";
import { quoteWord } from "../../provision/shell_quote.ts";
import { cpuThresholds } from "../alarms/alarm_plans.ts";
import { kasCommand } from "./kas_process.ts";
import { WORK_MS } from "./scenario/nine_steps.ts";

const SCENARIOS = ["nine-steps"] as const;

const parseScenario = oneOf(...SCENARIOS);

/** `kas admin sandbox`. */
export const sandbox = command({
  name: "sandbox",
  summary: "AWS on this machine, to try everything without an account",
  description:
    "Speaks EC2, ELB, CloudWatch and SNS on loopback. An instance that runs is a real kas worker, behind a real\n" +
    "load balancer. Prints the variables that point kas, the AWS CLI and boto3 at it, and runs until Ctrl-C.\n" +
    "With --scenario nine-steps it plays the acceptance scenario against a real autoscaler, and the exit status is 0\n" +
    "only if every step came out as required.",
  options: {
    port: {
      placeholder: "PORT",
      help: "of the AWS endpoint; 0 picks a free one",
      parse: integer(0, 65_535),
      default: "4580",
    },
    balancerPort: {
      placeholder: "PORT",
      help: "of the load balancer; 0 picks a free one",
      parse: integer(0, 65_535),
      default: "30000",
    },
    address: { placeholder: "IP", help: "where both listen; by default 127.0.0.1", parse: text },
    onStart: {
      placeholder: "CMD",
      help:
        "boots an instance's machine instead; $1 is its id, $2 its address; prints pid N, whose CPU is the machine's",
      parse: text,
    },
    onStop: { placeholder: "CMD", help: "shuts an instance's machine down; the same $1 and $2", parse: text },
    subnet: {
      placeholder: "CIDR",
      help: "of the machines' addresses, such as 10.77.0.0/24",
      parse: subnetPrefix,
    },
    nodes: {
      placeholder: "N",
      help: "stopped nodes beside the running base",
      parse: integer(0, 250),
      default: "1",
    },
    empty: { help: "an account without instances, balancers and topics", parse: flag, default: "false" },
    boot: { placeholder: "TIME", help: "from pending to running", parse: duration, default: "2s" },
    shutdown: { placeholder: "TIME", help: "from stopping to stopped", parse: duration, default: "1s" },
    speed: {
      placeholder: "N",
      help: "divides every duration, of work and thought as well",
      parse: positive,
      default: "1",
    },
    fault: {
      placeholder: "FAULT",
      help:
        "throttle=0.2, errors=0.2, cut=0.2, wedge=0.1, wedge=StartInstances, latency=300ms, stale-reads=2s, " +
        "deny=ec2:StartInstances, clock=1h, no-capacity=i-…, unhealthy=i-…, sns-duplicates=0.3, sns-loss=0.2",
      parse: text,
      repeat: true,
    },
    seed: {
      placeholder: "N",
      help: "of the faults' dice",
      parse: integer(0, 4_294_967_295),
      default: "1",
    },
    scenario: {
      placeholder: "NAME",
      help: "play a scenario and end",
      parse: parseScenario,
      choices: SCENARIOS,
    },
    step: {
      placeholder: "TIME",
      help: "how long each step of the scenario takes",
      parse: duration,
      default: "300s",
    },
    cpu: {
      placeholder: "LOW:HIGH",
      help: "the scenario's alarms: CPU below which an instance asks for less, and from which for more",
      parse: cpuThresholds,
      default: "42:80",
    },
  },
  examples: [
    "admin sandbox",
    "admin sandbox --scenario nine-steps --speed 25",
    "admin sandbox --nodes 3 --fault throttle=0.2 --fault sns-duplicates=0.3",
  ],
  run: async ({ flags, out, signal }) => {
    if (flags.scenario !== undefined && flags.empty) {
      throw new UsageError(
        "--scenario and --empty exclude each other: a scenario needs a fleet",
        "leave --empty out",
      );
    }
    if ((flags.onStart === undefined) !== (flags.onStop === undefined)) {
      throw new UsageError(
        "--on-start and --on-stop go together: what boots a machine, and what shuts it down",
      );
    }
    const { startSandbox } = await import("../../sandbox/sandbox.ts");
    const { fault, scenario, step, cpu, speed, onStart, onStop, ...rest } = flags;
    const options = {
      ...rest,
      speed,
      faults: fault,
      worker: workerCommand(speed),
      commands: onStart === undefined || onStop === undefined ? undefined : { start: onStart, stop: onStop },
    };
    if (scenario !== undefined) goFirst();
    try {
      await using running = await startSandbox(options);
      if (scenario !== undefined) {
        const { playNineSteps } = await import("./scenario/play.ts");
        return await playNineSteps({ sandbox: running, speed, step, cpu, out, signal }) ? 0 : 1;
      }
      const { setUpLog } = await import("../../log.ts");
      await using _log = await setUpLog("text");
      // In one write, so that who reads one line of it can have them all.
      out.line(
        Object.entries(running.env).map(([name, value]) => `export ${name}=${quoteWord(value)}`).join("\n"),
      );
      out.note(
        `AWS answers at ${running.url}, the load balancer at ${running.balancerUrl}; Ctrl-C ends both.`,
      );
      if (flags.empty) {
        out.hint(
          "Next, in another shell with these lines: kas admin instances create --role base --image ami-1",
        );
      } else out.hint("Next, in another shell with these lines: kas admin setup");
      await interruption(signal);
      out.note("Stopping the workers.");
      return 0;
    } catch (error) {
      // A fault that is not known; the sandbox itself may not import what says so.
      if (error instanceof TypeError && error.message.startsWith("Cannot use fault")) {
        throw new UsageError(error.message);
      }
      throw error;
    }
  },
});

/** The command line of an instance's worker: one vCPU, its work as much shorter as everything else. */
export function workerCommand(speed: number): readonly string[] {
  const workMs = WORK_MS.map((ms) => (ms / speed).toFixed(3)).join("-");
  return [...kasCommand(), "worker", "--threads", "1", "--work-ms", workMs];
}

/** Niceness of the scenario's processes where it may be chosen. */
const NICENESS = -10;

/**
 * Lets this thread and the processes it starts from now on go before the machine's others, so that ms are ms however busy the
 * cores are. Only the privileged may; for anyone else it stays as it was.
 */
function goFirst(): void {
  try {
    os.setPriority(0, NICENESS);
  } catch {
    // Not privileged.
  }
}

/** `10.77.0.0/24` → `10.77.0`. */
function subnetPrefix(text: string): string {
  const prefix = /^((?:\d{1,3}\.){2}\d{1,3})\.0\/24$/.exec(text)?.[1];
  if (prefix === undefined || prefix.split(".").some((number) => Number(number) > 255)) {
    throw new TypeError("expected a subnet of 256 addresses such as 10.77.0.0/24");
  }
  return prefix;
}

function interruption(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
