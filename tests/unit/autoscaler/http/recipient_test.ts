import { assertEquals } from "@std/assert";
import { type Recipient, recipientOf } from "../../../../src/autoscaler/http/recipient.ts";
import { parseMessage } from "../../../../src/sns/message.ts";
import { alarmMessage } from "../../../support/lab/notice.ts";
import { type Body, NOW, signed, TOPIC } from "../../sns/fixtures.ts";

const OTHER = `${TOPIC}-other`;

function fleet(name: string, more: Partial<Recipient> = {}): Recipient {
  return { fleet: name, topicArn: TOPIC, resubscribe: false, ...more };
}

function recipient(body: Body, fleets: readonly Recipient[]): string | undefined {
  return recipientOf(parseMessage(JSON.stringify(body)), fleets)?.fleet;
}

function notification(alarm: string, more: Body = {}): Body {
  return signed("Notification", {
    Message: alarmMessage(alarm, "ALARM", NOW).replace("000000000000", "123456789012"),
    ...more,
  });
}

Deno.test("a notification goes to the fleet that the name of its alarm contains", () => {
  const fleets = [fleet("web"), fleet("jobs"), fleet("jobs2")];
  assertEquals(recipient(notification("jobs:cpuhigh:i-1"), fleets), "jobs");
  assertEquals(recipient(notification("web:reqcount:lb"), fleets), "web");
});

Deno.test("a message that names no fleet of its topic goes to one fleet of the topic", () => {
  const fleets = [fleet("other", { topicArn: OTHER }), fleet("web"), fleet("jobs")];
  assertEquals(recipient(notification("strange:cpuhigh:i-1"), fleets), "web");
  assertEquals(recipient(signed("Notification", { Message: "not an alarm" }), fleets), "web");
});

Deno.test("the senders of a topic cannot reach the fleet of another topic", () => {
  const fleets = [fleet("web"), fleet("jobs", { topicArn: OTHER }), fleet("more")];
  assertEquals(recipient(notification("jobs:cpuhigh:i-1"), fleets), "web");
  assertEquals(recipient(notification("jobs:cpuhigh:i-1", { TopicArn: OTHER }), fleets), "jobs");
  assertEquals(recipient(notification("web:cpuhigh:i-1", { TopicArn: OTHER }), fleets), "jobs");
});

Deno.test("a fleet that runs confirms the subscription of a topic", () => {
  const fleets = [fleet("web", { problem: "its journal is damaged" }), fleet("jobs")];
  assertEquals(recipient(signed("SubscriptionConfirmation"), fleets), "jobs");
});

Deno.test("a fleet with --resubscribe subscribes to the topic again", () => {
  const fleets = [fleet("web"), fleet("jobs", { resubscribe: true })];
  assertEquals(recipient(signed("UnsubscribeConfirmation"), fleets), "jobs");
  assertEquals(recipient(signed("UnsubscribeConfirmation"), [fleet("web"), fleet("jobs")]), "web");
});

Deno.test("a notification of a fleet that could not start goes to this fleet, so that SNS repeats the message", () => {
  const fleets = [fleet("web"), fleet("jobs", { problem: "its journal is damaged" })];
  assertEquals(recipient(notification("jobs:cpuhigh:i-1"), fleets), "jobs");
});
