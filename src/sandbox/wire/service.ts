/**
 * What the sandbox's services have in common: an action takes the request's input and returns the answer's output, both in
 * the API's own names and shapes; which wire protocol carried them is wire.ts's business alone.
 *
 * @module
 */

/** A dimension of a metric. */
export interface Dimension {
  readonly Name: string;
  readonly Value: string;
}

/** What CloudWatch knows a metric by. */
export interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly Dimension[];
}

/** A request's input or an answer's output, in the names of the API's model (`InstanceIds: ["i-1"]`). Query protocols carry every scalar as text. */
export type Shape = { readonly [name: string]: unknown };

/** One action of a service. Throws {@linkcode AwsError}. */
export type Action = (input: Shape) => Shape | void | Promise<Shape | void>;

/** A service: its actions by name. */
export type Service = Readonly<Record<string, Action>>;

/** An error that goes over the wire with AWS's own code and HTTP status. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  constructor(readonly code: string, message: string, readonly status = 400) {
    super(message);
  }
}

/** The account that everything in the sandbox belongs to. */
export const ACCOUNT = "000000000000";

/**
 * The sandbox's clock: real time for what goes over the wire, and durations divided by the speed.
 * Every wait of the sandbox goes through it, so that a test can hand in one that it moves itself.
 */
export interface Clock {
  /** ms since the epoch. */
  now(): number;
  /** How many times faster than life durations pass; 1 is life. */
  readonly speed: number;
  /** Calls back once after a duration of sandbox time (ms, divided by speed). */
  after(ms: number, callback: () => void): Disposable;
  /** Calls back again and again. */
  every(ms: number, callback: () => void): Disposable;
}

/** A machine that an instance runs on: a real process, with its own address. */
export interface Machine extends AsyncDisposable {
  /** CPU seconds it has used, or would have on a machine of its own, since it started (monotonic). */
  cpuSeconds(): number;
}

/** What a pool of instances has answered. */
export interface Requests {
  /** Since the pool was created (monotonic). */
  readonly total: number;
  /** What CloudWatch counts them by as things stand; nothing while nobody sends to a target group. */
  readonly metrics: readonly Metric[];
}

/** What CloudWatch measures: the source of CPUUtilization and of the load balancers' metrics. */
export interface Metered {
  /** The running instances' machines by instance id. */
  machines(): ReadonlyMap<string, Machine>;
  /** By pool: a Classic Load Balancer's name, a target group's ARN. */
  requests(): ReadonlyMap<string, Requests>;
}
