import { assertEquals, assertMatch } from "@std/assert";
import { signingUrlProblem } from "../../../src/sns/signing_url.ts";
import { CERT_URL, TOPIC } from "./fixtures.ts";

const SANDBOX = "http://127.0.0.1:4580";

const TRUSTED: readonly [url: string, topicArn: string][] = [
  [CERT_URL, TOPIC],
  [CERT_URL.replace("eu-west-1", "us-east-1"), TOPIC.replace("eu-west-1", "us-east-1")],
  [CERT_URL.replace("eu-west-1", "us-gov-west-1"), "arn:aws-us-gov:sns:us-gov-west-1:123456789012:kas"],
  [CERT_URL.replace("eu-west-1", "mx-central-1"), TOPIC.replace("eu-west-1", "mx-central-1")],
  [
    CERT_URL.replace("eu-west-1.amazonaws.com", "cn-north-1.amazonaws.com.cn"),
    "arn:aws-cn:sns:cn-north-1:123456789012:kas",
  ],
  [
    "https://sns.eusc-de-east-1.amazonaws.eu/SimpleNotificationService-1.pem",
    "arn:aws-eusc:sns:eusc-de-east-1:1:k",
  ],
  [
    "https://sns.us-iso-east-1.c2s.ic.gov/SimpleNotificationService-1.pem",
    "arn:aws-iso:sns:us-iso-east-1:1:k",
  ],
  [
    "https://sns.us-isob-east-1.sc2s.sgov.gov/SimpleNotificationService-1.pem",
    "arn:aws-iso-b:sns:us-isob-east-1:1:k",
  ],
  [
    "https://sns.eu-isoe-west-1.cloud.adc-e.uk/SimpleNotificationService-1.pem",
    "arn:aws-iso-e:sns:eu-isoe-west-1:1:k",
  ],
  [
    "https://sns.us-isof-south-1.csp.hci.ic.gov/SimpleNotificationService-1.pem",
    "arn:aws-iso-f:sns:us-isof-south-1:1:k",
  ],
];
for (const [url, topicArn] of TRUSTED) {
  Deno.test(`signingUrlProblem() trusts ${url} for ${topicArn}`, () =>
    assertEquals(signingUrlProblem(url, topicArn), undefined));
}

const PATH = "/SimpleNotificationService-0123456789abcdef.pem";
const UNTRUSTED: Readonly<Record<string, string>> = {
  "http": CERT_URL.replace("https", "http"),
  "another scheme": CERT_URL.replace("https", "file"),
  "a scheme in upper case": CERT_URL.replace("https", "HTTPS"),
  "another host": `https://example.com${PATH}`,
  "a host with the same ending": `https://evil-sns.eu-west-1.amazonaws.com${PATH}`,
  "a host with a longer ending": `https://sns.eu-west-1.amazonaws.com.example.com${PATH}`,
  "a host with a letter instead of a dot": `https://sns.eu-west-1xamazonaws.com${PATH}`,
  "an S3 bucket called sns, dashed": `https://sns.s3-ap-southeast-2.amazonaws.com${PATH}`,
  "an S3 bucket called sns, dotted": `https://sns.s3.eu-west-1.amazonaws.com${PATH}`,
  "an S3 website": `https://sns.s3-website-eu-west-1.amazonaws.com${PATH}`,
  "no region": `https://sns.amazonaws.com${PATH}`,
  "another region": `https://sns.us-east-1.amazonaws.com${PATH}`,
  "China's domain for a region elsewhere": `https://sns.eu-west-1.amazonaws.com.cn${PATH}`,
  "an upper-case host": `https://SNS.EU-WEST-1.AMAZONAWS.COM${PATH}`,
  "a trailing dot": `https://sns.eu-west-1.amazonaws.com.${PATH}`,
  "a Cyrillic letter": `https://sns.eu-west-1.аmazonaws.com${PATH}`,
  "a full-width letter that IDNA maps": `https://ｓns.eu-west-1.amazonaws.com${PATH}`,
  "an ideographic full stop that IDNA maps": `https://sns.eu-west-1.amazonaws。com${PATH}`,
  "a user": `https://evil@sns.eu-west-1.amazonaws.com${PATH}`,
  "the right host as a user": `https://sns.eu-west-1.amazonaws.com@evil.com${PATH}`,
  "the right host and path before a user": `${CERT_URL}@evil.com/`,
  "a port": `https://sns.eu-west-1.amazonaws.com:443${PATH}`,
  "another port": `https://sns.eu-west-1.amazonaws.com:8443${PATH}`,
  "a query": `${CERT_URL}?x=.pem`,
  "a fragment": `${CERT_URL}#.pem`,
  "another path": "https://sns.eu-west-1.amazonaws.com/evil.pem",
  "a deeper path": `https://sns.eu-west-1.amazonaws.com/bucket${PATH}`,
  "dots in the path": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-/../evil.pem",
  "an encoded slash": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-%2f.pem",
  "another ending": CERT_URL.replace(".pem", ".pem.exe"),
  "a backslash": `https://sns.eu-west-1.amazonaws.com\\${PATH}`,
  "a newline before": `\n${CERT_URL}`,
  "a newline after": `${CERT_URL}\n`,
  "a tab within": CERT_URL.replace("sns", "s\tns"),
  "an empty text": "",
  "a file name": "SimpleNotificationService-1.pem",
};
for (const [what, url] of Object.entries(UNTRUSTED)) {
  Deno.test(`signingUrlProblem() rejects ${what}`, () => {
    assertMatch(signingUrlProblem(url, TOPIC) ?? "", /./);
    assertMatch(signingUrlProblem(url, TOPIC, SANDBOX) ?? "", /./);
  });
}

