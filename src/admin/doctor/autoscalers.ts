/**
 * Autoscalers as doctor sees them over HTTP: what answers at an address, and which fleet it scales.
 *
 * @module
 */
import { z } from "zod";
import type { Identity } from "../../autoscaler/http/endpoint.ts";
import { fetchDirect } from "../../runtime.ts";

/** The part of an autoscaler's `/status` that doctor reads. */
const STATUS = z.object({
  observation: z.object({ error: z.string().nullable() }).nullable(),
  activities: z.array(z.object({ kind: z.string(), instance: z.string() })),
  settings: z.object({
    loadBalancer: z.string().optional(),
    targetGroup: z.string().optional(),
    topicArn: z.string().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    grow: z.string().optional(),
    /** The time in ms. */
    drainTimeout: z.number(),
  }),
});

/** The part of an autoscaler's `/status` that doctor reads. */
export type Status = z.infer<typeof STATUS>;

/** The answer at an address. */
export interface Autoscaler {
  readonly url: string;
  /** Why the address has no answer, or an answer that is not an autoscaler's. */
  readonly problem?: string;
  /** The autoscaler that answers. Absent if no server or a different kind of server answers. */
  readonly identity?: Identity;
  /** The status of the autoscaler. Absent if `/status` is closed: nginx forwards only `POST /` and `/ping`. */
  readonly status?: Status;
}

/** Requests `/ping` and `/status` at an address. Never rejects. */
export async function askAutoscaler(url: string, signal: AbortSignal): Promise<Autoscaler> {
  const [ping, status] = await Promise.all([askPing(url, signal), askStatus(url, signal)]);
  return { url, ...ping, ...(status === undefined ? {} : { status }) };
}

async function askPing(url: string, signal: AbortSignal): Promise<Pick<Autoscaler, "problem" | "identity">> {
  try {
    const response = await fetchDirect(new URL("/ping", url), { redirect: "manual", signal });
    const body = await response.text();
    if (response.status !== 200 || body.trim() !== "pong") {
      return { problem: `HTTP status ${response.status} without "pong"` };
    }
    const header = (name: keyof Identity) => response.headers.get(`kas-${name}`);
    const [fleet, version, started] = [header("fleet"), header("version"), header("started")];
    return fleet === null || version === null || started === null
      ? {}
      : { identity: { fleet, version, started } };
  } catch (error) {
    return { problem: failureReason(error) };
  }
}

async function askStatus(url: string, signal: AbortSignal): Promise<Status | undefined> {
  try {
    const response = await fetchDirect(new URL("/status", url), { redirect: "manual", signal });
    return STATUS.safeParse(await response.json()).data;
  } catch {
    // Ignore this error: the answer to /ping has the reason.
    return undefined;
  }
}

/** Returns why a request failed. The only information is the message of fetch's error or of its cause. */
export function failureReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const message = `${error} ${cause}`;
  if (/timeout|timed out|abort/i.test(message)) return "timeout";
  if (/refused/i.test(message)) return "connection refused";
  if (/dns|lookup|resolve/i.test(message)) return "cannot resolve its name";
  if (/unreachable|no route/i.test(message)) return "unreachable";
  return "the connection broke";
}

/** Whether the same autoscaler answers at two addresses. */
export function isSame(a: Autoscaler, b: Autoscaler): boolean {
  return a.url === b.url ||
    (a.identity !== undefined && b.identity !== undefined && a.identity.started === b.identity.started &&
      a.identity.fleet === b.identity.fleet);
}

/** The fleet's autoscaler: the one at --url, else the first that answers for the fleet. */
export function autoscalerOf(
  autoscalers: readonly Autoscaler[],
  url: string | undefined,
  fleet: string,
): Autoscaler | undefined {
  if (url !== undefined) return autoscalers.find((autoscaler) => autoscaler.url === url);
  return autoscalers.find(({ identity }) => identity?.fleet === fleet) ?? autoscalers[0];
}
