/**
 * The faults that AWS and its networks have, on demand and by a seeded die, changeable while the sandbox runs.
 *
 * @module
 */
import { seededRandom } from "./random.ts";

/** The faults that strike by chance. */
export type RandomFault = "throttle" | "errors" | "cut" | "wedge" | "snsDuplicates" | "snsLoss";

/** A call of AWS's at a moment of its life: before it takes effect, or after that and before it is answered. */
export interface CallEvent {
  readonly service: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly moment: "before" | "after";
}

/** What is to go wrong. A fresh one has no faults. */
export class Faults {
  /** Share of calls refused as throttled, 0..1. */
  throttle = 0;
  /** Share of calls answered with an HTTP 500 or 503 and carried out by nobody, 0..1. */
  errors = 0;
  /** Share of calls that are carried out, and whose connection breaks in the middle of the answer, 0..1. */
  cut = 0;
  /** Share of calls that are neither carried out nor answered, for as long as the client waits, 0..1. */
  wedge = 0;
  /** Actions of which that is so for every call. */
  readonly wedgedActions = new Set<string>();
  /** Added to every call, real ms. */
  latency = 0;
  /** How far reads lag behind, real ms. */
  staleReads = 0;
  /** Share of SNS messages delivered twice, 0..1. */
  snsDuplicates = 0;
  /** Share of SNS delivery attempts that get lost, 0..1. */
  snsLoss = 0;
  /** Ids of instances, ids and names of launch templates, and zones that EC2 has no capacity for. */
  readonly noCapacity = new Set<string>();
  /** Ids of instances that fail their health checks. */
  readonly unhealthy = new Set<string>();
  /** Actions that are denied, as IAM names them: `ec2:StartInstances`. */
  readonly deniedActions = new Set<string>();
  /** How far AWS's clock is ahead of this machine's, ms. */
  clockOffset = 0;
  /** Called as each call passes by, which waits for it: how a test strikes at one certain point. */
  onCall: ((passing: CallEvent) => void | Promise<void>) | undefined;
  readonly #dice: Readonly<Record<RandomFault, () => number>>;

  /** Each kind of chance has a die of its own, so that adding one fault leaves the others' sequence as it was. */
  constructor(seed = 1) {
    this.#dice = {
      throttle: seededRandom(seed),
      errors: seededRandom(seed + 0x1b873593),
      cut: seededRandom(seed + 0xcc9e2d51),
      wedge: seededRandom(seed + 0xe6546b64),
      snsDuplicates: seededRandom(seed + 0x9e3779b9),
      snsLoss: seededRandom(seed + 0x3c6ef372),
    };
  }

  /** Throws the die of one fault: whether it strikes this time. */
  occurs(kind: RandomFault): boolean {
    return this[kind] > 0 && this.#dice[kind]() < this[kind];
  }

  /** Adds or changes one, as `throttle=0.2` or `no-capacity=i-1`. Throws TypeError saying what was expected. */
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

  /** Ends every fault. */
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

/** ms. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function milliseconds(fault: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value);
  if (match === null) throw new TypeError(`Cannot use fault "${fault}": expected a time such as 300ms or 2s`);
  return Number(match[1]) * (UNITS[match[2] ?? ""] ?? 1);
}
