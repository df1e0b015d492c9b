/**
 * Tests doctor in the sandbox: with a topic to which CloudWatch cannot publish, with protected nodes, and with basic monitoring.
 *
 * @module
 */
import { UnmonitorInstancesCommand } from "@aws-sdk/client-ec2";
import { SetTopicAttributesCommand } from "@aws-sdk/client-sns";
import { assertEquals } from "@std/assert";
import { NODE } from "../../../unit/admin/fleet.ts";
import { assertProblem, repair, settled, wired } from "./wired.ts";

Deno.test("doctor finds a topic that CloudWatch cannot publish to", async () => {
  await using w = await wired();
  const set = async (AttributeName: string, AttributeValue: string) =>
    await (await w.aws.sns()).send(
      new SetTopicAttributesCommand({ TopicArn: w.topicArn, AttributeName, AttributeValue }),
    );
  await set("KmsMasterKeyId", "alias/aws/sns");
  const off = "--attribute-name KmsMasterKeyId --attribute-value ''";
  assertProblem((await w.doctor()).rows, "delivery", {
    names: ["topic kas", "alias/aws/sns"],
    remedy: `aws sns set-topic-attributes --topic-arn ${w.topicArn} ${off}`,
  });
  await set("KmsMasterKeyId", "");
  await settled(w);
  const Principal = { Service: "cloudwatch.amazonaws.com" };
  const Statement = [{ Effect: "Deny", Principal, Action: "SNS:Publish", Resource: w.topicArn }];
  await set("Policy", JSON.stringify({ Version: "2008-10-17", Statement }));
  const { status, rows } = await w.doctor();
  assertEquals(status, 1);
  assertProblem(rows, "delivery", { names: ["topic kas"], remedy: /cloudwatch\.amazonaws\.com/ });
});

Deno.test("doctor finds a node that EC2 protects from being stopped", async () => {
  await using w = await wired();
  w.fleet.sandbox.faults.set(`protected=${NODE}`);
  assertProblem((await w.doctor()).rows, "protection", {
    names: [NODE],
    remedy: `aws ec2 modify-instance-attribute --instance-id ${NODE} --no-disable-api-stop`,
  });
});

Deno.test("doctor finds basic monitoring, and setup repairs it", async () => {
  await using w = await wired();
  await (await w.aws.ec2()).send(new UnmonitorInstancesCommand({ InstanceIds: [NODE] }));
  const { rows } = await w.doctor();
  assertProblem(rows, "monitoring", { names: [NODE], remedy: "kas admin setup" });
  await repair(w, rows);
});
