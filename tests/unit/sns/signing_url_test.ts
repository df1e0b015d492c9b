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
];
for (const [url, topicArn] of TRUSTED) {
  Deno.test(`signingUrlFault() trusts ${url} for ${topicArn}`, () =>
    assertEquals(signingUrlProblem(url, topicArn), undefined));
}

const PATH = "/SimpleNotificationService-0123456789abcdef.pem";
const UNTRUSTED: Readonly<Record<string, string>> = {
  "http": CERT_URL.replace("https", "http"),
  "another scheme": CERT_URL.replace("https", "file"),
  "a scheme in upper case": CERT_URL.replace("https", "HTTPS"),
  "another host": `https://example.com${PATH}`,
  "a host that ends alike": `https://evil-sns.eu-west-1.amazonaws.com${PATH}`,
  "a host that goes on": `https://sns.eu-west-1.amazonaws.com.example.com${PATH}`,
  "a host with another dot": `https://sns.eu-west-1xamazonaws.com${PATH}`,
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
  "nothing": "",
  "no URL": "SimpleNotificationService-1.pem",
};
for (const [what, url] of Object.entries(UNTRUSTED)) {
  Deno.test(`signingUrlFault() refuses ${what}`, () => {
    assertMatch(signingUrlProblem(url, TOPIC) ?? "", /^it/);
    assertMatch(signingUrlProblem(url, TOPIC, SANDBOX) ?? "", /^it/);
  });
}

Deno.test("signingUrlFault() takes an S3 bucket for no region, even if the topic's ARN were to say so", () => {
  const url = UNTRUSTED["an S3 bucket called sns, dashed"] ?? "";
  assertMatch(signingUrlProblem(url, "arn:aws:sns:s3-ap-southeast-2:123456789012:kas") ?? "", /form/);
});

Deno.test("signingUrlFault() trusts what is under the trusted prefix, beside AWS", () => {
  assertEquals(signingUrlProblem(`${SANDBOX}${PATH}`, TOPIC, SANDBOX), undefined);
  assertEquals(signingUrlProblem(`${SANDBOX}${PATH}`, TOPIC, `${SANDBOX}/`), undefined);
  assertEquals(signingUrlProblem(`${SANDBOX}/certs/1.pem`, TOPIC, `${SANDBOX}/certs`), undefined);
  assertEquals(signingUrlProblem(CERT_URL, TOPIC, SANDBOX), undefined);
});

const BESIDE_PREFIX: Readonly<Record<string, [url: string, prefix: string]>> = {
  "no prefix at all": [`${SANDBOX}${PATH}`, ""],
  "the prefix as a user": [`${SANDBOX}@evil.com${PATH}`, SANDBOX],
  "the host as a user": [`http://127.0.0.1@evil.com${PATH}`, "http://127.0.0.1"],
  "a user at the right host": [`http://evil@127.0.0.1:4580${PATH}`, SANDBOX],
  "a port that begins alike": [`${SANDBOX}0${PATH}`, SANDBOX],
  "a host that begins alike": [`http://127.0.0.1.evil.com${PATH}`, "http://127.0.0.1"],
  "another scheme": [`https://127.0.0.1:4580${PATH}`, SANDBOX],
  "a folder that begins alike": [`${SANDBOX}/certs-evil/1.pem`, `${SANDBOX}/certs`],
  "a way up": [`${SANDBOX}/certs/../evil.pem`, `${SANDBOX}/certs`],
  "an encoded way up": [`${SANDBOX}/certs/%2e%2e/evil.pem`, `${SANDBOX}/certs`],
  "a query": [`${SANDBOX}${PATH}?to=evil`, SANDBOX],
  "a full-width digit, which a parser mends": [`http://１27.0.0.1:4580${PATH}`, SANDBOX],
  "a character that a parser leaves out": [`http://127.0.0\u200b.1:4580${PATH}`, SANDBOX],
  "a slash more, which a parser leaves out": [`http:///127.0.0.1:4580${PATH}`, SANDBOX],
  "another case": [`HTTP://127.0.0.1:4580${PATH}`, SANDBOX],
};
for (const [what, [url, prefix]] of Object.entries(BESIDE_PREFIX)) {
  Deno.test(`signingUrlFault() refuses ${what} with a trusted prefix`, () => {
    assertMatch(signingUrlProblem(url, TOPIC, prefix) ?? "", /^it/);
  });
}
