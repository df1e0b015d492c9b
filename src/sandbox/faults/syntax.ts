/**
 * Parses faults by name, as in the option `--fault NAME=VALUE`.
 *
 * @module
 */
import type { ExpiringSet } from "./expiring_set.ts";
import { END_CODES, type EndCode, type Failure } from "./failures.ts";
import type { FaultState } from "./state.ts";

/** The syntax of a fault: its name and the kind of its value. */
interface FaultSyntax {
  readonly name: string;
  /** The kind of the fault's value, as the help text shows it. */
  readonly value: string;
  /** Sets the fault and returns true. Returns false if the value has a different form. */
  readonly set: (faults: FaultState, value: string) => boolean;
}

/** The names of T's properties whose type is V. */
type NamesOf<T, V> = { [K in keyof T]: T[K] extends V ? (V extends T[K] ? K : never) : never }[keyof T];

const FAULTS: readonly FaultSyntax[] = [
  share("throttle", "throttle"),
  toggle("rate-limits", "rateLimits"),
  share("errors", "errors"),
  share("cut", "cut"),
  share("wedge", "wedge"),
  member("wedge", "ACTION", /^[A-Z][A-Za-z]+$/, ({ wedgedActions }) => wedgedActions),
  time("latency", "latency"),
  time("stale-reads", "staleReads"),
  time("read-lag", "readLag"),
  member("deny", "SERVICE:ACTION", /^[a-z0-9]+:[A-Z][A-Za-z]+$/, ({ deniedActions }) => deniedActions),
  { name: "clock", value: "TIME", set: setClock },
  ...expiringMember("no-capacity", ({ noCapacity }) => noCapacity),
  member("protected", "ID", /./, ({ protectedInstances }) => protectedInstances),
  member("failing-start", "ID", /^[^:]+$/, ({ failingStarts }) => failingStarts),
  ...lasting("hangs", (lasts) => ({ kind: "hangs", lasts })),
  failure("dies", "ID", () => ({ kind: "dies" })),
  ...lasting("impaired", (lasts) => ({ kind: "impaired", lasts })),
  ...lasting("retires", (after) => ({ kind: "retires", after })),
  failure("ends", "ID", () => ({ kind: "ends", code: "Client.InstanceInitiatedShutdown" })),
  failure("ends", "ID:CODE", (code = "") => isEndCode(code) ? { kind: "ends", code } : undefined),
  percentage("boot-cpu", "bootCpu"),
  time("status-delay", "statusDelay"),
  percentage("credits", "credits"),
  ...expiringMember("unhealthy", ({ unhealthy }) => unhealthy),
  toggle("late-first-check", "lateFirstCheck"),
  time("drain-lag", "drainLag"),
  time("nlb-lag", "nlbLag"),
  time("provisioning", "provisioning"),
  time("deletion-lag", "deletionLag"),
  time("metric-delay", "metricDelay"),
  toggle("basic-monitoring", "basicMonitoring"),
  toggle("no-default-vpc", "noDefaultVpc"),
  toggle("security-groups", "securityGroups"),
  share("sns-duplicates", "snsDuplicates"),
  share("sns-loss", "snsLoss"),
  share("lost-scrapes", "lostScrapes"),
  toggle("check-endpoints", "checkEndpoints"),
];

/** Descriptions of the kinds of values, for error messages. */
const EXPECTED: Readonly<Record<string, string>> = {
  SHARE: "a share from 0 to 1",
  TIME: "a time such as 300ms or 2s",
  PERCENT: "a percentage from 0 to 100",
  "ID:TIME": "an id and a time such as i-1:5m",
  "ID:CODE": `an id and a code such as i-1:Server.SpotInstanceTermination (${
    Object.keys(END_CODES).join(", ")
  })`,
  ACTION: "an action such as StartInstances",
  "SERVICE:ACTION": "an action such as ec2:StartInstances",
  on: "on or off",
};

