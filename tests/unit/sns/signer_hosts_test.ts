import { assertEquals, assertMatch } from "@std/assert";
import { createSign, X509Certificate } from "node:crypto";
import { signerHosts } from "../../../src/sns/signer_hosts.ts";
import { verifyFields } from "../../../src/sns/verify.ts";
import { parseMessage } from "../../../src/sns/message.ts";
import { program, testWith } from "../../support/needs.ts";
import { DISGUISED_CERTIFICATE, FOREIGN_CERTIFICATE } from "./bad_certificates.ts";
import { CERTIFICATE, NOW, signed, TOPIC, verdict } from "./fixtures.ts";

/** A topic by region. */
const TOPICS = {
  "eu-west-1": TOPIC,
  "us-gov-west-1": "arn:aws-us-gov:sns:us-gov-west-1:123456789012:kas",
  "us-gov-east-1": "arn:aws-us-gov:sns:us-gov-east-1:123456789012:kas",
  "cn-north-1": "arn:aws-cn:sns:cn-north-1:123456789012:kas",
  "me-south-1": "arn:aws:sns:me-south-1:123456789012:kas",
  "eusc-de-east-1": "arn:aws-eusc:sns:eusc-de-east-1:123456789012:kas",
  "us-iso-east-1": "arn:aws-iso:sns:us-iso-east-1:123456789012:kas",
  "eu-isoe-west-1": "arn:aws-iso-e:sns:eu-isoe-west-1:123456789012:kas",
} as const;

/** The name in the certificate of each region. Source: `SnsHostProvider` of aws-sdk-java-v2. */
const NAMES: Readonly<Record<keyof typeof TOPICS, string>> = {
  "eu-west-1": "sns.amazonaws.com",
  "us-gov-west-1": "sns-us-gov-west-1.amazonaws.com",
  "us-gov-east-1": "sns-us-gov-west-1.amazonaws.com",
  "cn-north-1": "sns-cn-north-1.amazonaws.com.cn",
  "me-south-1": "sns-signing.me-south-1.amazonaws.com",
  "eusc-de-east-1": "sns-signing.eusc-de-east-1.amazonaws.eu",
  "us-iso-east-1": "sns-us-iso-east-1.c2s.ic.gov",
  "eu-isoe-west-1": "sns-signing.eu-isoe-west-1.cloud.adc-e.uk",
};

const REGIONS = Object.keys(TOPICS) as (keyof typeof TOPICS)[];

for (const region of REGIONS) {
  Deno.test(`a certificate of ${region} contains a name of signerHosts(), and no name of a different partition`, () => {
    const accepted = REGIONS.filter((other) => signerHosts(TOPICS[other])?.names.includes(NAMES[region]));
    // Both regions of GovCloud share a certificate. sns.amazonaws.com is the name of the whole standard partition.
    const shared = region === "eu-west-1"
      ? ["eu-west-1", "us-gov-west-1", "us-gov-east-1", "me-south-1"]
      : region.startsWith("us-gov")
      ? ["us-gov-west-1", "us-gov-east-1"]
      : [region];
    assertEquals(accepted, shared as typeof accepted);
  });
}

for (
  const [what, pem] of [
    ["another host", FOREIGN_CERTIFICATE],
    ["another host with SNS's common name", DISGUISED_CERTIFICATE],
  ] as const
) {
  Deno.test(`messageVerifier() rejects a certificate for ${what}`, async () => {
    const certificate = () => Promise.resolve(new X509Certificate(pem));
    // They are valid from the day after NOW.
    const now = () => NOW + 24 * 3_600_000;
    const body = signed("Notification", { Timestamp: new Date(now()).toISOString() });
    assertMatch(
      await verdict(body, { certificate, now }),
      /^403 Cannot verify Certificate: .* not for sns\.eu-west-1/,
    );
  });
}

Deno.test("messageVerifier() rejects the certificate of the standard partition for a topic in China", async () => {
  const topicArn = TOPICS["cn-north-1"];
  const url = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem";
  const body = signed("Notification", { TopicArn: topicArn, SigningCertURL: url });
  const certificate = () => Promise.resolve(CERTIFICATE);
  assertMatch(
    await verdict(body, { topicArns: [topicArn], certificate }),
    /^403 Cannot verify Certificate: .* not for /,
  );
});

testWith(
  [program("openssl")],
  "messageVerifier() accepts the certificate of GovCloud only for topics in GovCloud",
  async () => {
    const name = NAMES["us-gov-east-1"];
    const folder = await Deno.makeTempDir();
    try {
      await openssl(folder, name);
      const [pem, key] = await Promise.all(
        ["pem", "key"].map((file) => Deno.readTextFile(`${folder}/${file}`)),
      );
      const certificate = () => Promise.resolve(new X509Certificate(pem ?? ""));
      const results = async (topicArn: string, host: string) => {
        const fields = {
          Message: "{}",
          MessageId: "m-1",
          Timestamp: new Date().toISOString(),
          TopicArn: topicArn,
          Type: "Notification",
        };
        const text = Object.entries(fields).map(([field, value]) => `${field}\n${value}\n`).join("");
        const body = {
          ...fields,
          SignatureVersion: "2",
          Signature: createSign("RSA-SHA256").update(text).sign(key ?? "", "base64"),
          SigningCertURL: `https://${host}/SimpleNotificationService-0123456789abcdef.pem`,
        };
        const found = await Array.fromAsync(
          verifyFields(parseMessage(JSON.stringify(body)), { topicArns: [topicArn], certificate }),
        );
        return found.filter(({ passed }) => !passed).map(({ field }) => field);
      };
      assertEquals(await results(TOPICS["us-gov-east-1"], "sns.us-gov-east-1.amazonaws.com"), []);
      assertEquals(await results(TOPIC, "sns.eu-west-1.amazonaws.com"), ["Certificate"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Creates a key and a certificate for a host. */
async function openssl(folder: string, host: string): Promise<void> {
  const words = `req -x509 -newkey rsa:2048 -nodes -keyout ${folder}/key -out ${folder}/pem -days 30`;
  const args = [...words.split(" "), "-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
