/**
 * The price table of `kas admin cost`: what AWS charges for a unit, with the date and the source of each price.
 *
 * AWS's pages show their prices only in a browser. The prices come from AWS's price list as other projects have recorded it: for
 * `INFRACOST` in the test data of Infracost, for `KARPENTER` in the generated prices of Karpenter. `page` is AWS's own page, where a
 * reader can check the price. `deno task docs` writes the table to docs/prices.md.
 *
 * A region that the table does not have gets the prices of {@linkcode BASE_REGION}: an exact foreign price is better than a guess.
 * The command says so.
 *
 * @module
 */

/** The region with all prices. */
export const BASE_REGION = "us-east-1";

/** Hours of a month, as AWS's calculator counts them. Source: AWS Pricing Calculator, "730 hours per month". */
export const HOURS_PER_MONTH = 730;

/** Where a price was read. */
export interface Source {
  /** AWS's page about the price. */
  readonly page: string;
  /** Who recorded the price. */
  readonly recorded: string;
  /** When the price was recorded. */
  readonly date: string;
}

/** The price of one unit. */
export interface Price extends Source {
  /** The region for which AWS publishes the price. */
  readonly region: string;
  /** The price in US dollars, as a decimal text, before taxes. */
  readonly usd: string;
  /** What one unit is. */
  readonly unit: string;
}

const CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/";
const SNS = "https://aws.amazon.com/sns/pricing/";
const EBS = "https://aws.amazon.com/ebs/pricing/";
const EC2 = "https://aws.amazon.com/ec2/pricing/on-demand/";
const VPC = "https://aws.amazon.com/vpc/pricing/";

const INFRACOST = { recorded: "AWS price list, in the test data of Infracost", date: "2024-07-01" };
const KARPENTER = { recorded: "AWS price list, in Karpenter's generated prices", date: "2026-07-20" };
const QUERIED = (date: string) => ({
  recorded: "AWS price list of AmazonEC2, as public repositories quote it",
  date,
});

/** A price in the regions that the table knows. */
interface Entry extends Pick<Price, "unit" | "page"> {
  readonly regions: Readonly<Record<string, Pick<Price, "usd" | "recorded" | "date">>>;
}

const only = (
  page: string,
  unit: string,
  usd: string,
  source: Pick<Source, "recorded" | "date"> = INFRACOST,
): Entry => ({ page, unit, regions: { [BASE_REGION]: { usd, ...source } } });

const GP3 = only(EBS, "GB-month", "0.08");

/** The On-Demand prices of small instances with Linux, per hour: what people take as control instance. */
const INSTANCE_HOURS: Readonly<Record<string, string>> = {
  "t2.nano": "0.0058",
  "t2.micro": "0.0116",
  "t2.small": "0.023",
  "t2.medium": "0.0464",
  "t2.large": "0.0928",
  "t3.nano": "0.0052",
  "t3.micro": "0.0104",
  "t3.small": "0.0208",
  "t3.medium": "0.0416",
  "t3.large": "0.0832",
  "t3a.nano": "0.0047",
  "t3a.micro": "0.0094",
  "t3a.small": "0.0188",
  "t3a.medium": "0.0376",
  "t3a.large": "0.0752",
  "t4g.nano": "0.0042",
  "t4g.micro": "0.0084",
  "t4g.small": "0.0168",
  "t4g.medium": "0.0336",
  "t4g.large": "0.0672",
};

const INSTANCES = Object.fromEntries(
  Object.entries(INSTANCE_HOURS).map(([type, usd]) => [
    `instance ${type}`,
    only(EC2, "hour", usd, KARPENTER),
  ]),
);

/** The price table. `volume TYPE`, `iops TYPE`, `throughput TYPE` and `instance TYPE` contain AWS's name of the type. */
export const PRICES: Readonly<Record<string, Entry>> = {
  // Detailed monitoring costs as much as custom metrics: AWS prices both as "metrics". The price is that of the first 10,000 metrics.
  "metric": only(CLOUDWATCH, "metric-month", "0.30"),
  "alarm": only(CLOUDWATCH, "alarm-month", "0.10"),
  "alarm high-resolution": only(CLOUDWATCH, "alarm-month", "0.30"),
  "metric read": only(CLOUDWATCH, "metric", "0.00001", {
    recorded: 'AWS, CloudWatch user guide, "Getting metric data", without a region',
    date: "2026-11-29",
  }),
  "message": only(SNS, "message", "0.0000005", { ...INFRACOST, date: "2024-12-04" }),
  "delivery": only(SNS, "delivery", "0.0000006", { ...INFRACOST, date: "2024-12-04" }),
  "volume gp3": {
    ...GP3,
    regions: {
      ...GP3.regions,
      "us-east-2": { usd: "0.08", ...QUERIED("2023-03-01") },
      "af-south-1": { usd: "0.1047", ...QUERIED("2024-07-01") },
      "ap-northeast-1": { usd: "0.096", ...QUERIED("2026-09-10") },
      "eu-central-1": { usd: "0.0952", ...QUERIED("2026-08-26") },
    },
  },
  "volume gp2": only(EBS, "GB-month", "0.10"),
  "volume io1": only(EBS, "GB-month", "0.125"),
  "volume io2": only(EBS, "GB-month", "0.125"),
  "volume st1": only(EBS, "GB-month", "0.045"),
  "volume sc1": only(EBS, "GB-month", "0.015"),
  "volume standard": only(EBS, "GB-month", "0.05"),
  "iops gp3": only(EBS, "IOPS-month above 3,000", "0.005"),
  "iops io1": only(EBS, "IOPS-month", "0.065"),
  // AWS charges less for each IOPS of a volume above 32,000.
  "iops io2": only(EBS, "IOPS-month", "0.065"),
  "throughput gp3": only(EBS, "MiB/s-month above 125", "0.04"),
  "transfer": only(EC2, "GB between zones, in each direction", "0.01"),
  "public IPv4 address": only(VPC, "hour", "0.005", {
    recorded: 'AWS blog, "Identify and optimize public IPv4 address usage on AWS", for all regions',
    date: "2024-02-01",
  }),
  ...INSTANCES,
  "instance t4g.small": {
    page: EC2,
    unit: "hour",
    regions: {
      [BASE_REGION]: { usd: INSTANCE_HOURS["t4g.small"] ?? "", ...KARPENTER },
      "ap-northeast-1": { usd: "0.0216", ...QUERIED("2026-09-10") },
      "eu-central-1": { usd: "0.0192", ...QUERIED("2026-08-26") },
    },
  },
};

/**
 * Returns a price in a region. Returns the price of {@linkcode BASE_REGION} if the table has none for the region. Returns undefined if
 * the table does not know the price at all, and for the regions in China, where AWS charges in another currency.
 */
export function priceOf(name: string, region: string): Price | undefined {
  const entry = PRICES[name];
  if (entry === undefined || region.startsWith("cn-")) return undefined;
  const [known, found] = entry.regions[region] === undefined
    ? [BASE_REGION, entry.regions[BASE_REGION]]
    : [region, entry.regions[region]];
  return found && { ...found, region: known, unit: entry.unit, page: entry.page };
}