/** Sets a fault that is given as `NAME=VALUE`. Throws TypeError for an invalid fault. */
export function setFault(faults: FaultState, text: string): void {
  const [, name, value = ""] = /^([a-z-]+)=(.+)$/.exec(text) ?? [];
  const forms = FAULTS.filter((fault) => fault.name === name);
  if (forms.some((form) => form.set(faults, value))) return;
  const expected = forms.length > 0
    ? forms.map((form) => EXPECTED[form.value] ?? form.value).join(", or ")
    : FAULTS.map((fault) => `${fault.name}=${fault.value}`).join(", ");
  throw new TypeError(`Cannot use fault "${text}": expected ${expected}`);
}

function share(name: string, property: NamesOf<FaultState, number>): FaultSyntax {
  return {
    name,
    value: "SHARE",
    set: (faults, value) => {
      const n = Number(value);
      if (!(n >= 0 && n <= 1)) return false;
      faults[property] = n;
      return true;
    },
  };
}

function time(name: string, property: NamesOf<FaultState, number>): FaultSyntax {
  return {
    name,
    value: "TIME",
    set: (faults, value) => {
      const ms = milliseconds(value);
      if (ms !== undefined) faults[property] = ms;
      return ms !== undefined;
    },
  };
}

function percentage(name: string, property: "bootCpu" | "credits"): FaultSyntax {
  return {
    name,
    value: "PERCENT",
    set: (faults, value) => {
      const percent = Number(value);
      if (!(percent >= 0 && percent <= 100)) return false;
      faults[property] = percent;
      return true;
    },
  };
}

function toggle(name: string, property: NamesOf<FaultState, boolean>): FaultSyntax {
  return {
    name,
    value: "on",
    set: (faults, value) => {
      if (value !== "on" && value !== "off") return false;
      faults[property] = value === "on";
      return true;
    },
  };
}

function member(
  name: string,
  value: string,
  pattern: RegExp,
  setOf: (faults: FaultState) => { add(member: string): unknown },
): FaultSyntax {
  return {
    name,
    value,
    set: (faults, text) => {
      if (!pattern.test(text)) return false;
      setOf(faults).add(text);
      return true;
    },
  };
}

/** A member of a set that can expire: `NAME=ID` or `NAME=ID:TIME`. */
function expiringMember(name: string, setOf: (faults: FaultState) => ExpiringSet): readonly FaultSyntax[] {
  return [
    member(name, "ID", /^[^:]+$/, setOf),
    {
      name,
      value: "ID:TIME",
      set: (faults, value) => {
        const [, id, time = ""] = /^([^:]+):(.+)$/.exec(value) ?? [];
        const ms = milliseconds(time);
        if (id === undefined || ms === undefined) return false;
        setOf(faults).add(id, faults.clock.now() + ms / faults.clock.speed);
        return true;
      },
    },
  ];
}

/**
 * A failure that happens once: `NAME=ID`, or with a parameter `NAME=ID:PARAMETER`.
 *
 * @param parse returns the failure, or undefined if the parameter is not valid
 */
function failure(
  name: string,
  value: "ID" | `ID:${string}`,
  parse: (parameter: string | undefined) => Failure | undefined,
): FaultSyntax {
  return {
    name,
    value,
    set: ({ failures }, text) => {
      const [, id, parameter] = /^([^:]+)(?::(.+))?$/.exec(text) ?? [];
      if (id === undefined || (parameter === undefined) !== (value === "ID")) return false;
      const parsed = parse(parameter);
      if (parsed !== undefined) failures.add(id, parsed);
      return parsed !== undefined;
    },
  };
}

/** A failure with an optional time: `NAME=ID` or `NAME=ID:TIME`. */
function lasting(name: string, make: (ms: number | undefined) => Failure): readonly FaultSyntax[] {
  return [
    failure(name, "ID", () => make(undefined)),
    failure(name, "ID:TIME", (time = "") => {
      const ms = milliseconds(time);
      return ms === undefined ? undefined : make(ms);
    }),
  ];
}

function isEndCode(code: string): code is EndCode {
  return Object.hasOwn(END_CODES, code);
}

function setClock(faults: FaultState, value: string): boolean {
  const ms = milliseconds(value.replace(/^-/, ""));
  if (ms !== undefined) faults.clockOffset = value.startsWith("-") ? -ms : ms;
  return ms !== undefined;
}

/** Milliseconds per unit of time. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function milliseconds(value: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit] ?? 1);
}
