/**
 * Messages that Amazon SNS itself signed, where they lie beside the project.
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

/** What an autoscaler of that topic would have said a minute later; `topicArn` follows the message if it is to. */
function then(body: Body, timestamp: unknown, topicArn = TOPIC): Promise<string> {
  const certificate = new X509Certificate(read(CERT));
  const now = Date.parse(String(timestamp)) + 60_000;
  return verdict(body, { topicArn, certificate: () => Promise.resolve(certificate), now: () => now });
}

for (const [name, fields] of Object.entries(VECTORS)) {
  const needs: readonly Need[] = [file(`${FOLDER}/${name}`), file(CERT)];
  const body = (): Body => JSON.parse(read(`${FOLDER}/${name}`));

  testWith(needs, `verifier() believes SNS's own ${name}`, async () => {
    assertEquals(await then(body(), body()["Timestamp"]), "ok");
  });

  testWith(
    needs,
    `verifier() believes ${name} no longer once any character of a signed field is another`,
    async () => {
      const original = body();
      for (const field of fields) {
        const value = String(original[field]);
        for (let i = 0; i < value.length; i += Math.max(1, Math.floor(value.length / 24))) {
          const changed = value.slice(0, i) + (value[i] === "3" ? "4" : "3") + value.slice(i + 1);
          // The topic and the time that are expected follow the change, so that the signature alone must tell.
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

  testWith(needs, `verifier() believes ${name} for an hour and no longer`, async () => {
    const sent = Date.parse(String(body()["Timestamp"]));
    assertEquals(await then(body(), new Date(sent + 3_539_999).toISOString()), "ok");
    assertMatch(await then(body(), new Date(sent + 3_540_000).toISOString()), /^403 Timestamp/);
  });
}
