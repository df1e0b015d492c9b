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
    Deno.test(`verifier() believes a ${type} signed by version ${version}`, async () => {
      assertEquals(await verdict(signed(type, {}, version)), "ok");
    });
  }

  Deno.test(`verifier() does not believe a ${type} once a character of a signed field is another`, async () => {
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

Deno.test("verifier() signs over an empty Subject, and over none where there is none", async () => {
  const without = signed("Notification");
  const empty = signed("Notification", { Subject: "" });
  assertEquals([await verdict(without), await verdict(empty)], ["ok", "ok"]);
  assertMatch(await verdict({ ...without, Subject: "" }), /^403 Signature/);
  assertMatch(await verdict({ ...empty, Subject: undefined }), /^403 Signature/);
});

Deno.test("verifier() signs over Unicode as UTF-8 after JSON's escapes", async () => {
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
    /^403 Signature/,
  );
});

Deno.test("verifier() refuses a lone surrogate, which shares its UTF-8 with U+FFFD", async () => {
  assertMatch(
    await verdict({ ...signed("Notification", { Message: "\ufffd" }), Message: "\ud800" }),
    /^403 Signature/,
  );
});

Deno.test("verifier() goes by the last of two keys, and so does whoever reads the message", async () => {
  const text = JSON.stringify(signed("Notification"));
  assertMatch(await verdict(text.replace(/}$/, `,"Message":"Evil"}`)), /^403 Signature/);
  const first = text.replace(/^{/, `{"Message":"Evil",`);
  assertEquals(await verdict(first), "ok");
  assertEquals(parseMessage(first).message, "Hello");
});

Deno.test("verifier() takes no field's text for the next field's", async () => {
  // What is signed here as one Message reads, line by line, like a Message and a Subject.
  const id = "26858270-545e-5848-82a2-e05566af3dcf";
  const body = signed("Notification", { Message: "Hello", MessageId: id, Subject: "a\nTimestamp\nb" });
  assertMatch(await verdict(body), /^400 Subject/);
  assertMatch(await verdict(signed("Notification", { MessageId: `${id}\nSubject\nx` })), /^400 MessageId/);
});

Deno.test("verifier() ignores what isn't signed: attributes, UnsubscribeURL and unknown fields", async () => {
  const body = {
    ...signed("Notification"),
    MessageAttributes: { TopicArn: { Type: "String", Value: "x" } },
    X: 1,
  };
  assertEquals(await verdict({ ...body, UnsubscribeURL: "http://evil/" }), "ok");
});

Deno.test("verifier() chooses the signed fields by Type: a Token makes a Notification no confirmation", async () => {
  const confirmation = signed("SubscriptionConfirmation");
  assertMatch(await verdict({ ...confirmation, Type: "UnsubscribeConfirmation" }), /^403 Signature/);
  assertMatch(await verdict({ ...confirmation, Type: "Notification" }), /^403 Signature/);
  assertEquals(await verdict({ ...signed("Notification"), Token: "x" }), "ok");
});

const REFUSED: Readonly<Record<string, [body: Body, reason: RegExp]>> = {
  "another topic, though well signed": [
    signed("Notification", { TopicArn: `${TOPIC}2` }),
    /^403 TopicArn: it is not the configured topic's/,
  ],
  "a topic that differs in case": [
    signed("Notification", { TopicArn: TOPIC.toUpperCase() }),
    /^403 TopicArn/,
  ],
  "a message of an hour ago": [signed("Notification", at(NOW - HOUR)), /^403 Timestamp: it is 3600 s old/],
  "a message from the future": [
    signed("Notification", at(NOW + 5 * MINUTE + 1_000)),
    /^403 Timestamp: it is 301 s in the future/,
  ],
  "version 3": [
    { ...signed("Notification"), SignatureVersion: "3" },
    /^403 SignatureVersion: it is neither 1 nor 2/,
  ],
  "version 01": [{ ...signed("Notification"), SignatureVersion: "01" }, /^403 SignatureVersion/],
  "version 1 on a signature of version 2": [
    { ...signed("Notification"), SignatureVersion: "1" },
    /^403 Signature: it does not verify/,
  ],
  "an untrusted SigningCertURL": [
    { ...signed("Notification"), SigningCertURL: "https://evil/x.pem" },
    /^403 SigningCertURL/,
  ],
  "another message's signature": [
    { ...signed("Notification"), Signature: signed("Notification", { Message: "Other" })["Signature"] },
    /^403 Signature/,
  ],
  "a signature of the wrong length": [{ ...signed("Notification"), Signature: "AAAA" }, /^403 Signature/],
};
for (const [what, [body, reason]] of Object.entries(REFUSED)) {
  Deno.test(`verifier() refuses ${what}`, async () => assertMatch(await verdict(body), reason));
}

Deno.test("verifier() believes a message just under an hour old, and one a little ahead of its clock", async () => {
  assertEquals(await verdict(signed("Notification", at(NOW - HOUR + 1))), "ok");
  assertEquals(await verdict(signed("Notification", at(NOW + 5 * MINUTE))), "ok");
});

Deno.test("verifier() refuses a certificate that has expired, or is not valid yet", async () => {
  const day = 24 * HOUR;
  const body = (now: number) => signed("Notification", at(now));
  assertEquals(await verdict(body(NOW + day), { now: () => NOW + day }), "ok");
  assertMatch(
    await verdict(body(NOW + day + 1_000), { now: () => NOW + day + 1_000 }),
    /^403 Certificate: it is valid from .* and not at 2026-11-24T12:00:01/,
  );
  assertMatch(await verdict(body(NOW - HOUR - 1_000), { now: () => NOW - HOUR - 1_000 }), /^403 Certificate/);
});

Deno.test("verifier() asks for another try where the certificate can't be had right now, and for none where it is none", async () => {
  const failing = (temporary: boolean) => ({
    certificate: () => Promise.reject(new CertificateError("no", temporary)),
  });
  assertEquals(await verdict(signed("Notification"), failing(true)), "503 Certificate: no");
  assertEquals(await verdict(signed("Notification"), failing(false)), "403 Certificate: no");
});

Deno.test("verifier() fetches no certificate for a message that is refused without it", async () => {
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
      { topicArn: TOPIC, certificate },
    )
  );
  assertEquals(fetched, 0);
  assertEquals(await verdict(signed("Notification"), { certificate }), "ok");
  assertEquals(fetched, 1);
});

