import { createVerify, X509Certificate } from "node:crypto";
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { makeSigner } from "../../../../src/sandbox/sns/certificate.ts";
import { program, testWith } from "../../../support/needs.ts";

const now = Date.UTC(2025, 8, 16, 16, 59, 17);
const signer = makeSigner(now);

Deno.test("makeSigner() creates a self-signed certificate for SNS's host, valid from an hour ago until tomorrow", () => {
  const certificate = new X509Certificate(signer.pem);
  assertEquals(certificate.subject, "CN=sns.amazonaws.com");
  assertEquals(certificate.issuer, certificate.subject);
  assert(certificate.verify(certificate.publicKey), "signed by its own key");
  assertEquals(certificate.checkHost("sns.amazonaws.com"), "sns.amazonaws.com");
  assertEquals(Date.parse(certificate.validFrom), now - 3_600_000);
  assertEquals(Date.parse(certificate.validTo), now + 24 * 3_600_000);
});

Deno.test("makeSigner() signs with SHA1 and SHA256, and its certificate verifies both signatures", () => {
  const { publicKey } = new X509Certificate(signer.pem);
  for (const [version, algorithm] of [["1", "RSA-SHA1"], ["2", "RSA-SHA256"]] as const) {
    const signature = signer.sign("Message\nÄ\n", version);
    assert(
      createVerify(algorithm).update("Message\nÄ\n", "utf8").verify(publicKey, signature, "base64"),
      algorithm,
    );
    assert(
      !createVerify(algorithm).update("Message\nA\n", "utf8").verify(publicKey, signature, "base64"),
      algorithm,
    );
  }
});

Deno.test("makeSigner() creates a different key and path for each call", () => {
  const other = makeSigner(now);
  assertMatch(other.path, /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/);
  assertNotEquals(other.path, signer.path);
  assertNotEquals(other.sign("text", "2"), signer.sign("text", "2"));
});

testWith([program("openssl")], "openssl can read the certificate of makeSigner()", async () => {
  const openssl = new Deno.Command("openssl", {
    args: ["x509", "-noout", "-text"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = openssl.stdin.getWriter();
  await writer.write(new TextEncoder().encode(signer.pem));
  await writer.close();
  const { success, stdout } = await openssl.output();
  const text = new TextDecoder().decode(stdout);
  assert(success);
  assertStringIncludes(text, "Version: 3 (0x2)");
  assertStringIncludes(text, "Not After : Sep 17 16:59:17 2025 GMT");
  assertStringIncludes(text, "sha256WithRSAEncryption");
  assertStringIncludes(text, "DNS:sns.amazonaws.com");
});
