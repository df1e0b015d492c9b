/**
 * The items of `kas admin cost`: each with its quantity, its price, and what another choice would cost.
 *
 * @module
 */
import { cents, dollars, type Money, times } from "./money.ts";
import { type Price, priceOf } from "./prices.ts";
import { CPU_PATH } from "./transfer.ts";
import { LONG_RESYNC, type Quantity, type Usage } from "./usage.ts";

/** One item of the cost of a month. */
export interface Item extends Quantity {
  readonly item: string;
  /** The price of a unit. Undefined if the price table does not have it. */
  readonly price: Price | undefined;
  /** Whether kas does without it if it reads the load by scrapes alone. */
  readonly isReplaced?: boolean;
  /** Another choice, and how much of the same unit it would use. */
  readonly instead?: Choice;
}

/** Another choice. */
export interface Choice extends Quantity {
  readonly choice: string;
}

/** What the prices and the alternatives depend on. */
export interface Choices {
  readonly region: string;
  /** The interval between reconciles, in ms. */
  readonly resync: number;
  /** Whether the fleet has a load balancer, whose requests an alarm can count. */
  readonly hasBalancer: boolean;
  /** Whether kas scrapes the instances. */
  readonly isScraping: boolean;
}

const NONE: Quantity = { quiet: 0, busy: 0 };

/** Returns the items that a fleet uses. An item without a quantity is left out. */
export function itemsOf(usage: Usage, { region, resync, hasBalancer, isScraping }: Choices): Item[] {
  const price = (name: string) => priceOf(name, region);
  const items: Item[] = [
    {
      item: "detailed monitoring",
      ...both(usage.metrics),
      price: price("metric"),
      isReplaced: true,
      instead: {
        choice: isScraping
          ? "basic monitoring, because the scrapes show the load"
          : "basic monitoring and --scrape, or alarms with --period 300",
        ...NONE,
      },
    },
    {
      item: "alarms",
      ...both(usage.alarms),
      price: price("alarm"),
      isReplaced: true,
      ...(hasBalancer && usage.alarms > 1
        ? { instead: { choice: "one alarm on the requests (alarms set --requests)", ...both(1) } }
        : {}),
    },
    {
      item: "high-resolution alarms",
      ...both(usage.highResolutionAlarms),
      isReplaced: true,
      price: price("alarm high-resolution"),
    },
    {
      item: "alarms of instances that no longer exist",
      ...both(usage.leftoverAlarms),
      price: price("alarm"),
      isReplaced: true,
      instead: { choice: "delete them (alarms delete --instance)", ...NONE },
    },
    {
      item: "metric reads (GetMetricData)",
      ...usage.metricReads,
      price: price("metric read"),
      isReplaced: true,
      ...(resync < LONG_RESYNC
        ? { instead: { choice: `--resync ${LONG_RESYNC / 1_000}s`, ...usage.slowMetricReads } }
        : {}),
    },
    ...(isScraping ? [scrapes(usage, region)] : []),
    { item: "messages (SNS)", ...usage.messages, price: price("message"), isReplaced: true, instead: PULL },
    {
      item: "deliveries over HTTP (SNS)",
      ...usage.deliveries,
      price: price("delivery"),
      isReplaced: true,
      instead: PULL,
    },
    ...typed(usage.stoppedVolumes, "volume", (type) => `${type} volumes of stopped nodes`, region, {
      choice: "launch and terminate (--grow, --shrink terminate)",
      ...NONE,
    }),
    ...typed(usage.controlVolumes, "volume", (type) => `${type} volumes of control instances`, region),
    ...typed(usage.iops, "iops", (type) => `provisioned IOPS of these ${type} volumes`, region),
    ...typed(
      usage.throughput,
      "throughput",
      (type) => `provisioned throughput of these ${type} volumes`,
      region,
    ),
    ...typed(usage.controlHours, "instance", (type) => `control instances, ${type}`, region, {
      choice: "the autoscaler on a base instance",
      ...NONE,
    }),
    {
      item: "public addresses of control instances",
      ...both(usage.addressHours),
      price: price("public IPv4 address"),
    },
  ];
  return items.filter(({ quiet, busy }) => quiet + busy > 0);
}

/** Returns the cost item for the data that scrapes transfer between availability zones. */
function scrapes({ transfer: { all, cpu } }: Usage, region: string): Item {
  return {
    item: "scrapes from other zones",
    ...both(all),
    price: priceOf("transfer", region),
    ...(cpu < all ? { instead: { choice: `--scrape 'http:9100${CPU_PATH}'`, ...both(cpu) } } : {}),
  };
}

/** Returns the cost items that remain if kas reads the load of the fleet only from scrapes: no detailed monitoring, alarms or notifications. */
export function scrapedAlone(items: readonly Item[], usage: Usage, region: string): Item[] {
  const { item, ...rest } = scrapes(usage, region);
  return [...items.filter((it) => it.isReplaced !== true && it.item !== item), { item, ...rest }];
}

/** The alternative to notifications. */
const PULL: Choice = { choice: "--pull, which reads the alarms at each reconcile", ...NONE };

function both(quantity: number): Quantity {
  return { quiet: quantity, busy: quantity };
}

/** Returns an item for each type of a resource. */
function typed(
  quantities: ReadonlyMap<string, number>,
  kind: string,
  item: (type: string) => string,
  region: string,
  instead?: Choice,
): Item[] {
  return Array.from(quantities, ([type, quantity]) => ({
    item: item(type),
    ...both(quantity),
    price: priceOf(`${kind} ${type}`, region),
    ...(instead === undefined ? {} : { instead }),
  }));
}

/** What the items cost in a month, in billionths of a dollar. Items without a price are left out. */
export function totalOf(items: readonly Item[]): { readonly quiet: Money; readonly busy: Money } {
  const sum = (key: keyof Quantity) =>
    items.reduce((total, item) => total + (costOf(item, item[key]) ?? 0n), 0n);
  return { quiet: sum("quiet"), busy: sum("busy") };
}

/** Returns what a quantity of an item costs. Undefined if the price is unknown. */
function costOf({ price }: Item, quantity: number): Money | undefined {
  return price && times(dollars(price.usd), quantity);
}

/** Returns what a quantity of an item costs, in dollars and cents. Undefined if the price is unknown. */
export function usd(item: Item, quantity: number | undefined): string | undefined {
  const cost = quantity === undefined ? undefined : costOf(item, quantity);
  return cost === undefined ? undefined : cents(cost);
}
