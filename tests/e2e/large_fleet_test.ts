import { assertEquals } from "@std/assert";
import { ec2, queryError, wire } from "../unit/aws/wire.ts";
import { execute } from "../support/kas.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/**
 * V8's heap limit in MB. kas with the SDK and a page of 1,000 instances needs at most 46 MB. If it kept the text of
 * every page, it would need more than 72 MB (both measured).
 */
const HEAP = 58;

Deno.test("kas admin instances lists 10,000 instances with less heap memory than the size of AWS's responses", async () => {
  const fleet = 10_000;
  await using server = wire(({ action, input }) => {
    if (action !== "DescribeInstances") return queryError("LoadBalancerNotFound", "There is none", 400);
    const size = Number(input["MaxResults"]);
    const from = Number(input["NextToken"] ?? 0);
    const page = Array.from({ length: Math.min(size, fleet - from) }, (_, i) => reservation(from + i));
    const next = from + size < fleet ? `<nextToken>${from + size}</nextToken>` : "";
    return ec2("DescribeInstances", `<reservationSet>${page.join("")}</reservationSet>${next}`);
  });
  const kas = [Deno.execPath(), "run", "-A", "--quiet", `--v8-flags=--max-old-space-size=${HEAP}`, MAIN];
  const env = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
  const { code, stdout, stderr } = await execute([...kas, "admin", "instances", "--output", "table"], env);
  assertEquals([code, stdout.trimEnd().split("\n").length], [0, fleet + 1], stderr.slice(-500));
});

/** An instance as EC2 describes it, with more than kas reads. */
function reservation(n: number): string {
  const hex = n.toString(16).padStart(17, "0");
  const item = (fields: Record<string, string>) =>
    Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`).join("");
  const disk = { volumeId: `vol-${hex}`, status: "attached", attachTime: "2026-01-01T00:00:00.000Z" };
  const instance = item({
    instanceId: `i-${hex}`,
    imageId: "ami-0123456789abcdef0",
    instanceState: item({ code: "80", name: "stopped" }),
    privateDnsName: `ip-10-0-${n >> 8}-${n & 255}.eu-west-1.compute.internal`,
    reason: "User initiated (2026-01-01 00:00:00 GMT)",
    keyName: "kas",
    instanceType: "t3.micro",
    launchTime: "2026-01-01T00:00:00.000Z",
    placement: item({ availabilityZone: "eu-west-1a", tenancy: "default" }),
    monitoring: item({ state: "disabled" }),
    subnetId: "subnet-0123456789abcdef0",
    vpcId: "vpc-0123456789abcdef0",
    privateIpAddress: `10.0.${n >> 8}.${n & 255}`,
    blockDeviceMapping: Array.from(
      { length: 4 },
      (_, i) => `<item>${item({ deviceName: `/dev/sd${i}`, ebs: item(disk) })}</item>`,
    ).join(""),
    tagSet: Array.from(
      { length: 50 },
      (_, i) =>
        `<item>${
          item({ key: i === 0 ? "kas:fleet" : `owner-${i}`, value: i === 0 ? "kas" : `team-${n}-${i}` })
        }</item>`,
    )
      .join(""),
  });
  return `<item>${
    item({ reservationId: `r-${hex}`, ownerId: "0", instancesSet: `<item>${instance}</item>` })
  }</item>`;
}
