import { assertEquals, assertFalse, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MessageError, parseMessage } from "../../../src/sns/message.ts";
import { parseAlarmChange } from "../../../src/sns/alarm_message.ts";
import { signed, TOPIC } from "./fixtures.ts";

const NOTIFICATION = signed("Notification", { Subject: "s" });

Deno.test("parseMessage() parses a notification and omits its UnsubscribeURL", () => {
  const message = parseMessage(JSON.stringify(NOTIFICATION));
  assertEquals(message, {
    type: "Notification",
    messageId: "26858270-545e-5848-82a2-e05566af3dcf",
    topicArn: TOPIC,
    message: "Hello",
    subject: "s",
    timestamp: String(NOTIFICATION["Timestamp"]),
    signatureVersion: "2",
    signature: String(NOTIFICATION["Signature"]),
    signingCertUrl: String(NOTIFICATION["SigningCertURL"]),
  });
});

for (const type of ["SubscriptionConfirmation", "UnsubscribeConfirmation"]) {
  Deno.test(`parseMessage() parses a ${type} with its token`, () => {
    const message = parseMessage(JSON.stringify(signed(type)));
    assertEquals([message.type, "token" in message && message.token], [type, "SECRET"]);
  });
}

Deno.test("parseMessage() distinguishes an absent Subject from an empty Subject", () => {
  assertFalse("subject" in parseMessage(JSON.stringify(signed("Notification"))));
  const empty = parseMessage(JSON.stringify(signed("Notification", { Subject: "" })));
  assertEquals("subject" in empty && empty.subject, "");
});

Deno.test("parseMessage() does not count brackets in strings as nesting levels", () => {
  const nested = { MessageAttributes: { kind: { Type: "String", Value: "x" } } };
  const text = `${"[".repeat(50)}"\\`;
  assertEquals(
    parseMessage(JSON.stringify(signed("Notification", { ...nested, Message: text }))).message,
    text,
  );
});

const MALFORMED: Readonly<Record<string, [body: string, names: string]>> = {
  "an empty body": ["", "JSON"],
  "text": ["Hello", "JSON"],
  "half a message": [JSON.stringify(signed("SubscriptionConfirmation")).slice(0, -20), "JSON"],
  "null": ["null", "Type"],
  "half a megabyte of brackets": ["[".repeat(2 ** 19), "8 nested levels"],
  "an array": ["[]", "Type"],
  "no Type": ["{}", "Type"],
  "an unknown Type": [JSON.stringify({ ...NOTIFICATION, Type: "notification" }), "Type"],
  "no MessageId": [JSON.stringify({ ...NOTIFICATION, MessageId: undefined }), "MessageId"],
  "a number as Message": [JSON.stringify({ ...NOTIFICATION, Message: 1 }), "Message"],
  "an invalid Timestamp": [JSON.stringify({ ...NOTIFICATION, Timestamp: "yesterday" }), "Timestamp"],
  "a Timestamp without a zone": [
    JSON.stringify({ ...NOTIFICATION, Timestamp: "2026-11-23T12:00:00" }),
    "Timestamp",
  ],
  "a Signature that is not base64": [JSON.stringify({ ...NOTIFICATION, Signature: "*" }), "Signature"],
  "a MessageId of two lines": [JSON.stringify({ ...NOTIFICATION, MessageId: "a\nb" }), "MessageId"],
  "a Subject of two lines": [JSON.stringify({ ...NOTIFICATION, Subject: "a\nb" }), "Subject"],
  "a confirmation without a Token": [
    JSON.stringify({ ...signed("SubscriptionConfirmation"), Token: undefined }),
    "Token",
  ],
};
for (const [what, [body, names]] of Object.entries(MALFORMED)) {
  Deno.test(`parseMessage() rejects ${what} as malformed`, () => {
    const error = assertThrows(() => parseMessage(body), MessageError, names);
    assertEquals(error.status, 400);
    assertFalse(/SECRET|\n/.test(Deno.inspect(error, { depth: 5 }).split("\n    at ")[0] ?? ""));
  });
}

Deno.test("parseMessage() rejects arbitrary text, and parseAlarmChange() ignores arbitrary text", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    assertThrows(() => parseMessage(text), MessageError);
    assertEquals(parseAlarmChange(text, ENVELOPE).kind, "ignored");
  }));
});

/** The alarm's message was published 0.6 s after its change. */
const ENVELOPE = { topicArn: TOPIC, sent: Date.UTC(2026, 2, 6, 19, 53, 22) };

