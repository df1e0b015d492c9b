import { assertEquals, assertRejects } from "@std/assert";
import { attachedVolumes } from "../../../../src/aws/ec2/volumes.ts";
import { IncompleteAnswerError } from "../../../../src/aws/errors.ts";
import { ec2, wire } from "../wire.ts";

function item(instance: string, more: string): string {
  return `<item><volumeId>vol-1</volumeId>${more}<status>in-use</status>` +
    `<attachmentSet><item><instanceId>${instance}</instanceId><status>attached</status></item></attachmentSet></item>`;
}

function page(items: readonly string[], token = ""): Response {
  const next = token === "" ? "" : `<nextToken>${token}</nextToken>`;
  return ec2("DescribeVolumes", `<volumeSet>${items.join("")}</volumeSet>${next}`);
}

Deno.test("attachedVolumes() reads every page, and a type without IOPS and throughput", async () => {
  await using server = wire(({ input }) =>
    input["NextToken"] === undefined
      ? page([
        item(
          "i-1",
          "<volumeType>gp3</volumeType><size>8</size><iops>3000</iops><throughput>125</throughput>",
        ),
      ], "2")
      : page([item("i-2", "<volumeType>st1</volumeType><size>500</size>")])
  );
  assertEquals(await attachedVolumes(server.aws, ["i-1", "i-2"]), [
    { instance: "i-1", type: "gp3", size: 8, iops: 3_000, throughput: 125 },
    { instance: "i-2", type: "st1", size: 500, iops: 0, throughput: 0 },
  ]);
});

Deno.test("attachedVolumes() makes no call for no instances, and one for each 200 instances", async () => {
  await using server = wire(() => page([]));
  const ids = Array.from({ length: 201 }, (_, i) => `i-${i}`);
  await attachedVolumes(server.aws, []);
  assertEquals(server.calls.length, 0);
  await attachedVolumes(server.aws, ids);
  assertEquals(server.calls.length, 2);
});

Deno.test("attachedVolumes() rejects if the answer has no list of volumes", async () => {
  await using server = wire(() => ec2("DescribeVolumes", ""));
  await assertRejects(() => attachedVolumes(server.aws, ["i-1"]), IncompleteAnswerError);
});
