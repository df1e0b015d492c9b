import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { CertificateError } from "../../../src/sns/certificate.ts";
import { parseMessage } from "../../../src/sns/message.ts";
import { verifyFields } from "../../../src/sns/verify.ts";
import { type Body, CERT_URL, CERTIFICATE, NOW, signed, SIGNER, TOPIC, verdict } from "./fixtures.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TYPES = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] as const;
const at = (ms: number) => ({ Timestamp: new Date(ms).toISOString() });

for (const type of TYPES) {
  for (const version of ["1", "2"] as const) {
    Deno.test(`messageVerifier() accepts a ${type} signed with version ${version}`, async () => {
      assertEquals(await verdict(signed(type, {}, version)), "ok");
    });
  }

  Deno.test(`messageVerifier() rejects a ${type} with a changed character in a signed field`, async () => {
    const original = signed(type, type === "Notification" ? { Subject: "A subject" } : {});
    const unsigned = ["Signature", "SignatureVersion", "SigningCertURL", "UnsubscribeURL"];
    for (const [name, value] of Object.entries(original)) {
      if (unsigned.includes(name)) continue;
      for (const changed of alterations(String(value))) {
        assertMatch(await verdict({ ...original, [name]: changed }), /^40[03] /, `${name}: ${changed}`);
      }
    }
  });
}

/** The text with its first, middle and last character changed, one more, and one fewer. */
function alterations(text: string): readonly string[] {
  const change = (i: number) => text.slice(0, i) + (text[i] === "1" ? "2" : "1") + text.slice(i + 1);
  return [change(0), change(text.length >> 1), change(text.length - 1), `${text}1`, text.slice(0, -1)];
}

Deno.test("the signed text distinguishes an empty Subject from an absent Subject", async () => {
  const without = signed("Notification");
  const empty = signed("Notification", { Subject: "" });
  assertEquals([await verdict(without), await verdict(empty)], ["ok", "ok"]);
  assertMatch(await verdict({ ...without, Subject: "" }), /^403 Cannot verify Signature/);
  assertMatch(await verdict({ ...empty, Subject: undefined }), /^403 Cannot verify Signature/);
});

