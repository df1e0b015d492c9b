/**
 * `kas admin sandbox`: runs a simulated AWS and real workers on this machine.
 *
 * @module
 */
import { command, UsageError } from "../../cli/command.ts";
import { duration, flag, integer, oneOf, positive, text } from "../../cli/parsers.ts";
import { quoteWord } from "../../cli/command_line.ts";
import { cpuThresholds } from "../alarms/options.ts";
import { kasCommand } from "./kas_process.ts";
import { raisePriority } from "./priority.ts";
import { BALANCER_KINDS } from "../../sandbox/fleet/pool.ts";
import { WORK_MS } from "./scenario/nine_steps.ts";
import { untilAborted } from "../../sandbox/wire/until_aborted.ts";

const SCENARIOS = ["nine-steps"] as const;

const parseScenario = oneOf(...SCENARIOS);
const parseBalancer = oneOf(...BALANCER_KINDS);

/** The command `kas admin sandbox`. */
export const sandbox = command({
  name: "sandbox",
  summary: "Run a simulated AWS on this machine, to try kas without an account",
  description:
    "Serves EC2, ELB, CloudWatch and SNS on a loopback address. Each running instance is a process: a kas worker, or your own\n" +
    "service with --service. A load balancer in the sandbox forwards requests to these processes. Prints environment variables\n" +
    "for kas, the AWS CLI and boto3, and runs until Ctrl-C. With --scenario nine-steps, starts an autoscaler and sends it\n" +
    "changing load. The exit status is then 0 if every step of the scenario passes.",
  options: {
    port: {
      placeholder: "PORT",
      help: "port of the AWS endpoint; 0 picks a free port",
      parse: integer(0, 65_535),
      default: "4580",
    },
    balancerPort: {
      placeholder: "PORT",
      help: "port of the load balancer; 0 picks a free port",
      parse: integer(0, 65_535),
      default: "30000",
    },
    address: {
      placeholder: "IP",
      help: "IP address on which the AWS endpoint and the load balancer listen (default: 127.0.0.1)",
      parse: text,
    },
    service: {
      placeholder: "CMD",
      help:
        "command that sh -c runs on each instance, instead of a worker; it must listen on the address in HOST and the port in PORT; " +
        "INSTANCE_ID has the id of the instance",
      parse: text,
    },
    servicePort: {
      placeholder: "PORT",
      help: "port on which the instances serve (default: 8080 with --service, otherwise 30000)",
      parse: integer(1, 65_535),
    },
    serviceHealth: {
      placeholder: "PATH",
      help:
        "path of the load balancer's health check (default: / with --service, otherwise /ping; a network load balancer checks a " +
        "service by TCP)",
      parse: path,
    },
    balancer: {
      placeholder: "KIND",
      help: "kind of the load balancer: application, network, classic or none",
      parse: parseBalancer,
      choices: BALANCER_KINDS,
      default: "classic",
    },
    onStart: {
      placeholder: "CMD",
      help:
        "command that boots the machine of an instance, instead of starting a worker; $1 is the instance id, $2 the IP address; " +
        "if it prints pid N, the sandbox measures the CPU of that process",
      parse: text,
    },
    onStop: {
      placeholder: "CMD",
      help: "command that shuts down the machine of an instance; $1 and $2 are as for --on-start",
      parse: text,
    },
    subnet: {
      placeholder: "CIDR",
      help: "subnet of the machines, such as 10.77.0.0/24",
      parse: subnetPrefix,
    },
    nodes: {
      placeholder: "N",
      help: "how many stopped nodes to create, in addition to the running base instance",
      parse: integer(0, 250),
      default: "1",
    },
    empty: { help: "start without instances, load balancers and topics", parse: flag, default: "false" },
    kind: {
      help: "turn off the delays, limits and stale reads of a real account; docs/sandbox.md lists them",
      parse: flag,
      default: "false",
    },
    boot: {
      placeholder: "TIME",
      help: "time from pending to running (default: 30s to 60s at random; with --kind 2s)",
      parse: duration,
    },
    shutdown: {
      placeholder: "TIME",
      help: "time from stopping to stopped (default: 20s; with --kind 1s)",
      parse: duration,
    },
    vcpus: {
      placeholder: "N",
      help: "vCPUs of each instance: CPUUtilization is their average, and the worker uses one of them",
      parse: integer(1, 96),
      default: "1",
    },
    speed: {
      placeholder: "N",
      help: "divide every duration by N, including the duration of a /work request and the pauses of clients",
      parse: positive,
      default: "1",
    },
    fault: {
      placeholder: "FAULT",
      help:
        "inject a fault, such as throttle=0.2, stale-reads=2s, no-capacity=i-… or hangs=i-…; docs/sandbox.md lists all",
      parse: text,
      repeat: true,
    },
    seed: {
      placeholder: "N",
      help: "seed of the random numbers for faults and delays",
      parse: integer(0, 4_294_967_295),
      default: "1",
    },
    scenario: {
      placeholder: "NAME",
      help: "play a scenario and exit",
      parse: parseScenario,
      choices: SCENARIOS,
    },
    step: {
      placeholder: "TIME",
      help: "duration of each step of the scenario",
      parse: duration,
      default: "600s",
    },
    cpu: {
      placeholder: "LOW:HIGH",
      help: "thresholds of the scenario's CPU alarms: scale in below LOW, scale out from HIGH",
      parse: cpuThresholds,
      default: "42:80",
    },
  },
  examples: [
    "admin sandbox",
    "admin sandbox --service 'node server.js' --balancer application",
    "admin sandbox --scenario nine-steps --speed 45",
    "admin sandbox --nodes 3 --fault throttle=0.2 --fault sns-duplicates=0.3",
  ],
  run: async ({ flags, out, signal }) => {
    if (flags.scenario !== undefined && flags.empty) {
      throw new UsageError(
        "--scenario and --empty exclude each other, because a scenario needs a fleet",
        "omit --empty",
      );
    }
    if (flags.scenario !== undefined && (flags.service !== undefined || flags.balancer !== "classic")) {
      throw new UsageError(
        "--scenario needs kas workers behind a Classic Load Balancer",
        "omit --service and --balancer",
      );
    }
    if (flags.service !== undefined && flags.onStart !== undefined) {
      throw new UsageError("--service and --on-start exclude each other: both say what runs on an instance");
    }
    if ((flags.onStart === undefined) !== (flags.onStop === undefined)) {
      throw new UsageError(
        "--on-start and --on-stop must be given together: one boots a machine, the other shuts it down",
      );
    }
    const { startSandbox } = await import("../../sandbox/sandbox.ts");
    const { fault, scenario, step, cpu, speed, onStart, onStop, ...rest } = flags;
    const options = {
      ...rest,
      speed,
      signal,
      faults: fault,
      worker: flags.service === undefined ? workerCommand(speed) : [],
      commands: onStart === undefined || onStop === undefined ? undefined : { start: onStart, stop: onStop },
    };
    using _priority = scenario === undefined ? undefined : raisePriority();
    try {
      const start = async () => {
        using _progress = out.during(
          "Waiting until the service of the base instance passes its health check (--service-health, --service-port)",
        );
        return await startSandbox(options);
      };
      await using running = await start();
      if (scenario !== undefined) {
        const { playNineSteps } = await import("./scenario/play.ts");
        return await playNineSteps({ sandbox: running, speed, step, cpu, out, signal }) ? 0 : 1;
      }
      const { setUpLog } = await import("../../process/log.ts");
      await using _log = await setUpLog("text");
      // kas prints all variables in one write, so that a program that waits for the first line reads all lines.
      out.text(
        Object.entries(running.env).map(([name, value]) => `export ${name}=${quoteWord(value)}`).join("\n"),
      );
      const front = flags.balancer === "none" ? "" : ` Load balancer: ${running.balancerUrl}.`;
      out.note(`AWS endpoint: ${running.url}.${front} Ctrl-C ends the sandbox.`);
      if (flags.empty) {
        out.hint(
          "Next, in another shell with these variables: kas admin instances create --role base --image ami-1",
        );
      } else out.hint("Next, in another shell with these variables: kas admin setup");
      await untilAborted(signal);
      out.note("Stopping the instances.");
      return 0;
    } catch (error) {
      // The sandbox throws this error for an unknown fault. It cannot throw a UsageError, because src/sandbox imports no module of
      // src/cli.
      if (error instanceof TypeError && error.message.startsWith("Cannot use fault")) {
        throw new UsageError(error.message);
      }
      throw error;
    }
  },
});

/** Returns the command that starts an instance's worker, with one vCPU. The duration of a /work request is divided by the speed. */
export function workerCommand(speed: number): readonly string[] {
  const workMs = WORK_MS.map((ms) => (ms / speed).toFixed(3)).join("-");
  return [...kasCommand(), "worker", "--threads", "1", "--work-ms", workMs];
}

/** Parses the path of a health check. */
function path(text: string): string {
  if (/^\/\S*$/.test(text)) return text;
  throw new TypeError("expected a path such as /healthz");
}

/** Parses a subnet: `10.77.0.0/24` → `10.77.0`. */
function subnetPrefix(text: string): string {
  const prefix = /^((?:\d{1,3}\.){2}\d{1,3})\.0\/24$/.exec(text)?.[1];
  if (prefix === undefined || prefix.split(".").some((number) => Number(number) > 255)) {
    throw new TypeError("expected a subnet of 256 addresses such as 10.77.0.0/24");
  }
  return prefix;
}
