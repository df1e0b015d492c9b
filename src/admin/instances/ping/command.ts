/**
 * `kas admin ping`: checks that the services of instances and the autoscalers answer.
 *
 * @module
 */
import { registrations } from "../../../aws/balancing/balancer.ts";
import type { ChecksOf } from "../../../aws/balancing/checks.ts";
import type { Aws } from "../../../aws/clients.ts";
import { type Ec2Instance, fleetInstances } from "../../../aws/ec2/instances.ts";
import { isNotFound } from "../../../aws/errors.ts";
import { command, ExitError } from "../../../cli/command.ts";
import type { HealthCheckSpec } from "../../../health/spec.ts";
import { AUTOSCALER_PORT } from "../../../provision/host/paths.ts";
import { duration, hostPort, url } from "../../../cli/parsers.ts";
import { SETTINGS } from "../../../settings/settings.ts";
import {
  ACCOUNT_OPTIONS,
  type AccountContext,
  type AccountFlags,
  fleetMember,
  fleetSelector,
  instancesById,
  withAws,
} from "../../account.ts";
import { fleetsBalancer } from "../../balancers/lookup.ts";
import { refuseUnknown } from "../../setup/fleets.ts";
import { CHECK_OPTIONS, checkedAddress, type CheckFlags, serviceChecks } from "../service_checks.ts";
import { NO_ADDRESS, NO_CHECK, pingOne, type PingResult, type PingTarget, pong } from "./ping_one.ts";

/** Maximum number of targets that kas pings at the same time. */
const CONCURRENCY = 50;

/** The command `kas admin ping`. */
export const ping = command({
  name: "ping",
  summary: "Check that the services and autoscalers on instances or hosts answer",
  description:
    "Makes the load balancer's health check, or that of --health-check, of each instance and of each HOST. Pings the autoscaler of\n" +
    "each control instance on port 10000. On HOST:PORT, pings a worker or an autoscaler. Without arguments, pings every running\n" +
    "instance of the fleet.",
  args: "[ID|HOST|HOST:PORT…]",
  options: {
    url: { placeholder: "URL", help: "also ping the autoscaler at this URL", parse: url },
    timeout: { placeholder: "TIME", help: "how long to wait for an answer", default: "5s", parse: duration },
    pull: {
      ...SETTINGS.pull,
      help:
        "the autoscaler runs with --pull: do not ping it on control instances, because no other host reaches it",
    },
    ...CHECK_OPTIONS,
    ...ACCOUNT_OPTIONS,
  },
  examples: [
    "admin ping",
    "admin ping i-0123456789abcdef0 203.0.113.7:10000",
    "admin ping 203.0.113.7 --health-check http:8080/healthz",
  ],
  run: async (context) => {
    const { flags, args, out, signal } = context;
    const { found, status } = await findTargets(context, args);
    if (flags.url !== undefined) found.push(autoscalerAt(flags.url));
    using _pinging = out.during(`Pinging ${found.length}`);
    let failures = 0;
    async function* rows(): AsyncGenerator<PingResult> {
      for await (const result of inParallel(found, (target) => pingOne(target, flags.timeout, signal))) {
        signal.throwIfAborted();
        if (result.failed) {
          failures++;
          out.error(`${result.service} on ${result.target} does not answer: ${result.status}`);
        }
        yield result;
      }
    }
    await out.table(["target", "service", "url", "status", "ms"], rows());
    return failures > 0 && status === 0 ? 1 : status;
  },
});

/** The context of the command. */
interface PingContext extends AccountContext {
  readonly flags: PingFlags;
}

type PingFlags = AccountFlags & CheckFlags & { readonly pull: boolean };

/**
 * Finds the services that the arguments name. Prints an error for each unknown instance. The exit status is 4 if all instances are
 * unknown, 1 if some are, else 0.
 */
