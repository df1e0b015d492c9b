/**
 * `kas admin cost`: what a fleet's control plane costs in a month.
 *
 * @module
 */
import { regionOf } from "../../../aws/clients.ts";
import { command, ExitError, UsageError } from "../../../cli/command.ts";
import type { Output, Row } from "../../../cli/output.ts";
import { SETTINGS } from "../../../settings/settings.ts";
import { ACCOUNT_OPTIONS, fleetSelector, withAws } from "../../account.ts";
import { fleetsBalancer } from "../../balancers/lookup.ts";
import { refuseUnknown } from "../fleets.ts";
import { type Item, itemsOf, scrapedAlone, totalOf, usd } from "./items.ts";
import { cents } from "./money.ts";
import { observeFleet } from "./observe.ts";
import { BASE_REGION } from "./prices.ts";
import { usageOf } from "./usage.ts";

const COLUMNS = [
  "item",
  "unit",
  "price",
  "quiet",
  "busy",
  "quiet_usd",
  "busy_usd",
  "instead",
  "instead_usd",
];

/** Columns that kas omits on a narrow terminal, the first one first. */
const OPTIONAL_COLUMNS = ["unit", "price", "quiet", "busy", "instead_usd", "instead"];

/** More keys of the JSON objects: the source of each price. */
const SOURCE_COLUMNS = ["price_region", "price_date", "price_source", "price_page"];

/** The command `kas admin cost`. */
export const cost = command({
  name: "cost",
  summary:
    "Estimate what the fleet's control plane costs a month, item by item, and what another choice would cost",
  description:
    "The quantities are those of the fleet now, for a month of 730 hours. QUIET is a month in which no alarm changes its state.\n" +
    "BUSY is a month in which the fleet shrinks all the time, and each alarm changes its state every ten minutes. INSTEAD is\n" +
    "another choice, and INSTEAD_USD what this item would then cost in a busy month. Amounts are in US dollars without taxes,\n" +
    "rounded to a cent; the total is rounded once. The last row is the total if kas reads the load by scrapes alone (--scrape,\n" +
    "--pull and a policy other than alarms), without detailed monitoring, alarms and messages. The free tier is not subtracted,\n" +
    "because an account shares it between all its uses. Not in the table: what the service costs without kas too, that is its\n" +
    "instances, load balancer and traffic.\n" +
    "docs/prices.md has the date and the source of each price.",
  options: {
    resync: SETTINGS.resync,
    metricDelay: SETTINGS.metricDelay,
    scrape: SETTINGS.scrape,
    scrapeInterval: SETTINGS.scrapeInterval,
    ...ACCOUNT_OPTIONS,
  },
  examples: [
    "admin cost",
    "admin cost --resync 300s",
    "admin cost --scrape http:9100/metrics",
    "admin cost --output json",
  ],
  run: (context) =>
    withAws(context, async (aws) => {
      const { flags, out, signal } = context;
      const { resync, metricDelay, fleet, scrape: target, scrapeInterval: interval } = flags;
      if (resync === 0) throw new UsageError("--resync 0 would reconcile without a pause", "--resync 60s");
      const balancer = await fleetsBalancer(aws, flags, signal);
      const [region, facts] = await Promise.all([
        regionOf(aws),
        observeFleet(aws, {
          selector: fleetSelector(flags),
          balancer,
          resync,
          metricDelay,
          scrape: { target, interval },
        }, signal),
      ]);
      if (facts.instances.length === 0 && facts.alarms.length === 0) {
        await refuseUnknown(aws, fleet, signal);
        throw new ExitError(
          `Fleet ${fleet} has no instance and no alarm in ${region}`,
          4,
          "--fleet, --region",
        );
      }
      const usage = usageOf(facts);
      const hasBalancer = balancer.kind !== "none";
      const items = itemsOf(usage, { region, resync, hasBalancer, isScraping: target !== undefined });
      const alone = scrapedAlone(items, usage, region);
      await out.table(
        out.options.format === "json" ? [...COLUMNS, ...SOURCE_COLUMNS] : COLUMNS,
        [
          ...items.map(itemRow),
          freeRow(usage.freeCalls),
          totalRow("total", items),
          totalRow("total with scrapes alone", alone),
        ],
        OPTIONAL_COLUMNS,
      );
      noteLimits(items, region, out);
    }),
});

function itemRow(item: Item): Row {
  const { price, quiet, busy, instead } = item;
  return {
    item: item.item,
    unit: price?.unit,
    price: price?.usd,
    quiet,
    busy,
    quiet_usd: usd(item, quiet),
    busy_usd: usd(item, busy),
    instead: instead?.choice,
    instead_usd: usd(item, instead?.busy),
    price_region: price?.region,
    price_date: price?.date,
    price_source: price?.recorded,
    price_page: price?.page,
  };
}

function freeRow(calls: number): Row {
  return {
    item: "other API calls of the reconciles",
    unit: "call",
    price: "0",
    quiet: calls,
    busy: calls,
    quiet_usd: "0.00",
    busy_usd: "0.00",
  };
}

function totalRow(item: string, items: readonly Item[]): Row {
  const { quiet, busy } = totalOf(items);
  return { item, quiet_usd: cents(quiet), busy_usd: cents(busy) };
}

/** Says what the total does not contain, and which prices are those of another region. */
function noteLimits(items: readonly Item[], region: string, out: Output): void {
  const unknown = items.filter(({ price }) => price === undefined);
  if (unknown.length > 0) {
    const names = unknown.map(({ item }) => item).join(", ");
    out.note(`The total is too low: the price table has no price for ${names}`);
  }
  const foreign = items.filter(({ price }) => price !== undefined && price.region !== region);
  if (foreign.length > 0) {
    out.note(
      `${foreign.length} of ${items.length} prices are those of ${BASE_REGION}, because the price table has none for ${region}`,
    );
  }
}
