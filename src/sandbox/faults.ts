/**
 * The faults that the sandbox can inject, at random or on demand. They can change while it runs.
 *
 * @module
 */
import { seededRandom } from "./random.ts";

/** Faults that occur at random, each with a probability. */
export type RandomFault = "throttle" | "errors" | "cut" | "wedge" | "snsDuplicates" | "snsLoss";

/** A call before it takes effect, or after that and before its response. */
export interface CallEvent {
  readonly service: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly moment: "before" | "after";
}

/** The faults in effect. A new instance has none. */
export class Faults {
  /** Share of calls that are throttled, 0..1. */
  throttle = 0;
  /** Share of calls that fail with HTTP 500 or 503 and have no effect, 0..1. */
  errors = 0;
  /** Share of calls that take effect and whose connection breaks in the middle of the response, 0..1. */
  cut = 0;
  /** Share of calls that have no effect and never get a response, 0..1. */
  wedge = 0;
  /** Actions whose calls never get a response. */
  readonly wedgedActions = new Set<string>();
  /** Delay of every call, real ms. */
  latency = 0;
  /** Age of what reads return, real ms. */
  staleReads = 0;
  /** Share of SNS messages that are delivered twice, 0..1. */
  snsDuplicates = 0;
  /** Share of SNS messages that are lost, 0..1. */
  snsLoss = 0;
  /** Instance ids, launch template ids and names, and zones for which EC2 has no capacity. */
  readonly noCapacity = new Set<string>();
  /** Ids of instances whose health checks fail. */
  readonly unhealthy = new Set<string>();
  /** Actions that IAM denies: `ec2:StartInstances`. */
  readonly deniedActions = new Set<string>();
  /** Offset of AWS's clock from this machine's, ms; positive if AWS's is ahead. */
  clockOffset = 0;
  /** Called for each call, which waits for it. Tests use it to act at an exact moment. */
  onCall: ((passing: CallEvent) => void | Promise<void>) | undefined;
  readonly #random: Readonly<Record<RandomFault, () => number>>;

  /**
   * Each random fault has its own sequence of random numbers, so that one fault does not change when another occurs.
   */
  constructor(seed = 1) {
    this.#random = {
      throttle: seededRandom(seed),
      errors: seededRandom(seed + 0x1b873593),
      cut: seededRandom(seed + 0xcc9e2d51),
      wedge: seededRandom(seed + 0xe6546b64),
      snsDuplicates: seededRandom(seed + 0x9e3779b9),
      snsLoss: seededRandom(seed + 0x3c6ef372),
    };
  }

  /** Decides at random whether a fault occurs this time. */
  occurs(kind: RandomFault): boolean {
    return this[kind] > 0 && this.#random[kind]() < this[kind];
  }

  /** Adds or changes a fault, given as `throttle=0.2` or `no-capacity=i-1`. Throws TypeError on an invalid fault. */
  set(text: string): void {
    const [, name = "", value = ""] = /^([a-z-]+)=(.+)$/.exec(text) ?? [];
    switch (name) {
      case "throttle":
        this.throttle = share(text, value);
        break;
      case "errors":
        this.errors = share(text, value);
        break;
      case "cut":
        this.cut = share(text, value);
        break;
      case "wedge":
        if (/^[A-Z][A-Za-z]+$/.test(value)) this.wedgedActions.add(value);
        else this.wedge = share(text, value);
        break;
      case "latency":
        this.latency = milliseconds(text, value);
        break;
      case "stale-reads":
        this.staleReads = milliseconds(text, value);
        break;
      case "sns-duplicates":
        this.snsDuplicates = share(text, value);
        break;
      case "sns-loss":
        this.snsLoss = share(text, value);
        break;
      case "deny":
        if (!/^[a-z0-9]+:[A-Z][A-Za-z]+$/.test(value)) {
          throw new TypeError(`Cannot use fault "${text}": expected an action such as ec2:StartInstances`);
        }
        this.deniedActions.add(value);
        break;
      case "clock":
        this.clockOffset = value.startsWith("-")
          ? -milliseconds(text, value.slice(1))
          : milliseconds(text, value);
        break;
      case "no-capacity":
        this.noCapacity.add(value);
        break;
      case "unhealthy":
        this.unhealthy.add(value);
        break;
      default:
        throw new TypeError(
          `Cannot use fault "${text}": expected throttle=SHARE, errors=SHARE, cut=SHARE, wedge=SHARE, wedge=ACTION, ` +
            "latency=TIME, stale-reads=TIME, deny=ACTION, clock=TIME, no-capacity=ID, unhealthy=ID, " +
            "sns-duplicates=SHARE or sns-loss=SHARE",
        );
    }
  }

  /** Removes every fault. */
  clear(): void {
    this.throttle =
      this.errors =
      this.cut =
      this.wedge =
      this.latency =
      this.staleReads =
      this.snsDuplicates =
      this.snsLoss =
      this.clockOffset =
        0;
    this.wedgedActions.clear();
    this.deniedActions.clear();
    this.noCapacity.clear();
    this.unhealthy.clear();
    this.onCall = undefined;
  }
}

function share(fault: string, value: string): number {
  const n = Number(value);
  if (!(n >= 0 && n <= 1)) throw new TypeError(`Cannot use fault "${fault}": expected a share from 0 to 1`);
  return n;
}

/** ms per unit. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function milliseconds(fault: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value);
  if (match === null) throw new TypeError(`Cannot use fault "${fault}": expected a time such as 300ms or 2s`);
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1);
}