async function findTargets(
  context: PingContext,
  names: readonly string[],
): Promise<{ found: PingTarget[]; status: number }> {
  const { flags, out, signal } = context;
  const own = names.map(kasAt);
  const hasOwn = own.every((target) => target !== undefined);
  if (names.length > 0 && hasOwn) return { found: [...own], status: 0 };
  return await withAws(context, async (aws) => {
    const checksOf = await serviceChecks(aws, flags, signal);
    const found: PingTarget[] = [];
    if (names.length === 0) {
      const running = await Array.fromAsync(fleetInstances(aws, fleetSelector(flags), signal));
      if (running.length === 0) await refuseUnknown(aws, flags.fleet, signal);
      const serving = await registeredControls(aws, flags, running, signal);
      for (const instance of running) {
        if (instance.state === "running") found.push(...servicesOf(instance, { flags, checksOf, serving }));
      }
      return { found, status: 0 };
    }
    const fleet = names.some(isId) ? await instancesById(aws, flags, signal) : new Map();
    const serving = await registeredControls(aws, flags, [...fleet.values()], signal);
    let unknown = 0;
    for (const [i, name] of names.entries()) {
      try {
        if (isId(name)) {
          found.push(...servicesOf(fleetMember(fleet, name, flags), { flags, checksOf, serving }));
        } else found.push(...own[i] === undefined ? serviceAt(name, name, checksOf(name)) : [own[i]]);
      } catch (error) {
        if (!(error instanceof ExitError)) throw error;
        out.error(error.message);
        unknown++;
      }
    }
    return { found, status: unknown === 0 ? 0 : found.length === 0 ? 4 : 1 };
  });
}

function isId(name: string): boolean {
  return /^i-[0-9a-f]+$/.test(name);
}

/** Returns the control instances that run the fleet's service too: those that are registered with the load balancer. */
async function registeredControls(
  aws: Aws,
  flags: AccountFlags,
  instances: readonly Ec2Instance[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (!instances.some(({ role }) => role === "control")) return new Set();
  try {
    return new Set((await registrations(aws, await fleetsBalancer(aws, flags, signal), signal)).keys());
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return new Set();
  }
}

function servicesOf(
  instance: Ec2Instance,
  { flags, checksOf, serving }: {
    readonly flags: PingFlags;
    readonly checksOf: ChecksOf;
    readonly serving: ReadonlySet<string>;
  },
): PingTarget[] {
  const { id, role, state } = instance;
  const host = state === "running" ? checkedAddress(flags, instance) : undefined;
  const status = state === "running" ? NO_ADDRESS : state;
  const found = role !== "control" || serving.has(id) ? serviceAt(id, host, checksOf(id), status) : [];
  if (role !== "control") return found;
  // Without nginx, an autoscaler that polls answers on its own host only.
  if (flags.pull && state === "running") {
    return [...found, { target: id, service: "autoscaler", at: undefined, status: NO_CHECK }];
  }
  const at = host === undefined ? undefined : pong(host, AUTOSCALER_PORT);
  return [...found, { target: id, service: "autoscaler", at, status }];
}

/** Returns a target for each check of a service. */
function serviceAt(
  target: string,
  host: string | undefined,
  specs: readonly HealthCheckSpec[],
  status?: string,
): PingTarget[] {
  const checks = specs.filter((spec) => spec.protocol !== "none");
  if (checks.length === 0) {
    const isStopped = status !== undefined && status !== NO_ADDRESS;
    return [{ target, service: "service", at: undefined, status: isStopped ? status : NO_CHECK }];
  }
  return checks.map((check) => ({
    target,
    service: "service",
    at: host === undefined ? undefined : { host, check },
    ...(status === undefined ? {} : { status }),
  }));
}

/** Returns a worker or an autoscaler of kas at `HOST:PORT`. Undefined if the text has another form. */
function kasAt(given: string): PingTarget | undefined {
  try {
    const { hostname, port } = hostPort(given);
    return { target: given, service: "kas", at: pong(hostname, port) };
  } catch {
    return undefined;
  }
}

function autoscalerAt(given: string): PingTarget {
  const { host, hostname, port, protocol } = new URL(given);
  const at = pong(hostname.replace(/^\[(.*)\]$/, "$1"), Number(port) || (protocol === "https:" ? 443 : 80));
  const check = { ...at.check, protocol: protocol === "https:" ? "https" as const : "http" as const };
  return { target: host, service: "autoscaler", at: { ...at, check } };
}

/**
 * Runs a task for each item, at most {@linkcode CONCURRENCY} at the same time, and yields the results in the order of the items. A
 * task must not reject.
 */
async function* inParallel<T, R>(items: readonly T[], task: (item: T) => Promise<R>): AsyncGenerator<R> {
  const running = new Map<number, Promise<R>>();
  let started = 0;
  for (let next = 0; next < items.length; next++) {
    for (; started < Math.min(items.length, next + CONCURRENCY); started++) {
      running.set(started, task(items[started] as T));
    }
    yield await (running.get(next) as Promise<R>);
    running.delete(next);
  }
}
