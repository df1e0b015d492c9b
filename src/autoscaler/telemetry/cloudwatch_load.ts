/**
 * The load of the fleet from CloudWatch, where kas does not scrape the instances.
 *
 * @module
 */
import type { Aws } from "../../aws/clients.ts";
import { recentCpu } from "../../aws/cloudwatch/cpu.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import { inService } from "../../scaling/model/instance.ts";
import type { Datapoint } from "../../scaling/model/load/metric.ts";
import type { LoadView } from "../../scaling/model/load/view.ts";
import type { Observation } from "../../scaling/model/observation.ts";
import { loadPoints, type Membership } from "./periods.ts";

/** The periods of CloudWatch's metrics of EC2, in s: with detailed and with basic monitoring. */
const PERIODS = { detailed: 60, basic: 300 } as const;

/** How long kas uses an answer of CloudWatch, in ms. CloudWatch charges for each metric in a request. */
const LIFETIME = 50_000;

/** The load of the fleet from CloudWatch. */
export class CloudWatchLoad {
  readonly #aws: Aws;
  #memberships: Membership[] = [];
  #last: { readonly at: number; readonly ids: string; readonly view: LoadView } | undefined;

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  /**
   * Returns the load of the last `span` ms. The periods have 60 s, or 300 s if an instance in service has only basic monitoring. The newest
   * ones may be missing, because metrics arrive minutes late.
   */
  async read(
    ec2: readonly Ec2Instance[],
    observation: Observation,
    span: number,
    signal: AbortSignal,
  ): Promise<LoadView> {
    const { now, instances, history, limits: { metricDelay = 0 } } = observation;
    const ids = instances.filter(inService).map(({ id }) => id);
    const isDetailed = ids.every((id) => ec2.find((it) => it.id === id)?.monitoring === "detailed");
    const period = PERIODS[isDetailed ? "detailed" : "basic"];
    const each = period * 1_000;
    const total = span + metricDelay + 2 * each;
    this.#memberships = [
      ...this.#memberships.filter(({ at }) => at > now - total && at < now),
      { at: now, since: new Map(ids.map((id) => [id, history.inServiceSince[id] ?? 0])) },
    ];
    const last = this.#last;
    if (last !== undefined && last.ids === ids.join() && Math.abs(now - last.at) < LIFETIME) return last.view;
    const points: ReadonlyMap<string, readonly Datapoint[]> = ids.length === 0
      ? new Map()
      : await recentCpu(this.#aws, ids, { period, span: total / 1_000, now }, signal);
    const usages = new Map(
      Array.from(points, ([id, all]) => [
        id,
        all.map(({ at, percent }) => ({ from: at, to: at + each, percent })),
      ]),
    );
    const long = loadPoints(usages, this.#memberships, {
      end: Math.floor(now / each) * each,
      span: each,
      count: Math.ceil(total / each),
    });
    const view: LoadView = { source: "cloudwatch", short: long, long };
    this.#last = { at: now, ids: ids.join(), view };
    return view;
  }
}
