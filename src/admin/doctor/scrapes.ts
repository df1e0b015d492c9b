/**
 * Scrapes the running instances once, from this machine.
 *
 * @module
 */
import { type Scrape, Scraper } from "../../autoscaler/telemetry/scraper.ts";
import type { Ec2Instance } from "../../aws/ec2/instances.ts";
import type { ScrapeTarget } from "../../health/scrape.ts";
import { realRuntime } from "../../runtime.ts";

/** The interval of a scraper that gives each scrape its longest time, in ms. */
const INTERVAL = 2_500;

/** A scrape of each running instance, by its id. */
export type Scrapes = ReadonlyMap<string, Pick<Scrape, "exporter" | "problem">>;

/** Scrapes each running instance that is not a control instance. Empty without a target. */
export async function scrapeOnce(
  instances: readonly Ec2Instance[],
  target: ScrapeTarget | undefined,
  address: (instance: Ec2Instance) => string | undefined,
): Promise<Scrapes> {
  const running = instances.filter(({ state, role }) => state === "running" && role !== "control");
  if (target === undefined || running.length === 0) return new Map();
  const ended = Promise.withResolvers<readonly Scrape[]>();
  await using scraper = new Scraper({
    clock: realRuntime.clock,
    keepConnection: realRuntime.keepConnection,
    target: () => target,
    interval: () => INTERVAL,
    wanted: () => [],
    onRound: ended.resolve,
  });
  scraper.watch(running.map((instance) => ({
    id: instance.id,
    host: address(instance),
    launched: instance.launched,
  })));
  return new Map((await ended.promise).map((scrape) => [scrape.id, scrape]));
}
