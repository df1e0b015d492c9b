/**
 * How much data the scrapes of a fleet transfer between availability zones. Inside of a zone, private addresses transfer for nothing.
 *
 * @module
 */
import type { Ec2Instance } from "../../../aws/ec2/instances.ts";
import type { ScrapeTarget } from "../../../health/scrape.ts";
import { HOURS_PER_MONTH } from "./prices.ts";

/**
 * The bytes of a scrape with its headers. Measured on Debian 12 with two CPUs, node_exporter 1.5: 59,210 bytes of metrics, and 8,281 of
 * the collector `cpu` alone. The answers of a machine with more CPUs or disks are larger.
 */
const BYTES = { all: 60_000, cpu: 9_000 } as const;

/** The path at which node_exporter shows only the CPU. */
export const CPU_PATH = "/metrics?collect[]=cpu";

/** How kas scrapes a fleet. */
export interface ScrapePlan {
  /** Where the metrics are. Undefined: kas does not scrape the fleet. */
  readonly target: ScrapeTarget | undefined;
  /** The interval between scrapes, in ms. */
  readonly interval: number;
}

/** GB in a month that AWS bills for scrapes: each byte counts once on its way out of a zone, and once on its way into another. */
export interface Transfer {
  readonly all: number;
  /** The same, if node_exporter shows only the CPU. */
  readonly cpu: number;
}

/**
 * Returns the data of scrapes of the running instances in other zones than the control instance. Without a running control instance kas
 * does not know the autoscaler's zone, and counts all instances: the amount is then too high.
 */
export function transferOf(running: readonly Ec2Instance[], { target, interval }: ScrapePlan): Transfer {
  const home = running.find(({ role }) => role === "control")?.zone;
  const away = running.filter(({ role, zone }) => role !== "control" && zone !== home).length;
  const scrapes = away * HOURS_PER_MONTH * 3_600_000 / interval;
  const gigabytes = (bytes: number) => Math.ceil(2 * scrapes * bytes / 1e9);
  const cpu = gigabytes(BYTES.cpu);
  return { all: target?.path.includes("collect[]=") ? cpu : gigabytes(BYTES.all), cpu };
}