Deno.test("the signed text is UTF-8 and contains no JSON escapes", async () => {
  for (const Message of ["Grüße, 世界 🚀", 'a\tb\n"c"\\', "\u0000", "\u2028", "e\u0301"]) {
    const body = signed("Notification", { Message, Subject: "Größe" });
    assertEquals(await verdict(body), "ok", Message);
    const escaped = JSON.stringify(body).replaceAll(
      /[^\x20-\x7e]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    assertEquals(await verdict(escaped), "ok", escaped);
  }
  assertMatch(
    await verdict({ ...signed("Notification", { Message: "é" }), Message: "e\u0301" }),
    /^403 Cannot verify Signature/,
  );
});

Deno.test("messageVerifier() rejects a lone surrogate, which has the same UTF-8 encoding as U+FFFD", async () => {
  assertMatch(
    await verdict({ ...signed("Notification", { Message: "\ufffd" }), Message: "\ud800" }),
    /^403 Cannot verify Signature/,
  );
});

Deno.test("messageVerifier() and parseMessage() use the last of two equal JSON keys", async () => {
  const text = JSON.stringify(signed("Notification"));
  assertMatch(await verdict(text.replace(/}$/, `,"Message":"Evil"}`)), /^403 Cannot verify Signature/);
  const first = text.replace(/^{/, `{"Message":"Evil",`);
  assertEquals(await verdict(first), "ok");
  assertEquals(parseMessage(first).message, "Hello");
});

Deno.test("the text of one field cannot imitate the next field of the signed text", async () => {
  // The signed text of this Message has the same lines as a Message and a Subject.
  const id = "26858270-545e-5848-82a2-e05566af3dcf";
  const body = signed("Notification", { Message: "Hello", MessageId: id, Subject: "a\nTimestamp\nb" });
  assertMatch(await verdict(body), /^400 Subject/);
  assertMatch(await verdict(signed("Notification", { MessageId: `${id}\nSubject\nx` })), /^400 MessageId/);
});

Deno.test("messageVerifier() ignores unsigned fields of a message", async () => {
  const body = {
    ...signed("Notification"),
    MessageAttributes: { TopicArn: { Type: "String", Value: "x" } },
    X: 1,
  };
  assertEquals(await verdict({ ...body, UnsubscribeURL: "http://evil/" }), "ok");
});

Deno.test("messageVerifier() selects the signed fields by the Type of the message", async () => {
  const confirmation = signed("SubscriptionConfirmation");
  assertMatch(
    await verdict({ ...confirmation, Type: "UnsubscribeConfirmation" }),
    /^403 Cannot verify Signature/,
  );
  assertMatch(await verdict({ ...confirmation, Type: "Notification" }), /^403 Cannot verify Signature/);
  assertEquals(await verdict({ ...signed("Notification"), Token: "x" }), "ok");
});

const REFUSED: Readonly<Record<string, [body: Body, reason: RegExp]>> = {
  "a message of another topic with a valid signature": [
    signed("Notification", { TopicArn: `${TOPIC}2` }),
    /^403 Cannot verify TopicArn: /,
  ],
  "a topic that differs in case": [
    signed("Notification", { TopicArn: TOPIC.toUpperCase() }),
    /^403 Cannot verify TopicArn/,
  ],
  "a message that is an hour old": [
    signed("Notification", at(NOW - HOUR)),
    /^403 Cannot verify Timestamp: .* 3600 s/,
  ],
  "a message whose Timestamp is too far in the future": [
    signed("Notification", at(NOW + 5 * MINUTE + 1_000)),
    /^403 Cannot verify Timestamp: .* 301 s/,
  ],
  "version 3": [
    { ...signed("Notification"), SignatureVersion: "3" },
    /^403 Cannot verify SignatureVersion: /,
  ],
  "version 01": [
    { ...signed("Notification"), SignatureVersion: "01" },
    /^403 Cannot verify SignatureVersion/,
  ],
  "SignatureVersion 1 for a signature of version 2": [
    { ...signed("Notification"), SignatureVersion: "1" },
    /^403 Cannot verify Signature: /,
  ],
  "an untrusted SigningCertURL": [
    { ...signed("Notification"), SigningCertURL: "https://evil/x.pem" },
    /^403 Cannot verify SigningCertURL/,
  ],
  "another message's signature": [
    { ...signed("Notification"), Signature: signed("Notification", { Message: "Other" })["Signature"] },
    /^403 Cannot verify Signature/,
  ],
  "a signature of the wrong length": [
    { ...signed("Notification"), Signature: "AAAA" },
    /^403 Cannot verify Signature/,
  ],
};
for (const [what, [body, reason]] of Object.entries(REFUSED)) {
  Deno.test(`messageVerifier() rejects ${what}`, async () => assertMatch(await verdict(body), reason));
}

Deno.test("messageVerifier() accepts a message that is almost an hour old, and a message from five minutes in the future", async () => {
  assertEquals(await verdict(signed("Notification", at(NOW - HOUR + 1))), "ok");
  assertEquals(await verdict(signed("Notification", at(NOW + 5 * MINUTE))), "ok");
});

Deno.test("messageVerifier() rejects a certificate that has expired or is not valid yet", async () => {
  const day = 24 * HOUR;
  const body = (now: number) => signed("Notification", at(now));
  assertEquals(await verdict(body(NOW + day), { now: () => NOW + day }), "ok");
  assertMatch(
    await verdict(body(NOW + day + 1_000), { now: () => NOW + day + 1_000 }),
    /^403 Cannot verify Certificate: .* 2026-11-24T12:00:01/,
  );
  assertMatch(
    await verdict(body(NOW - HOUR - 1_000), { now: () => NOW - HOUR - 1_000 }),
    /^403 Cannot verify Certificate/,
  );
});

Deno.test("messageVerifier() answers 503 to a temporary certificate error, and 403 to a permanent certificate error", async () => {
  const failing = (temporary: boolean) => ({
    certificate: () => Promise.reject(new CertificateError("no", temporary)),
  });
  assertEquals(await verdict(signed("Notification"), failing(true)), "503 Cannot verify Certificate: no");
  assertEquals(await verdict(signed("Notification"), failing(false)), "403 Cannot verify Certificate: no");
});

Deno.test("messageVerifier() loads no certificate for a message that fails an earlier check", async () => {
  let fetched = 0;
  const certificate = () => {
    fetched++;
    return Promise.resolve(CERTIFICATE);
  };
  for (
    const body of [
      signed("Notification", { TopicArn: `${TOPIC}2` }),
      signed("Notification", at(NOW - HOUR)),
      { ...signed("Notification"), SignatureVersion: "3" },
      { ...signed("Notification"), SigningCertURL: "https://evil/x.pem" },
    ]
  ) assertMatch(await verdict(body, { certificate }), /^403/);
  for await (
    const _ of verifyFields(
      parseMessage(JSON.stringify({ ...signed("Notification"), SigningCertURL: "https://evil/" })),
      { topicArns: [TOPIC], certificate },
    )
  );
  assertEquals(fetched, 0);
  assertEquals(await verdict(signed("Notification"), { certificate }), "ok");
  assertEquals(fetched, 1);
});

Deno.test("messageVerifier() loads certificates under the trusted URL prefix", async () => {
  const SigningCertURL = `http://127.0.0.1:4580${SIGNER.path}`;
  const fetched: string[] = [];
  const certificate = (url: string) => {
    fetched.push(url);
    return Promise.resolve(CERTIFICATE);
  };
  assertMatch(
    await verdict(signed("Notification", { SigningCertURL }), { certificate }),
    /^403 Cannot verify SigningCertURL/,
  );
  assertEquals(
    await verdict(signed("Notification", { SigningCertURL }), {
      certificate,
      trustSigner: "http://127.0.0.1:4580",
    }),
    "ok",
  );
  assertEquals(fetched, [SigningCertURL]);
});

Deno.test("verifyFields() yields the result of each field in order, with details", async () => {
  const said: string[] = [];
  const options = { topicArns: [TOPIC], certificate: () => Promise.resolve(CERTIFICATE), now: () => NOW };
  for await (
    const { field, passed, detail } of verifyFields(
      parseMessage(JSON.stringify(signed("Notification"))),
      options,
    )
  ) {
    said.push(`${passed} ${field}: ${detail}`);
  }
  assertEquals(said, [
    `true TopicArn: ${TOPIC}`,
    "true Timestamp: 1 s old",
    "true SignatureVersion: RSA-SHA256",
    `true SigningCertURL: ${CERT_URL}`,
    "true Certificate: CN=sns.amazonaws.com, valid from 2026-11-23T11:00:00.000Z to 2026-11-24T12:00:00.000Z",
    "true Signature: the signature matches the message",
  ]);
});

Deno.test("no error message of messageVerifier() quotes a Token or an UnsubscribeURL", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...TYPES),
      fc.constantFrom(
        "Type",
        "MessageId",
        "TopicArn",
        "Timestamp",
        "SignatureVersion",
        "SigningCertURL",
        "Signature",
        "Token",
      ),
      fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
      async (type, name, value) => {
        const said = await verdict({ ...signed(type), [name]: value });
        assertFalse(/SECRET|Unsubscribe&|\n/.test(said), said);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("messageVerifier() rejects a message that is not from SNS within 50 ms", async () => {
  const body = JSON.stringify(signed("Notification", { TopicArn: `${TOPIC}2`, Message: "x".repeat(1_000) }));
  const began = performance.now();
  for (let i = 0; i < 1_000; i++) assertStringIncludes(await verdict(body), "403");
  assert(performance.now() - began < 1_000 * 50);
});
