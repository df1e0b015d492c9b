/**
 * `kas admin ping`: asks workers and autoscalers whether they answer, as the load balancer and SNS would reach them.
 *
 * @module
 */
import { type Ec2Instance, fleetInstances } from "../../aws/ec2/instances.ts";
import { command, ExitError } from "../../cli/command.ts";
import type { Row } from "../../cli/output.ts";
import { WORKER_PORT } from "../../scaling/model/instance.ts";
import { duration, url } from "../../cli/parsers.ts";
import { ACCOUNT, type AccountContext, connected, fleetById, member, selector } from "../account.ts";

/** The port at which nginx takes SNS's messages for the autoscaler. */
export const AUTOSCALER_PORT = 10000;

/** How many are asked at a time. */
const AT_ONCE = 50;

/** Somebody to ask. */
interface Target {
  readonly target: string;
  readonly service: "worker" | "autoscaler";
  /** Undefined if it can't be asked, for the reason that `status` says. */
  readonly url: string | undefined;
  readonly status?: string;
}

/** A target's answer. */
interface Answer extends Row {
  readonly target: string;
  readonly service: string;
  readonly url: string | undefined;
  /** The HTTP status, or a word for why there is none. */
  readonly status: string | number;
  readonly ms: number | undefined;
  readonly failed: boolean;
}

/** `kas admin ping`. */
export const ping = command({
  name: "ping",
  summary: "Ask instances or hosts whether they answer; by default every running instance",
  description:
    "An instance's worker is asked on port 30000, a control instance's autoscaler on 10000 as well. A host is asked as a worker.",
  args: "[ID|HOST…]",
  options: {
    url: { placeholder: "URL", help: "an autoscaler's URL to ask, too", parse: url },
    timeout: { placeholder: "TIME", help: "longest wait for an answer", default: "5s", parse: duration },
    ...ACCOUNT,
  },
  examples: ["admin ping", "admin ping i-0123456789abcdef0 203.0.113.7:30000"],
  run: async (context) => {
    const { flags, args, out, signal } = context;
    const { found, status } = await targets(context, args);
    if (flags.url !== undefined) found.push(autoscalerAt(flags.url));
    using _pinging = out.during(`Pinging ${found.length}`);
    let failures = 0;
    async function* rows(): AsyncGenerator<Answer> {
      for await (const answer of inParallel(found, (target) => ask(target, flags.timeout, signal))) {
        signal.throwIfAborted();
        if (answer.failed) {
          failures++;
          out.error(`${answer.target} does not answer as ${answer.service}: ${answer.status}`);
        }
        yield answer;
      }
    }
    await out.table(["target", "service", "url", "status", "ms"], rows());
    return failures > 0 && status === 0 ? 1 : status;
  },
});

/** Whom the words name. Words that name nobody are told of, and are in the status: 4 if none is left, else 1. */
async function targets(
  context: AccountContext,
  words: readonly string[],
): Promise<{ found: Target[]; status: number }> {
  const { flags, out, signal } = context;
  const isId = (word: string) => /^i-[0-9a-f]+$/.test(word);
  if (words.length > 0 && !words.some(isId)) return { found: words.map(worker), status: 0 };
  return await connected(context, async (aws) => {
    const found: Target[] = [];
    if (words.length === 0) {
      for await (const instance of fleetInstances(aws, selector(flags), signal)) {
        if (instance.state === "running") found.push(...servicesOf(instance));
      }
      return { found, status: 0 };
    }
    const fleet = await fleetById(aws, flags, signal);
    let unknown = 0;
    for (const word of words) {
      try {
        found.push(...(isId(word) ? servicesOf(member(fleet, word, flags)) : [worker(word)]));
      } catch (error) {
        if (!(error instanceof ExitError)) throw error;
        out.error(error.message);
        unknown++;
      }
    }
    return { found, status: unknown === 0 ? 0 : found.length === 0 ? 4 : 1 };
  });
}

function servicesOf({ id, role, state, publicDns, privateIp }: Ec2Instance): Target[] {
  const host = publicDns ?? privateIp;
  const at = (port: number) =>
    state === "running" && host !== undefined ? `http://${host}:${port}/ping` : undefined;
  const status = state === "running" ? "no-address" : state;
  return [
    { target: id, service: "worker", url: at(WORKER_PORT), status },
    ...(role === "control"
      ? [{ target: id, service: "autoscaler" as const, url: at(AUTOSCALER_PORT), status }]
      : []),
  ];
}

function worker(host: string): Target {
  const address = /:\d+$/.test(host) ? host : `${host}:${WORKER_PORT}`;
  const url = `http://${address}/ping`;
  return { target: host, service: "worker", url: URL.canParse(url) ? url : undefined, status: "no-host" };
}

function autoscalerAt(given: string): Target {
  const { host } = new URL(given);
  return { target: host, service: "autoscaler", url: new URL("/ping", given).href };
}

/** Asks once; takes no longer than `timeout` ms. */
async function ask(
  { target, service, url, status = "-" }: Target,
  timeout: number,
  signal: AbortSignal,
): Promise<Answer> {
  if (url === undefined) return { target, service, url, status, ms: undefined, failed: true };
  const started = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("No answer in time", "TimeoutError")), timeout);
  const answer = (status: string | number, failed: boolean): Answer => {
    return { target, service, url, status, ms: Math.round(performance.now() - started), failed };
  };
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.any([signal, late.signal]) });
    const body = await response.text();
    if (response.status !== 200) return answer(response.status, true);
    // Somebody else's server on that port is no worker.
    return body.trim() === "pong" ? answer(200, false) : answer("not-pong", true);
  } catch (error) {
    if (signal.aborted) return answer("interrupted", true);
    return answer(late.signal.aborted ? "timeout" : whyNot(error), true);
  } finally {
    clearTimeout(timer);
  }
}

/** fetch tells why only in words, its own or its cause's. */
function whyNot(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const message = `${error} ${cause}`;
  if (/refused/i.test(message)) return "refused";
  if (/dns|lookup|resolve/i.test(message)) return "unknown-host";
  if (/unreachable|no route/i.test(message)) return "unreachable";
  return "broken";
}

/** Maps with a bounded number under way, in order. The work must not reject. */
async function* inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const answers = new Map<number, Promise<R>>();
  let begun = 0;
  for (let next = 0; next < items.length; next++) {
    for (; begun < Math.min(items.length, next + AT_ONCE); begun++) {
      answers.set(begun, work(items[begun] as T));
    }
    yield await (answers.get(next) as Promise<R>);
    answers.delete(next);
  }
}