Deno.test("signingUrlProblem() does not accept an S3 bucket as a region, even if the topic's ARN contains it", () => {
  const url = UNTRUSTED["an S3 bucket called sns, dashed"] ?? "";
  assertMatch(signingUrlProblem(url, "arn:aws:sns:s3-ap-southeast-2:123456789012:kas") ?? "", /region/);
});

for (
  const [what, topicArn] of [
    ["a region of another partition", "arn:aws:sns:cn-north-1:123456789012:kas"],
    ["China's region with the standard domain", "arn:aws-cn:sns:cn-north-1:123456789012:kas"],
    ["an unknown partition", "arn:aws-moon:sns:cn-north-1:123456789012:kas"],
    ["no ARN", "kas"],
  ] as const
) {
  Deno.test(`signingUrlProblem() rejects cn-north-1.amazonaws.com for a topic with ${what}`, () =>
    assertMatch(signingUrlProblem(CERT_URL.replace("eu-west-1", "cn-north-1"), topicArn) ?? "", /./));
}

Deno.test("signingUrlProblem() trusts URLs under the trusted prefix, and URLs of AWS", () => {
  assertEquals(signingUrlProblem(`${SANDBOX}${PATH}`, TOPIC, SANDBOX), undefined);
  assertEquals(signingUrlProblem(`${SANDBOX}${PATH}`, TOPIC, `${SANDBOX}/`), undefined);
  assertEquals(signingUrlProblem(`${SANDBOX}/certs/1.pem`, TOPIC, `${SANDBOX}/certs`), undefined);
  assertEquals(signingUrlProblem(CERT_URL, TOPIC, SANDBOX), undefined);
});

const BESIDE_PREFIX: Readonly<Record<string, [url: string, prefix: string]>> = {
  "an empty prefix": [`${SANDBOX}${PATH}`, ""],
  "the prefix as a user": [`${SANDBOX}@evil.com${PATH}`, SANDBOX],
  "the host as a user": [`http://127.0.0.1@evil.com${PATH}`, "http://127.0.0.1"],
  "a user at the right host": [`http://evil@127.0.0.1:4580${PATH}`, SANDBOX],
  "a port with the same beginning": [`${SANDBOX}0${PATH}`, SANDBOX],
  "a host with the same beginning": [`http://127.0.0.1.evil.com${PATH}`, "http://127.0.0.1"],
  "another scheme": [`https://127.0.0.1:4580${PATH}`, SANDBOX],
  "a folder with the same beginning": [`${SANDBOX}/certs-evil/1.pem`, `${SANDBOX}/certs`],
  "a parent folder": [`${SANDBOX}/certs/../evil.pem`, `${SANDBOX}/certs`],
  "an encoded parent folder": [`${SANDBOX}/certs/%2e%2e/evil.pem`, `${SANDBOX}/certs`],
  "a query": [`${SANDBOX}${PATH}?to=evil`, SANDBOX],
  "a full-width digit, which a parser repairs": [`http://１27.0.0.1:4580${PATH}`, SANDBOX],
  "a character that a parser drops": [`http://127.0.0\u200b.1:4580${PATH}`, SANDBOX],
  "an additional slash, which a parser drops": [`http:///127.0.0.1:4580${PATH}`, SANDBOX],
  "upper case": [`HTTP://127.0.0.1:4580${PATH}`, SANDBOX],
};
for (const [what, [url, prefix]] of Object.entries(BESIDE_PREFIX)) {
  Deno.test(`signingUrlProblem() rejects ${what} with a trusted prefix`, () => {
    assertMatch(signingUrlProblem(url, TOPIC, prefix) ?? "", /./);
  });
}
