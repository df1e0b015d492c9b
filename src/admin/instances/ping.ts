/**
 * `kas admin ping`: checks that workers and autoscalers answer, on the ports to which the load balancer and SNS send requests.
 *
 * @module
 */
import { type Ec2Instance, fleetInstances } from "../../aws/ec2/instances.ts";
import { command, ExitError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { AUTOSCALER_PORT } from "../../provision/host/paths.ts";
import { fetchDirect, readAnswerText, SHORT_ANSWER } from "../../runtime.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { duration, url } from "../../cli/parsers.ts";
import {
  ACCOUNT_OPTIONS,
  type AccountContext,
  fleetMember,
  fleetSelector,
  instancesById,
  withAws,
} from "../account.ts";

/** Maximum number of targets that kas pings at the same time. */
const CONCURRENCY = 50;

/** A worker or autoscaler to ping. */
interface PingTarget {
  /** An instance's id or a host. */
  readonly target: string;
  readonly service: "worker" | "autoscaler";
  /** URL to ping. Undefined if the service has no address; `status` is then the reason. */
  readonly url: string | undefined;
  readonly status?: string;
}

/** The result of a ping, as a row of the table. */
interface PingResult extends Row {
  readonly target: string;
  readonly service: string;
  readonly url: string | undefined;
  /** The HTTP status, or one word that describes the error. */
  readonly status: string | number;
  readonly ms: number | undefined;
  readonly failed: boolean;
}

/** The command `kas admin ping`. */
export const ping = command({
  name: "ping",
  summary: "Check that the workers and autoscalers on instances or hosts answer",
  description:
    "Pings the worker of each instance on port 30000, and the autoscaler of each control instance on port 10000. On a HOST,\n" +
    "pings the worker. Without ID or HOST, pings every running instance of the fleet.",
  args: "[ID|HOST…]",
  options: {
    url: { placeholder: "URL", help: "also ping the autoscaler at this URL", parse: url },
    timeout: { placeholder: "TIME", help: "how long to wait for an answer", default: "5s", parse: duration },
    ...ACCOUNT_OPTIONS,
  },
  examples: ["admin ping", "admin ping i-0123456789abcdef0 203.0.113.7:30000"],
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

/**
 * Finds the services that the arguments name. Prints an error for each unknown instance. The exit status is 4 if all instances are
 * unknown, 1 if some are, else 0.
 */
async function findTargets(
  context: AccountContext,
  names: readonly string[],
): Promise<{ found: PingTarget[]; status: number }> {
  const { flags, out, signal } = context;
  const isId = (name: string) => /^i-[0-9a-f]+$/.test(name);
  if (names.length > 0 && !names.some(isId)) return { found: names.map(workerOf), status: 0 };
  return await withAws(context, async (aws) => {
    const found: PingTarget[] = [];
    if (names.length === 0) {
      for await (const instance of fleetInstances(aws, fleetSelector(flags), signal)) {
        if (instance.state === "running") found.push(...servicesOf(instance));
      }
      return { found, status: 0 };
    }
    const fleet = await instancesById(aws, flags, signal);
    let unknown = 0;
    for (const name of names) {
      try {
        found.push(...(isId(name) ? servicesOf(fleetMember(fleet, name, flags)) : [workerOf(name)]));
      } catch (error) {
        if (!(error instanceof ExitError)) throw error;
        out.error(error.message);
        unknown++;
      }
    }
    return { found, status: unknown === 0 ? 0 : found.length === 0 ? 4 : 1 };
  });
}

function servicesOf({ id, role, state, publicDns, privateIp }: Ec2Instance): PingTarget[] {
  const host = publicDns ?? privateIp;
  const urlAt = (port: number) =>
    state === "running" && host !== undefined ? `http://${host}:${port}/ping` : undefined;
  const status = state === "running" ? "no-address" : state;
  return [
    { target: id, service: "worker", url: urlAt(WORKER_PORT), status },
    ...(role === "control"
      ? [{ target: id, service: "autoscaler" as const, url: urlAt(AUTOSCALER_PORT), status }]
      : []),
  ];
}

function workerOf(host: string): PingTarget {
  const address = /:\d+$/.test(host) ? host : `${host}:${WORKER_PORT}`;
  const url = `http://${address}/ping`;
  return { target: host, service: "worker", url: URL.canParse(url) ? url : undefined, status: "no-host" };
}

function autoscalerAt(given: string): PingTarget {
  const { host } = new URL(given);
  return { target: host, service: "autoscaler", url: new URL("/ping", given).href };
}

/** Sends one ping, and waits at most `timeout` ms for the answer. */
async function pingOne(
  { target, service, url, status = "-" }: PingTarget,
  timeout: number,
  signal: AbortSignal,
): Promise<PingResult> {
  if (url === undefined) return { target, service, url, status, ms: undefined, failed: true };
  const start = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("No answer in time", "TimeoutError")), timeout);
  const result = (status: string | number, failed: boolean): PingResult => {
    return { target, service, url, status, ms: Math.round(performance.now() - start), failed };
  };
  try {
    const response = await fetchDirect(url, {
      redirect: "manual",
      signal: AbortSignal.any([signal, late.signal]),
    });
    const body = await readAnswerText(response, SHORT_ANSWER);
    if (response.status !== 200) return result(response.status, true);
    // If a different server uses this port, its answer has a different body.
    return body.trim() === "pong" ? result(200, false) : result("not-pong", true);
  } catch (error) {
    if (signal.aborted) return result("interrupted", true);
    return result(late.signal.aborted ? "timeout" : networkErrorWord(error), true);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Returns one word that describes a network error. The errors of fetch() have no codes, so this function searches their messages.
 */
function networkErrorWord(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const message = `${error} ${cause}`;
  if (/refused/i.test(message)) return "refused";
  if (/dns|lookup|resolve/i.test(message)) return "unknown-host";
  if (/unreachable|no route/i.test(message)) return "unreachable";
  return "broken";
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