const ALARM = {
  AlarmName: "kas:cpuhigh:i-1",
  AlarmDescription: null,
  AWSAccountId: "123456789012",
  AlarmConfigurationUpdatedTimestamp: "2026-03-06T19:00:00.000+0000",
  NewStateValue: "ALARM",
  NewStateReason: "Threshold Crossed",
  StateChangeTime: "2026-03-06T19:53:21.424+0000",
  Region: "EU (Ireland)",
  AlarmArn: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:kas:cpuhigh:i-1",
  OldStateValue: "OK",
  OKActions: [],
  AlarmActions: [TOPIC],
  InsufficientDataActions: [],
  Trigger: {
    MetricName: "CPUUtilization",
    Namespace: "AWS/EC2",
    Dimensions: [{ value: "i-1", name: "InstanceId" }],
  },
};
const CHANGE = {
  kind: "change",
  name: "kas:cpuhigh:i-1",
  arn: ALARM.AlarmArn,
  region: "eu-west-1",
  from: "OK",
  to: "ALARM",
  at: Date.UTC(2026, 2, 6, 19, 53, 21, 424),
};
const { AlarmArn: _, ...WITHOUT_ARN } = ALARM;

const NOTICES: Readonly<Record<string, [message: unknown, notice: unknown]>> = {
  "a metric alarm": [ALARM, CHANGE],
  "a composite alarm, which has no Trigger": [
    { ...ALARM, Trigger: undefined, AlarmRule: "ALARM(x)" },
    CHANGE,
  ],
  "unknown fields": [{ ...ALARM, Trigger: { Metrics: [1] }, AlarmTagsStatus: {} }, CHANGE],
  "an alarm with its name only in the ARN": [{ ...ALARM, AlarmName: undefined }, CHANGE],
  "a change five minutes after the message's Timestamp, as clocks may differ": [
    { ...ALARM, StateChangeTime: "2026-03-06T19:58:22.000Z" },
    { ...CHANGE, at: ENVELOPE.sent + 300_000 },
  ],
  "a time in another zone": [{ ...ALARM, StateChangeTime: "2026-03-06T20:53:21.424+0100" }, CHANGE],
  "a time in ISO 8601": [{ ...ALARM, StateChangeTime: "2026-03-06T19:53:21.424Z" }, CHANGE],
  "an unknown old state as INSUFFICIENT_DATA": [
    { ...ALARM, OldStateValue: "NEW" },
    { ...CHANGE, from: "INSUFFICIENT_DATA" },
  ],
};
for (const [what, [message, notice]] of Object.entries(NOTICES)) {
  Deno.test(`parseAlarmChange() parses ${what}`, () =>
    assertEquals<unknown>(parseAlarmChange(JSON.stringify(message), ENVELOPE), notice));
}

const IGNORED: Readonly<Record<string, [message: string, reason: RegExp]>> = {
  "text": ["Hello", /JSON/],
  "the event of another service": [JSON.stringify({ source: "aws.ec2" }), /is missing/],
  "an alarm without an ARN": [JSON.stringify(WITHOUT_ARN), /AlarmArn/],
  "an ARN that is not an alarm's": [JSON.stringify({ ...ALARM, AlarmArn: TOPIC }), /AlarmArn/],
  "another name than the ARN's": [JSON.stringify({ ...ALARM, AlarmName: "kas:cpuhigh:i-2" }), /AlarmName/],
  "an alarm of another account": [
    JSON.stringify({ ...ALARM, AlarmArn: ALARM.AlarmArn.replace("123456789012", "210987654321") }),
    /account or region/,
  ],
  "an alarm of another region": [
    JSON.stringify({ ...ALARM, AlarmArn: ALARM.AlarmArn.replace("eu-west-1", "us-east-1") }),
    /account or region/,
  ],
  "an alarm of another partition": [
    JSON.stringify({ ...ALARM, AlarmArn: ALARM.AlarmArn.replace("arn:aws:", "arn:aws-cn:") }),
    /account or region/,
  ],
  "a change more than five minutes after the message's Timestamp": [
    JSON.stringify({ ...ALARM, StateChangeTime: "2026-03-06T19:58:22.001Z" }),
    /StateChangeTime is 300 s after/,
  ],
  "a change in years": [
    JSON.stringify({ ...ALARM, StateChangeTime: "2036-03-06T19:53:21.424Z" }),
    /StateChangeTime/,
  ],
  "an unknown new state": [JSON.stringify({ ...ALARM, NewStateValue: "NEW" }), /NewStateValue/],
  "a time without a zone": [
    JSON.stringify({ ...ALARM, StateChangeTime: "2026-03-06T19:53:21" }),
    /StateChangeTime/,
  ],
};
for (const [what, [message, reason]] of Object.entries(IGNORED)) {
  Deno.test(`parseAlarmChange() ignores ${what}, and returns a reason`, () => {
    const notice = parseAlarmChange(message, ENVELOPE);
    assertMatch(notice.kind === "ignored" ? notice.reason : "", reason);
  });
}
