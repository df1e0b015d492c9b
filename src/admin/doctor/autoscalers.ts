/**
 * Asks autoscalers over HTTP. Doctor asks which server answers at an address, and which fleet an autoscaler scales.
 *
 * @module
 */
import { z } from "zod";
import type { Identity } from "../../autoscaler/http/endpoint.ts";
import type { Schedules } from "../../settings/schedules/schedules.ts";
import { SETTINGS } from "../../settings/settings.ts";
import { failureReason, fetchDirect, readAnswerText, SHORT_ANSWER } from "../../runtime.ts";

/** The part of an autoscaler's `/status` that doctor reads. */
const STATUS = z.object({
  observation: z.object({ error: z.string().nullable() }).nullable(),
  /** The pauses that operators asked for, by direction. Autoscalers of version 0.1.0 do not report them. */
  paused: z.record(z.string(), z.object({ until: z.string().nullable(), reason: z.string().nullable() }))
    .optional(),
  /** The capacity that an operator asked for. Autoscalers of version 0.1.0 do not report it. */
  override: z.object({ capacity: z.number(), until: z.string(), once: z.boolean() }).nullable().optional(),
  /** The alerts that are firing. Autoscalers of version 0.1.0 do not report them. */
  alerts: z.array(z.object({ name: z.string(), reason: z.string(), since: z.string() })).optional(),
  /** What the autoscaler last scraped of the running instances. `age` is in seconds. Autoscalers of version 0.1.0 do not report it. */
  scrapes: z.array(z.object({
    instance: z.string(),
    age: z.number().nullable(),
    why: z.string().nullable(),
  })).optional(),
  activities: z.array(z.object({ kind: z.string(), instance: z.string() })),
  settings: z.object({
    loadBalancer: z.string().optional(),
    targetGroup: z.string().optional(),
    /** `none` if the fleet has no load balancer. */
    balancer: z.string().optional(),
    drainRequest: z.string().optional(),
    topicArn: z.string().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    grow: z.string().optional(),
    /** The autoscaler's start timeout, in ms. */
    startTimeout: z.number().optional(),
    /** The autoscaler's drain timeout, in ms. */
    drainTimeout: z.number(),
  }),
  /** The schedules, with their durations in ms. Autoscalers of version 0.1.0 do not report them. */
  schedules: z.array(z.looseObject({ duration: z.number() })).optional(),
});

/** The part of an autoscaler's `/status` that doctor reads. */
export interface Status extends Omit<z.infer<typeof STATUS>, "schedules"> {
  /** The schedules. Absent if there are none, or if this version of kas cannot read them. */
  readonly schedules?: Schedules;
}

/** The largest number of characters of the reason why a fleet could not start. */
const LONGEST_REASON = 500;

/** The result of asking for an autoscaler at an address. */
export interface Autoscaler {
  readonly url: string;
  /** Why no server answered, or why the answer is not that of an autoscaler. Absent if there is no problem. */
  readonly problem?: string;
  /** Why the autoscaler could not start the fleet. Without `/status` only that it could not. Absent if it could. */
  readonly down?: string;
  /** Identity of the autoscaler that answered. Absent if no server or a different kind of server answered. */
  readonly identity?: Identity;
  /** Status of the autoscaler. Absent if `/status` cannot be reached, because nginx forwards only `POST /` and `/ping`. */
  readonly status?: Status;
}

/** Requests `/ping`, and the fleet's `/status`, at an address. Does not reject: the result contains the problem. */
export async function askAutoscaler(url: string, fleet: string, signal: AbortSignal): Promise<Autoscaler> {
  const [ping, status] = await Promise.all([askPing(url, fleet, signal), askStatus(url, fleet, signal)]);
  return { url, ...ping, ...status };
}

/** Whether an autoscaler has a fleet. */
export function hasFleet({ identity }: Pick<Autoscaler, "identity">, fleet: string): boolean {
  return identity?.fleet.split(",").includes(fleet) ?? false;
}

/** Returns the words that choose a fleet in a command for its autoscaler, if the autoscaler has several fleets. */
export function fleetWords(autoscaler: Autoscaler | undefined, fleet: string): readonly string[] {
  return autoscaler?.identity?.fleet.includes(",") ? ["--fleet", fleet] : [];
}

async function askPing(
  url: string,
  fleet: string,
  signal: AbortSignal,
): Promise<Pick<Autoscaler, "problem" | "identity" | "down">> {
  try {
    const response = await fetchDirect(new URL("/ping", url), { redirect: "manual", signal });
    const body = await readAnswerText(response, SHORT_ANSWER);
    if (response.status !== 200 || body.trim() !== "pong") {
      return { problem: `HTTP status ${response.status} without "pong"` };
    }
    const header = (name: keyof Identity) => response.headers.get(`kas-${name}`);
    const [fleets, version, started] = [header("fleet"), header("version"), header("started")];
    if (fleets === null || version === null || started === null) return {};
    const isDown = header("down")?.split(",").includes(fleet) ?? false;
    return {
      identity: { fleet: fleets, version, started },
      ...(isDown &&
        { down: `fleet ${fleet} could not start. The log of the autoscaler and its /status say why` }),
    };
  } catch (error) {
    return { problem: failureReason(error) };
  }
}

async function askStatus(
  url: string,
  fleet: string,
  signal: AbortSignal,
): Promise<Pick<Autoscaler, "status" | "down">> {
  try {
    const path = `/status?${new URLSearchParams({ fleet })}`;
    const response = await fetchDirect(new URL(path, url), { redirect: "manual", signal });
    const body = await readAnswerText(response, SHORT_ANSWER);
    if (response.status === 503) return { down: body.slice(0, LONGEST_REASON) };
    const { data } = STATUS.safeParse(JSON.parse(body));
    if (data === undefined) return {};
    const { schedules: listed = [], ...status } = data;
    const schedules = await readSchedules(listed);
    return { status: schedules === undefined ? status : { ...status, schedules } };
  } catch {
    // The result of askPing() contains the problem.
    return {};
  }
}

/** Reads schedules from a status. Returns undefined if there are none, or if this version of kas cannot read them. */
async function readSchedules(
  listed: readonly { readonly duration: number }[],
): Promise<Schedules | undefined> {
  if (listed.length === 0) return undefined;
  try {
    const texts = listed.map((schedule) => ({ ...schedule, duration: `${schedule.duration}ms` }));
    return await SETTINGS.schedules.parse(JSON.stringify(texts));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Returns whether the same autoscaler answers at two addresses. */
export function isSame(a: Autoscaler, b: Autoscaler): boolean {
  return a.url === b.url ||
    (a.identity !== undefined && b.identity !== undefined && a.identity.started === b.identity.started &&
      a.identity.fleet === b.identity.fleet);
}

/** Returns the fleet's autoscaler: the one at `--url`, else the first one that scales this fleet, else the first one. */
export function autoscalerOf(
  autoscalers: readonly Autoscaler[],
  url: string | undefined,
  fleet: string,
): Autoscaler | undefined {
  if (url !== undefined) return autoscalers.find((autoscaler) => autoscaler.url === url);
  return autoscalers.find((autoscaler) => hasFleet(autoscaler, fleet)) ?? autoscalers[0];
}
