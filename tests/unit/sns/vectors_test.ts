/**
 * Messages signed by Amazon SNS, if the vectors are next to the project.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { file, type Need, testWith } from "../../support/needs.ts";
import { type Body, verdict } from "./fixtures.ts";

const FOLDER = "../shared/vectors/sns";
const CERT = `${FOLDER}/signing-cert.pem`;
const TOPIC = "arn:aws:sns:us-west-2:131990247566:dongie-standard-topic";

const VECTORS: Readonly<Record<string, readonly string[]>> = {
  "notification-with-subject-v1.json": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  "subscription-confirmation-v1.json": [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
};

function read(path: string): string {
  return Deno.readTextFileSync(new URL(`../../../${path}`, import.meta.url));
}

/** The verdict of an autoscaler of that topic a minute after `timestamp`. */
function then(body: Body, timestamp: unknown, topicArn = TOPIC): Promise<string> {
  const certificate = new X509Certificate(read(CERT));
  const now = Date.parse(String(timestamp)) + 60_000;
  return verdict(body, {
    topicArns: [topicArn],
    certificate: () => Promise.resolve(certificate),
    now: () => now,
  });
}

for (const [name, fields] of Object.entries(VECTORS)) {
  const needs: readonly Need[] = [file(`${FOLDER}/${name}`), file(CERT)];
  const body = (): Body => JSON.parse(read(`${FOLDER}/${name}`));

  testWith(needs, `messageVerifier() accepts the message of SNS in ${name}`, async () => {
    assertEquals(await then(body(), body()["Timestamp"]), "ok");
  });

  testWith(
    needs,
    `messageVerifier() rejects the message in ${name} with a changed character in a signed field`,
    async () => {
      const original = body();
      for (const field of fields) {
        const value = String(original[field]);
        for (let i = 0; i < value.length; i += Math.max(1, Math.floor(value.length / 24))) {
          const changed = value.slice(0, i) + (value[i] === "3" ? "4" : "3") + value.slice(i + 1);
          // The expected topic and time follow the change, so that only the signature is wrong.
          const topicArn = field === "TopicArn" ? changed : TOPIC;
          const time = field === "Timestamp" && !Number.isNaN(Date.parse(changed))
            ? changed
            : original["Timestamp"];
          assertMatch(
            await then({ ...original, [field]: changed }, time, topicArn),
            /^40[03] /,
            `${field} at ${i}`,
          );
        }
      }
    },
  );

  testWith(needs, `messageVerifier() accepts the message in ${name} for an hour`, async () => {
    const sent = Date.parse(String(body()["Timestamp"]));
    assertEquals(await then(body(), new Date(sent + 3_539_999).toISOString()), "ok");
    assertMatch(await then(body(), new Date(sent + 3_540_000).toISOString()), /^403 Cannot verify Timestamp/);
  });
}
