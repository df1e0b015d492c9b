import { assertEquals } from "@std/assert";
import { OTHER_VPC, subnetOf } from "../../../../src/sandbox/ec2/zones.ts";
import { withBase } from "./account.ts";

const WEB = "setup --balancer application --listen http:8080 --forward 30000 --health-check /ping";
const DB = "setup --balancer network --listen tcp:5432 --forward 30000";

Deno.test("setup refuses what AWS or the load balancer cannot do before it creates anything", async () => {
  await using f = await withBase();
  const [a, other] = [subnetOf("eu-west-1a"), subnetOf("eu-west-1b", OTHER_VPC)];
  const usage = [
    "setup --balancer application",
    "setup --balancer application --listen http:80",
    "setup --balancer application --listen tcp:80 --forward 80",
    "setup --balancer application --listen https:443 --forward 80",
    "setup --balancer application --listen http:80 --forward 80 --certificate arn:aws:acm:eu-west-1:000000000000:certificate/a",
    "setup --balancer application --listen http:80 --listen http:80 --forward 80",
    "setup --balancer application --listen http:80 --forward 80 --health-check tcp:80",
    "setup --balancer network --listen http:80 --forward 80",
    "setup --balancer none --forward 80",
    "setup --balancer classic --listen http:80",
    "setup --balancer application --load-balancer web",
    "setup --balancer application --listen http:80 --forward 80 --fleet with_underscore",
    "setup",
  ];
  for (const words of usage) assertEquals([words, (await f.kas(words)).status], [words, 2]);
  const wrong: [string, number][] = [
    [`${WEB} --subnets subnet-0123456789abcdef0`, 4],
    [`${WEB} --subnets ${a}`, 1],
    [`${WEB} --subnets ${a},${other}`, 1],
  ];
  for (const [words, status] of wrong) assertEquals([words, (await f.kas(words)).status], [words, status]);
  assertEquals(f.changes().filter((action) => action !== "RunInstances"), []);
  await f.rows(WEB);
  f.changes();
  for (const words of [DB, WEB.replace("30000", "30001")]) assertEquals((await f.kas(words)).status, 1);
  assertEquals(f.changes(), []);
});
