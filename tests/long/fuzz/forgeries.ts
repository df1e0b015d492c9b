/**
 * Signed messages that the autoscaler must refuse: with another key, certificate or topic, too old, or from the future.
 * Also, genuine messages in requests that SNS does not send.
 *
 * @module
 */
import { makeSigner } from "../../../src/sandbox/sns/certificate.ts";
import type { Body } from "../../unit/sns/fixtures.ts";
import type { Mutator } from "./bytes.ts";
import { post } from "./client.ts";
import { alarmText, TIMES } from "./fields.ts";
import { type Author, signedBy, TYPES } from "./messages.ts";
import { Random } from "./random.ts";

const HOUR = 3_600_000;

/** Other topics. */
function otherTopics(topicArn: string): readonly string[] {
  const [, , , , account = ""] = topicArn.split(":");
  return [
    topicArn.replace(account, "999999999999"),
    topicArn.replace(account, ""),
    topicArn.replace("eu-west-1", "us-east-1"),
    topicArn.replace("arn:aws:", "arn:aws-cn:"),
    topicArn.toUpperCase(),
    `${topicArn}2`,
    `${topicArn} `,
    ` ${topicArn}`,
    `${topicArn}:0f0f0f0f-0000-0000-0000-000000000000`,
    `${topicArn}.fifo`,
    topicArn.replace(/kas$/, "*"),
    topicArn.replace(/kas$/, "кas"),
    topicArn.replace(/kas$/, "ka"),
    "*",
    "arn:aws:sns:eu-west-1",
  ];
}

/**
 * Returns the forged messages by class. Signing takes a millisecond, so each class has a few messages that are signed
 * beforehand.
 */
export function forgeries(
  { author, topicArn, urls, certs }: {
    readonly author: Author;
    readonly topicArn: string;
    /** URLs from which no certificate may be fetched. */
    readonly urls: readonly string[];
    /** URLs of bad and missing certificates under the trusted prefix. */
    readonly certs: Readonly<Record<"bad" | "absent", readonly string[]>>;
  },
): Readonly<Record<string, Mutator>> {
  const random = new Random(7);
  const stranger = makeSigner();
  const each = (changes: readonly Body[]) =>
    changes.flatMap((changed) =>
      TYPES.map((type) =>
        author.message(type, { Message: alarmText(random), ...changed }, random.of(["1", "2"]))
      )
    );
  const from = (pool: readonly Body[]): Mutator => (random) => post(JSON.stringify(random.of(pool)));
  const at = (ago: number): Body => ({ Timestamp: new Date(Date.now() - ago).toISOString() });
  const elsewhere = (all: () => readonly string[]): Mutator => (random, genuine) =>
    post(JSON.stringify({ ...genuine, SigningCertURL: random.of(all()) }));

  return {
    "another topic's, well signed": from(each(otherTopics(topicArn).map((TopicArn) => ({ TopicArn })))),
    "an hour old or more, well signed": from(
      each([HOUR, HOUR + 1, 2 * HOUR, 24 * HOUR, 8_760 * HOUR].map(at)),
    ),
    "from the future, well signed": from(each([-400_000, -HOUR, -24 * HOUR, -8_760 * HOUR].map(at))),
    "an odd Timestamp, well signed": from(each(TIMES.map((Timestamp) => ({ Timestamp })))),
    "a stranger's signature": from(each([{}]).map((body) => signedBy(stranger, body))),
    "another message's signature": (random, genuine) => {
      const Signature = author.signer.sign(`${genuine["Message"]}${random.below(1)}`, "2");
      return post(JSON.stringify({ ...genuine, Signature }));
    },
    "a certificate from a forbidden place": elsewhere(() => urls),
    "a certificate that is no good": elsewhere(() => certs.bad),
    "no certificate there": elsewhere(() => certs.absent),
    "no such certificate at Amazon's": (random, genuine) => {
      const SigningCertURL = `https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-${
        random.hex(32)
      }.pem`;
      return post(JSON.stringify({ ...genuine, SigningCertURL }));
    },
  };
}

const METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post", "Post"];
const TARGETS = [
  "//",

  "/%2f",
  "/sns",
  "/ping",
  "/status",
  "/activities",
  "/metrics",
  "/decisions",
  "/POST",
  "/toString",
  "/__proto__",
  "*",
  "http://evil.example/x",
  "/\\",
  "/%00",
];

/** A genuine message in a request that SNS does not send. */
export const REQUEST_MUTATORS: Readonly<Record<string, Mutator>> = {
  "another method": (random, genuine) => ({
    ...post(JSON.stringify(genuine), random.of([[], ["X-HTTP-Method-Override: POST"]])),
    method: random.of(METHODS),
  }),
  "another path": (random, genuine) => ({ ...post(JSON.stringify(genuine)), target: random.of(TARGETS) }),
  "headers that lie": (random, { MessageId, TopicArn, Type }) =>
    post(random.of(["", "{}", `{"Type":"${Type}"}`]), [
      `x-amz-sns-message-type: ${Type}`,
      `x-amz-sns-message-id: ${MessageId}`,
      `x-amz-sns-topic-arn: ${TopicArn}`,
      "User-Agent: Amazon Simple Notification Service Agent",
      "X-Forwarded-For: 127.0.0.1",
      "Authorization: Basic c25zOnNucw==",
    ]),
};

/**
 * Mutations that write the same message in another notation. The autoscaler must accept it, and it must have no further
 * effect.
 */
export const NEUTRAL_MUTATORS: Readonly<Record<string, Mutator>> = {
  "same: fields in another order": (random, genuine) =>
    post(JSON.stringify(Object.fromEntries(random.shuffled(Object.entries(genuine))))),
  "same: other white space": (random, genuine) =>
    post(JSON.stringify(genuine, null, random.of([" ", "\t", "\r\n"])) + random.of(["", "\n", " "])),
  "same: characters escaped": (random, genuine) =>
    post(
      JSON.stringify(genuine).replaceAll(/[a-z]/g, (c) =>
        random.next() < 0.1 ? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}` : c),
    ),
  "same: what isn't signed is another": (random, genuine) =>
    post(JSON.stringify({
      ...genuine,
      UnsubscribeURL: random.of(["http://169.254.169.254/", "", null, 1]),
      MessageAttributes: random.of([{}, { TopicArn: { Type: "String", Value: "x" } }, [], null]),
      [random.hex(8)]: random.of([1, {}, "x"]),
      ...JSON.parse('{"__proto__":{"Type":"SubscriptionConfirmation"},"constructor":1}'),
    })),
  "same: doubled, the genuine one last": (random, genuine) => {
    const name = random.of(["Message", "Type", "TopicArn", "Signature"]);
    return post(JSON.stringify(genuine).replace("{", () => `{"${name}":"x",`));
  },
  "same: a byte order mark": (_, genuine) => post(`\ufeff${JSON.stringify(genuine)}`),
  "same: in chunks": (random, genuine) => ({
    ...post(JSON.stringify(genuine)),
    chunk: 1 + random.below(500),
  }),
  "same: other headers": (random, genuine) =>
    post(JSON.stringify(genuine), [
      random.of([
        "Content-Type: application/json",
        "Content-Encoding: gzip",
        "Content-Type: multipart/form-data",
      ]),
      random.of(["x-amz-sns-message-type: SubscriptionConfirmation", "x-amz-sns-topic-arn: arn:aws:sns:x"]),
      random.of(["Host: evil.example", "Host: 127.0.0.1:1", "Cookie: x=y"]),
    ]),
  "same: sent again": (_, genuine) => post(JSON.stringify(genuine)),
};
