import { assertEquals, assertMatch } from "@std/assert";
import { delivery } from "../../../../src/admin/doctor/checks/notifications/delivery.ts";
import { findings, SUBSCRIPTION, TOPIC } from "./observed.ts";

const results = (seen: Parameters<typeof findings>[1]) =>
  findings(delivery, seen).filter((line) => !line.startsWith("try: ")).map((line) => line.split(":")[0]);

Deno.test("delivery is ok if the topic and the subscription have SNS's default attributes", () => {
  assertEquals(results({}), ["ok"]);
  assertEquals(results({ topic: { KmsMasterKeyId: "" }, subscription: { FilterPolicy: "{}" } }), ["ok"]);
  assertEquals(results({ subscription: { RawMessageDelivery: "false", FilterPolicy: "" } }), ["ok"]);
});

Deno.test("delivery fails if the topic is encrypted with the AWS managed key of SNS, which CloudWatch cannot use", () => {
  for (const KmsMasterKeyId of ["alias/aws/sns", "arn:aws:kms:eu-west-1:123456789012:alias/aws/sns"]) {
    const [finding = "", remedy] = findings(delivery, { topic: { KmsMasterKeyId } });
    assertMatch(finding, /^failed: .*alias\/aws\/sns/);
    assertEquals(
      remedy,
      `try: aws sns set-topic-attributes --topic-arn ${TOPIC} --attribute-name KmsMasterKeyId --attribute-value ''`,
    );
  }
  const [own = ""] = findings(delivery, { topic: { KmsMasterKeyId: "alias/ours" } });
  assertMatch(own, /^ok: .*alias\/ours/);
});

Deno.test("delivery fails if the topic's policy denies CloudWatch", () => {
  const Statement = [{ Effect: "Deny", Principal: "*", Action: "SNS:Publish" }];
  const [finding = "", remedy = ""] = findings(delivery, {
    topic: { Policy: JSON.stringify({ Statement }) },
  });
  assertMatch(finding, /^failed: the policy of topic kas denies CloudWatch/);
  assertMatch(remedy, /cloudwatch\.amazonaws\.com/);
});

Deno.test("delivery has one finding for raw message delivery and one for a filter policy, each with a command that repairs it", () => {
  const subscription = { RawMessageDelivery: "true", FilterPolicy: '{"severity":["high"]}' };
  const lines = findings(delivery, { subscription });
  const set = `try: aws sns set-subscription-attributes --subscription-arn ${SUBSCRIPTION} --attribute-name`;
  assertEquals([lines[1], lines[3]], [
    `${set} RawMessageDelivery --attribute-value false`,
    `${set} FilterPolicy --attribute-value '{}'`,
  ]);
  assertEquals(results({ subscription }), ["failed", "failed"]);
});

Deno.test("delivery is skipped with --pull", () => {
  assertEquals(results({ plan: { pull: true }, subscription: { RawMessageDelivery: "true" } }), ["skipped"]);
});
