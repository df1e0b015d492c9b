import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CertificateError, certificateLoader, readCertificate } from "../../../src/sns/certificate.ts";
import { makeSigner } from "../../../src/sandbox/sns/certificate.ts";
import {
  DISGUISED_CERTIFICATE,
  EC_CERTIFICATE,
  ED25519_CERTIFICATE,
  FOREIGN_CERTIFICATE,
  SHORT_CERTIFICATE,
} from "./bad_certificates.ts";
import { NOW, SIGNER } from "./fixtures.ts";

/** A server that answers every request alike, and counts them. */
function server(answer: (request: Request) => Response | Promise<Response>) {
  const requests: string[] = [];
  const http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    requests.push(new URL(request.url).pathname);
    return answer(request);
  });
  return {
    url: `http://127.0.0.1:${http.addr.port}/cert.pem`,
    requests,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
}

const pem = () => new Response(SIGNER.pem);

/** "ok", or why there is no certificate and whether another try may get it. */
async function outcome(certificate: Promise<unknown>): Promise<string> {
  try {
    await certificate;
    return "ok";
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return `${error.temporary ? "later" : "never"}: ${error.message}`;
  }
}

Deno.test("certificates() fetches a certificate once and keeps it", async () => {
  await using cert = server(pem);
  const get = certificateLoader();
  const [first, again] = [await get(cert.url), await get(cert.url)];
  assertEquals(first.subject, "CN=sns.amazonaws.com");
  assertEquals(first, again);
  assertEquals(cert.requests.length, 1);
});

Deno.test("certificates() shares one fetch among those who ask at the same time", async () => {
  const asked = Promise.withResolvers<void>();
  await using cert = server(async () => {
    await asked.promise;
    return pem();
  });
  const get = certificateLoader();
  const all = Array.from({ length: 20 }, () => get(cert.url));
  asked.resolve();
  assertEquals(new Set(await Promise.all(all)).size, 1);
  assertEquals(cert.requests.length, 1);
});

Deno.test("certificates() follows no redirect", async () => {
  await using real = server(pem);
  for (const status of [301, 302, 303, 307, 308]) {
    await using cert = server(() => Response.redirect(real.url, status));
    assertEquals(await outcome(certificateLoader()(cert.url)), `later: its URL answers ${status}`);
  }
  assertEquals(real.requests, []);
});

/** What can't be had now may come later (503); what has come and is no good never will be (403). */
const ANSWERS: readonly [what: string, answer: () => Response, outcome: string][] = [
  ["a page that is not there", () => new Response("", { status: 404 }), "later: its URL answers 404"],
  ["a proxy that forbids it", () => new Response("", { status: 403 }), "later: its URL answers 403"],
  ["a server in trouble", () => new Response("", { status: 503 }), "later: its URL answers 503"],
  ["a server that throttles", () => new Response("", { status: 429 }), "later: its URL answers 429"],
  ["an empty answer that is fine", () => new Response(null, { status: 204 }), "later: its URL answers 204"],
  ["a page", () => new Response("<html>"), "later: what is there is no certificate"],
  ["nothing", () => new Response(""), "later: what is there is no certificate"],
  ["half of one", () => new Response(SIGNER.pem.slice(0, 500)), "later: what is there is no certificate"],
  [
    "one with a byte too few",
    () => new Response(SIGNER.pem.replace(/^(.{200})./s, "$1")),
    "later: what is there is no certificate",
  ],
  [
    "a key of another kind",
    () => new Response(EC_CERTIFICATE),
    "never: the certificate's key is ec, not RSA",
  ],
  [
    "an Ed25519 key",
    () => new Response(ED25519_CERTIFICATE),
    "never: the certificate's key is ed25519, not RSA",
  ],
  [
    "a short key",
    () => new Response(SHORT_CERTIFICATE),
    "never: the certificate's key has 1024 bits, not 2048",
  ],
  [
    "another host's",
    () => new Response(FOREIGN_CERTIFICATE),
    "never: the certificate is not for sns.amazonaws.com",
  ],
  [
    "another host's that has SNS's common name",
    () => new Response(DISGUISED_CERTIFICATE),
    "never: the certificate is not for sns.amazonaws.com",
  ],
  ["too much", () => new Response(SIGNER.pem + "x".repeat(65_536)), "later: it is larger than 65536 bytes"],
  ["an endless stream", () => new Response(endless()), "later: it is larger than 65536 bytes"],
];
for (const [what, answer, expected] of ANSWERS) {
  Deno.test(`certificates() refuses ${what}`, async () => {
    await using cert = server(answer);
    assertEquals(await outcome(certificateLoader()(cert.url)), expected);
  });
}

/** Sends as fast as it is read. */
function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(16_384)) });
}

Deno.test("certificates() takes a certificate under whatever content type it comes", async () => {
  for (const type of ["text/html", "application/octet-stream", ""]) {
    await using cert = server(() => new Response(SIGNER.pem, { headers: { "content-type": type } }));
    assertEquals(await outcome(certificateLoader()(cert.url)), "ok");
  }
});

Deno.test("certificates() stops reading an answer soon after its bound", async () => {
  let sent = 0;
  const cancelled = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 16_384;
      controller.enqueue(new Uint8Array(16_384));
    },
    cancel: () => cancelled.resolve(),
  }, { highWaterMark: 0 });
  const get = certificateLoader({ fetch: () => Promise.resolve(new Response(stream as BodyInit)) });
  assertEquals(await outcome(get("https://example.com/")), "later: it is larger than 65536 bytes");
  await cancelled.promise;
  assertEquals(sent, 5 * 16_384);
});

