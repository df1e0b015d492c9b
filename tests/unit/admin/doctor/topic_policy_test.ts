import { assertEquals } from "@std/assert";
import { whyCloudWatchIsDenied } from "../../../../src/admin/doctor/checks/notifications/topic_policy.ts";

const why = (...statements: unknown[]) => whyCloudWatchIsDenied(JSON.stringify({ Statement: statements }));

/** The default policy of a new topic. Source: SNS API, GetTopicAttributes. */
const DEFAULT = {
  Sid: "__default_statement_ID",
  Effect: "Allow",
  Principal: { AWS: "*" },
  Action: ["SNS:GetTopicAttributes", "SNS:Publish"],
  Condition: { StringEquals: { "AWS:SourceOwner": "123456789012" } },
};
const CLOUDWATCH = { Service: "cloudwatch.amazonaws.com" };

Deno.test("CloudWatch may publish if the topic has SNS's default policy, or a policy that allows CloudWatch by name", () => {
  assertEquals(why(DEFAULT), undefined);
  for (const Action of ["SNS:Publish", "sns:publish", "sns:*", "*", ["sns:Subscribe", "SNS:Pub*"]]) {
    assertEquals(why({ Effect: "Allow", Principal: CLOUDWATCH, Action }), undefined, JSON.stringify(Action));
  }
  const others = { Service: ["events.amazonaws.com", "cloudwatch.amazonaws.com"] };
  assertEquals(why({ Effect: "Allow", Principal: others, Action: "SNS:Publish" }), undefined);
  assertEquals(
    whyCloudWatchIsDenied(JSON.stringify({ Statement: { Effect: "Allow", Principal: "*", Action: "*" } })),
    undefined,
  );
});

Deno.test("CloudWatch has a service principal with the domain of its partition too", () => {
  const allow = (Service: string) => why({ Effect: "Allow", Principal: { Service }, Action: "sns:Publish" });
  assertEquals(allow("cloudwatch.amazonaws.com.cn"), undefined);
  assertEquals(allow("cloudwatch.c2s.ic.gov"), undefined);
  assertEquals(allow("cloudwatch.example.com"), "does not allow CloudWatch sns:Publish");
});

Deno.test("CloudWatch may not publish if a Deny statement concerns CloudWatch, even if an Allow statement also does", () => {
  for (
    const denial of [
      { Principal: CLOUDWATCH, Action: "SNS:Publish" },
      { Principal: "*", Action: "*" },
      { Principal: { AWS: "*" }, Action: ["SNS:Publish"] },
      { NotPrincipal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "sns:*" },
      { Principal: CLOUDWATCH, NotAction: "sns:Subscribe" },
    ]
  ) {
    assertEquals(
      why(DEFAULT, { Sid: "no", Effect: "Deny", ...denial }),
      "denies CloudWatch sns:Publish in statement no",
      JSON.stringify(denial),
    );
  }
});

Deno.test("CloudWatch may publish if Deny statements concern only HTTP, other actions or other services", () => {
  const condition = { Bool: { "aws:SecureTransport": "false" } };
  for (
    const denial of [
      { Principal: "*", Action: "SNS:Publish", Condition: condition },
      { Principal: "*", Action: "SNS:DeleteTopic" },
      { Principal: { Service: "events.amazonaws.com" }, Action: "SNS:Publish" },
      { NotPrincipal: CLOUDWATCH, Action: "SNS:Publish" },
      { Principal: "*", NotAction: "SNS:Pub*" },
    ]
  ) assertEquals(why(DEFAULT, { Effect: "Deny", ...denial }), undefined, JSON.stringify(denial));
});

Deno.test("CloudWatch may not publish if the policy allows only other services or accounts", () => {
  const root = { AWS: "arn:aws:iam::123456789012:root" };
  assertEquals(
    why({ Effect: "Allow", Principal: root, Action: "SNS:*" }),
    "does not allow CloudWatch sns:Publish",
  );
  assertEquals(
    why({ Effect: "Allow", Principal: CLOUDWATCH, Action: "SNS:Subscribe" }),
    "does not allow CloudWatch sns:Publish",
  );
  assertEquals(why(), "does not allow CloudWatch sns:Publish");
  assertEquals(whyCloudWatchIsDenied("{"), "is not JSON");
});
