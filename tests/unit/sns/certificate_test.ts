import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { CertificateError, readCertificate } from "../../../src/sns/certificate.ts";
import { certificateLoader } from "../../../src/sns/certificate_loader.ts";
import { makeSigner } from "../../../src/sandbox/sns/certificate.ts";
import { EC_CERTIFICATE, ED25519_CERTIFICATE, SHORT_CERTIFICATE } from "./bad_certificates.ts";
import { NOW, SIGNER } from "./fixtures.ts";

/** Starts a server that gives every request the same answer, and records the requested paths. */
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

/** Returns "ok" for a certificate, or the kind of the error. */
async function outcome(certificate: Promise<unknown>): Promise<"ok" | "temporary" | "permanent"> {
  try {
    await certificate;
    return "ok";
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.temporary ? "temporary" : "permanent";
  }
}

Deno.test("certificateLoader() downloads a certificate only once", async () => {
  await using cert = server(pem);
  const get = certificateLoader();
  const [first, again] = [await get(cert.url), await get(cert.url)];
  assertEquals(first.subject, "CN=sns.amazonaws.com");
  assertEquals(first, again);
  assertEquals(cert.requests.length, 1);
});

Deno.test("concurrent calls of certificateLoader() share one download", async () => {
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

Deno.test("certificateLoader() does not follow redirects", async () => {
  await using real = server(pem);
  for (const status of [301, 302, 303, 307, 308]) {
    await using cert = server(() => Response.redirect(real.url, status));
    assertEquals(await outcome(certificateLoader()(cert.url)), "temporary");
  }
  assertEquals(real.requests, []);
});

/** Answers without a usable certificate, and whether a later attempt may succeed. */
const ANSWERS: readonly [
  what: string,
  answer: () => Response,
  result: "temporary" | "permanent",
  why: RegExp,
][] = [
  ["a page that does not exist", () => new Response("", { status: 404 }), "temporary", /404/],
  ["a proxy that forbids it", () => new Response("", { status: 403 }), "temporary", /403/],
  ["a server error", () => new Response("", { status: 503 }), "temporary", /503/],
  ["throttling", () => new Response("", { status: 429 }), "temporary", /429/],
  ["no content", () => new Response(null, { status: 204 }), "temporary", /204/],
  ["an HTML page", () => new Response("<html>"), "temporary", /not a certificate/],
  ["an empty body", () => new Response(""), "temporary", /not a certificate/],
  ["half a certificate", () => new Response(SIGNER.pem.slice(0, 500)), "temporary", /not a certificate/],
  [
    "a certificate without one byte",
    () => new Response(SIGNER.pem.replace(/^(.{200})./s, "$1")),
    "temporary",
    /not a certificate/,
  ],
  ["an elliptic-curve key", () => new Response(EC_CERTIFICATE), "permanent", / ec /],
  ["an Ed25519 key", () => new Response(ED25519_CERTIFICATE), "permanent", / ed25519 /],
  ["a short key", () => new Response(SHORT_CERTIFICATE), "permanent", / 1024 /],
  ["too many bytes", () => new Response(SIGNER.pem + "x".repeat(65_536)), "temporary", / 65536 /],
  ["an endless stream", () => new Response(endless()), "temporary", / 65536 /],
];
for (const [what, answer, result, why] of ANSWERS) {
  Deno.test(`certificateLoader() rejects ${what} with a ${result} error`, async () => {
    await using cert = server(answer);
    const error = await assertRejects(() => certificateLoader()(cert.url), CertificateError);
    assertEquals(error.temporary, result === "temporary");
    assertMatch(error.message, why);
  });
}

/** A body without an end. */
function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(16_384)) });
}

Deno.test("certificateLoader() ignores the content type of the response", async () => {
  for (const type of ["text/html", "application/octet-stream", ""]) {
    await using cert = server(() => new Response(SIGNER.pem, { headers: { "content-type": type } }));
    assertEquals(await outcome(certificateLoader()(cert.url)), "ok");
  }
});

Deno.test("certificateLoader() stops reading a response at the size limit", async () => {
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
  assertEquals(await outcome(get("https://example.com/")), "temporary");
  await cancelled.promise;
  assertEquals(sent, 5 * 16_384);
});

Deno.test("certificateLoader() has a time limit for the start and for the end of a response", async () => {
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
  assertEquals(await outcome(get(never.url)), "temporary");
  assertEquals(await outcome(get(slow.url)), "temporary");
  closing.abort();
  half?.close();
});

Deno.test("certificateLoader() treats a refused connection as a temporary error", async () => {
  const gone = server(pem);
  await gone[Symbol.asyncDispose]();
  assertEquals(await outcome(certificateLoader()(gone.url)), "temporary");
});

Deno.test("certificateLoader() caches a failure for a short time", async () => {
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

Deno.test("certificateLoader() forgets a cached failure if the clock was set back", async () => {
  let status = 500;
  let now = NOW;
  await using cert = server(() => new Response(SIGNER.pem, { status }));
  const get = certificateLoader({ now: () => now });
  await assertRejects(() => get(cert.url), CertificateError);
  status = 200;
  now -= 3_600_000;
  await get(cert.url);
});

Deno.test("many failed downloads do not remove certificates from the cache", async () => {
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

Deno.test("certificateLoader() caches both the old and the new certificate while SNS replaces a certificate", async () => {
  const next = makeSigner(NOW);
  await using cert = server(({ url }) => new Response(url.endsWith("?next") ? next.pem : SIGNER.pem));
  const get = certificateLoader();
  const pems = [await get(cert.url), await get(`${cert.url}?next`), await get(cert.url)].map(String);
  assertEquals(pems, [SIGNER.pem, next.pem, SIGNER.pem]);
  assertEquals(cert.requests.length, 2);
});

Deno.test("certificateLoader() downloads an expired certificate again after a short time", async () => {
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

Deno.test("certificateLoader() caches a limited number of certificates, and removes the oldest certificate first", async () => {
  await using cert = server(pem);
  const get = certificateLoader();
  for (let i = 0; i < 17; i++) await get(`${cert.url}?${i}`);
  await get(`${cert.url}?1`);
  await get(`${cert.url}?16`);
  assertEquals(cert.requests.length, 17);
  await get(`${cert.url}?0`);
  assertEquals(cert.requests.length, 18);
});

Deno.test("certificateLoader() limits the number of concurrent downloads", async () => {
  const open = Promise.withResolvers<void>();
  await using cert = server(async () => {
    await open.promise;
    return pem();
  });
  const get = certificateLoader();
  const first = Array.from({ length: 8 }, (_, i) => get(`${cert.url}?${i}`));
  assertEquals(await outcome(get(`${cert.url}?8`)), "temporary");
  open.resolve();
  await Promise.all(first);
  await get(`${cert.url}?8`);
});

Deno.test("readCertificate() reads the first certificate of a chain", () => {
  assertEquals(readCertificate(SIGNER.pem + EC_CERTIFICATE).subject, "CN=sns.amazonaws.com");
  assertThrows(() => readCertificate(EC_CERTIFICATE + SIGNER.pem), CertificateError, " ec ");
  assertThrows(() => readCertificate("-----BEGIN CERTIFICATE-----\n"), CertificateError, "not a certificate");
});
