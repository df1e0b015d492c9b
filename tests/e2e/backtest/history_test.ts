/**
 * `kas admin backtest --history` reads the datapoints that the AWS CLI has written to moto's CloudWatch.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { program, testWith } from "../../support/needs.ts";
import { kas } from "../contract/admin.ts";
import { motoBackend } from "../contract/backends.ts";
import { awsCli } from "../inventory.ts";

const FLEET = "shop";
const MINUTE = 60_000;

/** How many minutes have datapoints. The first hours of the history have none. */
const MINUTES = 90;

/** The CPU of the two instances in a minute, in percent. The second instance has no datapoint in every tenth minute. */
function cpu(minute: number): readonly [number, number | undefined] {
  return [10 + minute % 80, minute % 10 === 9 ? undefined : 95 - 3 * (minute % 7)];
}

/** Returns the demand of each minute in the rows of a series, which has a row for each change. */
function demandsOf(rows: readonly string[]): number[] {
  const series = rows.map((row) => row.split(",").map(Number));
  return Array.from(
    { length: MINUTES },
    (_, minute) => series.findLast(([seconds = NaN]) => seconds <= 60 * minute)?.[1] ?? NaN,
  );
}

testWith(
  [program("moto_server"), program("aws")],
  "kas admin backtest --history plays the sum of the CPU that CloudWatch has for each minute",
  async () => {
    await using backend = await motoBackend();
    const env = {
      AWS_ENDPOINT_URL: backend.url,
      AWS_DEFAULT_REGION: backend.region,
      AWS_ACCESS_KEY_ID: "moto",
      AWS_SECRET_ACCESS_KEY: "moto",
      // moto cannot read the compressed requests that the AWS CLI sends for more than 10 KiB.
      AWS_DISABLE_REQUEST_COMPRESSION: "true",
    };
    const folder = await Deno.makeTempDir();
    try {
      const ids = await awsCli(
        `ec2 run-instances --image-id ${backend.image} --count 2 --monitoring Enabled=true --tag-specifications ` +
          `ResourceType=instance,Tags=[{Key=kas:fleet,Value=${FLEET}},{Key=kas:role,Value=node}] --query Instances[].InstanceId`,
        env,
      ) as string[];
      const first = (Math.floor(Date.now() / MINUTE) - MINUTES - 5) * MINUTE;
      const data = Array.from(
        { length: MINUTES },
        (_, minute) =>
          cpu(minute).flatMap((Value, i) =>
            Value === undefined ? [] : [{
              MetricName: "CPUUtilization",
              Dimensions: [{ Name: "InstanceId", Value: ids[i] }],
              Timestamp: new Date(first + minute * MINUTE).toISOString(),
              Unit: "Percent",
              Value,
            }]
          ),
      ).flat();
      await Deno.writeTextFile(`${folder}/data.json`, JSON.stringify(data));
      await awsCli(
        `cloudwatch put-metric-data --namespace AWS/EC2 --metric-data file://${folder}/data.json`,
        env,
      );

      const words = `backtest --history 3h --policy oracle --series ${folder}/series.csv`;
      const { status, stderr } = await kas(backend, FLEET, ...words.split(" "));
      assertEquals(status, 0, stderr);
      const [, ...rows] = (await Deno.readTextFile(`${folder}/series.csv`)).trimEnd().split("\n");
      const expected = Array.from({ length: MINUTES }, (_, minute) => {
        const [one, other = 0] = cpu(minute);
        return (one + other) / 100;
      });
      assertEquals(demandsOf(rows).map((demand) => Number(demand.toFixed(6))), expected);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