Deno.test("verifier() fetches from under the trusted prefix", async () => {
  const SigningCertURL = `http://127.0.0.1:4580${SIGNER.path}`;
  const fetched: string[] = [];
  const certificate = (url: string) => {
    fetched.push(url);
    return Promise.resolve(CERTIFICATE);
  };
  assertMatch(
    await verdict(signed("Notification", { SigningCertURL }), { certificate }),
    /^403 SigningCertURL/,
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

Deno.test("checks() tells of every field in turn, in words", async () => {
  const said: string[] = [];
  const trust = { topicArn: TOPIC, certificate: () => Promise.resolve(CERTIFICATE), now: () => NOW };
  for await (
    const { field, passed, detail } of verifyFields(
      parseMessage(JSON.stringify(signed("Notification"))),
      trust,
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
    "true Signature: it verifies",
  ]);
});

Deno.test("no refusal repeats a Token or an UnsubscribeURL, whatever is wrong with the message", async () => {
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

Deno.test("verifier() refuses a forged message long before 50 ms are over", async () => {
  const body = JSON.stringify(signed("Notification", { TopicArn: `${TOPIC}2`, Message: "x".repeat(1_000) }));
  const began = performance.now();
  for (let i = 0; i < 1_000; i++) assertStringIncludes(await verdict(body), "403");
  assert(performance.now() - began < 1_000 * 50);
});