Deno.test("certificates() gives up on a server that never answers, and on one that never ends", async () => {
  const closing = new AbortController();
  const silent = new Promise<Response>((resolve) =>
    closing.signal.addEventListener("abort", () => resolve(pem()))
  );
  let half: ReadableStreamDefaultController<Uint8Array> | undefined;
  await using never = server(() => silent);
  await using slow = server(() =>
    new Response(
      new ReadableStream({
        start: (controller) => {
          half = controller;
          controller.enqueue(new TextEncoder().encode(SIGNER.pem.slice(0, 100)));
        },
        cancel: () => half = undefined,
      }),
    )
  );
  const get = certificateLoader({ timeout: 20 });
  assertEquals(await outcome(get(never.url)), "later: no certificate within 20 ms");
  assertEquals(await outcome(get(slow.url)), "later: no certificate within 20 ms");
  closing.abort();
  half?.close();
});

Deno.test("certificates() asks for another try where nobody listens", async () => {
  const gone = server(pem);
  await gone[Symbol.asyncDispose]();
  assertEquals(await outcome(certificateLoader()(gone.url)), "later: it can't be fetched");
});

Deno.test("certificates() remembers a failure for a short time only", async () => {
  let status = 500;
  let now = NOW;
  await using cert = server(() => new Response(SIGNER.pem, { status }));
  const get = certificateLoader({ now: () => now, forgetFailure: 10_000 });
  await assertRejects(() => get(cert.url), CertificateError);
  status = 200;
  now += 9_999;
  await assertRejects(() => get(cert.url), CertificateError);
  assertEquals(cert.requests.length, 1);
  now += 1;
  assertEquals((await get(cert.url)).subject, "CN=sns.amazonaws.com");
});

Deno.test("certificates() forgets a failure at once when the clock was set back", async () => {
  let status = 500;
  let now = NOW;
  await using cert = server(() => new Response(SIGNER.pem, { status }));
  const get = certificateLoader({ now: () => now });
  await assertRejects(() => get(cert.url), CertificateError);
  status = 200;
  now -= 3_600_000;
  await get(cert.url);
});

Deno.test("certificates() keeps its certificates through a flood of URLs that lead nowhere", async () => {
  await using cert = server((
    { url },
  ) => (url.endsWith("/cert.pem") ? pem() : new Response("", { status: 404 })));
  const get = certificateLoader();
  await get(cert.url);
  for (let i = 0; i < 300; i++) await outcome(get(`${cert.url}?${i}`));
  const asked = cert.requests.length;
  await get(cert.url);
  assertEquals(cert.requests.length, asked);
});

Deno.test("certificates() takes the new certificate's URL beside the old one's while the signer changes", async () => {
  const next = makeSigner(NOW);
  await using cert = server(({ url }) => new Response(url.endsWith("?next") ? next.pem : SIGNER.pem));
  const get = certificateLoader();
  const pems = [await get(cert.url), await get(`${cert.url}?next`), await get(cert.url)].map(String);
  assertEquals(pems, [SIGNER.pem, next.pem, SIGNER.pem]);
  assertEquals(cert.requests.length, 2);
});

Deno.test("certificates() asks again for a certificate that expired while it was kept, now and then", async () => {
  const day = 24 * 3_600_000;
  let signer = SIGNER;
  let now = NOW;
  await using cert = server(() => new Response(signer.pem));
  const get = certificateLoader({ now: () => now, forgetFailure: 10_000 });
  await get(cert.url);
  now = NOW + day;
  await get(cert.url);
  assertEquals(cert.requests.length, 1);
  now += 1_000;
  assertEquals(String(await get(cert.url)), SIGNER.pem);
  assertEquals(String(await get(cert.url)), SIGNER.pem);
  assertEquals(cert.requests.length, 2);
  signer = makeSigner(now);
  now += 10_000;
  assertEquals(String(await get(cert.url)), signer.pem);
  assertEquals(cert.requests.length, 3);
});

Deno.test("certificates() keeps a bounded number, and lets the one go that was not used for longest", async () => {
  await using cert = server(pem);
  const get = certificateLoader();
  for (let i = 0; i < 17; i++) await get(`${cert.url}?${i}`);
  await get(`${cert.url}?1`);
  assertEquals(cert.requests.length, 17);
  await get(`${cert.url}?17`);
  await get(`${cert.url}?1`);
  assertEquals(cert.requests.length, 18);
  await get(`${cert.url}?2`);
  assertEquals(cert.requests.length, 19);
});

Deno.test("certificates() fetches a bounded number at a time", async () => {
  const open = Promise.withResolvers<void>();
  await using cert = server(async () => {
    await open.promise;
    return pem();
  });
  const get = certificateLoader();
  const first = Array.from({ length: 8 }, (_, i) => get(`${cert.url}?${i}`));
  assertEquals(await outcome(get(`${cert.url}?8`)), "later: too many certificates are being fetched");
  open.resolve();
  await Promise.all(first);
  await get(`${cert.url}?8`);
});

Deno.test("readCertificate() takes the first certificate of a chain, and nothing that is none", () => {
  assertEquals(readCertificate(SIGNER.pem + EC_CERTIFICATE).subject, "CN=sns.amazonaws.com");
  assertThrows(() => readCertificate(EC_CERTIFICATE + SIGNER.pem), CertificateError, "ec, not RSA");
  assertThrows(() => readCertificate("-----BEGIN CERTIFICATE-----\n"), CertificateError, "no certificate");
});
