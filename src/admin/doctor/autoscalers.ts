/**
 * Autoscalers as doctor meets them over HTTP: who answers at an address, and what it tells of itself.
 *
 * @module
 */
import { z } from "zod";
import type { Identity } from "../../autoscaler/http/endpoint.ts";

/** What doctor reads of an autoscaler's `/status`. */
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
    /** ms. */
    drainTimeout: z.number(),
  }),
});

/** What an autoscaler tells of how things stand. */
export type Status = z.infer<typeof STATUS>;

/** Who answers at an address. */
export interface Autoscaler {
  readonly url: string;
  /** Why nobody does, or not as an autoscaler. */
  readonly problem?: string;
  /** Absent where another kas answers, or none. */
  readonly identity?: Identity;
  /** Absent where it is closed: nginx lets only `POST /` and `/ping` through. */
  readonly status?: Status;
}

/** Asks at an address; never rejects. */
export async function askAutoscaler(url: string, signal: AbortSignal): Promise<Autoscaler> {
  const [ping, status] = await Promise.all([askPing(url, signal), askStatus(url, signal)]);
  return { url, ...ping, ...(status === undefined ? {} : { status }) };
}

async function askPing(url: string, signal: AbortSignal): Promise<Pick<Autoscaler, "problem" | "identity">> {
  try {
    const response = await fetch(new URL("/ping", url), { redirect: "manual", signal });
    const body = await response.text();
    if (response.status !== 200 || body.trim() !== "pong") {
      return { problem: `HTTP status ${response.status}, and no pong` };
    }
    const told = (name: keyof Identity) => response.headers.get(`kas-${name}`);
    const [fleet, version, started] = [told("fleet"), told("version"), told("started")];
    return fleet === null || version === null || started === null
      ? {}
      : { identity: { fleet, version, started } };
  } catch (error) {
    return { problem: whyNot(error) };
  }
}

async function askStatus(url: string, signal: AbortSignal): Promise<Status | undefined> {
  try {
    const response = await fetch(new URL("/status", url), { redirect: "manual", signal });
    return STATUS.safeParse(await response.json()).data;
  } catch {
    // What matters of that is in the answer to /ping.
    return undefined;
  }
}

/** fetch tells why only in words, its own or its cause's. */
export function whyNot(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const message = `${error} ${cause}`;
  if (/timeout|timed out|abort/i.test(message)) return "no answer in time";
  if (/refused/i.test(message)) return "connection refused";
  if (/dns|lookup|resolve/i.test(message)) return "its name can't be resolved";
  if (/unreachable|no route/i.test(message)) return "unreachable";
  return "the connection broke";
}

/** Whether two addresses lead to the same autoscaler, as far as it says who it is. */
export function isSame(a: Autoscaler, b: Autoscaler): boolean {
  return a.url === b.url ||
    (a.identity !== undefined && b.identity !== undefined && a.identity.started === b.identity.started &&
      a.identity.fleet === b.identity.fleet);
}

/** The autoscaler that the fleet has: at --url, else the first that answers for it. */
export function autoscalerOf(
  autoscalers: readonly Autoscaler[],
  url: string | undefined,
  fleet: string,
): Autoscaler | undefined {
  if (url !== undefined) return autoscalers.find((it) => it.url === url);
  return autoscalers.find(({ identity }) => identity?.fleet === fleet) ?? autoscalers[0];
}
