import { assertEquals } from "@std/assert";
import { execute } from "../kas.ts";
import { program, testWith } from "../needs.ts";
import { kas } from "./contract/admin.ts";
import { type Backend, motoBackend, sandboxBackend } from "./contract/backends.ts";
import { settled } from "./contract/cases.ts";

/** Everything that a fleet may leave behind, as the AWS CLI lists it. */
const LISTINGS = [
  "ec2 describe-instances --query Reservations[].Instances[?State.Name!='terminated'][].InstanceId",
  "elb describe-load-balancers --query LoadBalancerDescriptions[].LoadBalancerName",
  "cloudwatch describe-alarms --query MetricAlarms[].AlarmName",
  "sns list-topics --query Topics[].TopicArn",
  "sns list-subscriptions --query Subscriptions[].SubscriptionArn",
];

const FLEET = "kas";

for (
  const [name, needs, open] of [
    ["the sandbox", [program("aws")], sandboxBackend],
    ["moto", [program("aws"), program("moto_server")], motoBackend],
  ] as const
) {
  testWith(needs, `after teardown --instances the AWS CLI finds nothing of a fleet at ${name}`, async () => {
    await using backend = await open();
    const words = ["instances", "create", "--image", backend.image, "--type", "t3.micro", "--role", "base"];
    const [{ id } = {}] = (await kas(backend, FLEET, ...words)).rows;
    await settled(backend, String(id), "running");
    assertEquals((await kas(backend, FLEET, "setup")).status, 0);
    await kas(backend, FLEET, "topics", "subscribe", "http://127.0.0.1:1/");
    const full = await listings(backend);
    assertEquals(full.slice(0, 4).map((listed) => listed.length), [1, 1, 2, 1]);

    assertEquals((await kas(backend, FLEET, "teardown", "--instances", "--yes")).status, 0);
    await settled(backend, String(id), "terminated");
    assertEquals(await listings(backend), LISTINGS.map(() => []));
  });
}

async function listings({ url, region }: Backend): Promise<string[][]> {
  const env = {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_PAGER: "",
  };
  return await Promise.all(LISTINGS.map(async (listing) => {
    const words = ["aws", "--endpoint-url", url, "--output", "json", ...listing.split(" ")];
    const { code, stdout, stderr } = await execute(words, env);
    assertEquals(code, 0, `${listing}: ${stderr}`);
    return JSON.parse(stdout);
  }));
}
