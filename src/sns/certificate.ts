/**
 * The certificates that sign messages, fetched by URL: bounded in time and size, without redirects, kept by URL.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { getLogger } from "@logtape/logtape";

const log = getLogger(["kas", "sns"]);

/** Why there is no certificate. `temporary`: another try may get it. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  constructor(message: string, readonly temporary: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The bounds, and what is outside of this program. */
export interface CertificateOptions {
  readonly fetch?: typeof fetch;
  /** ms since the epoch. */
  readonly now?: () => number;
  /** Longest wait for the whole certificate, ms. Well under the 15 s that SNS waits for the answer to its POST. */
  readonly timeout?: number;
  /** Bytes. SNS's certificates have about 2,000. */
  readonly maxSize?: number;
  /** How long a failure is remembered, ms: shorter than the 20 s after which SNS tries again. */
  readonly forgetFailure?: number;
}

/** Certificates kept; SNS has one a region, and a second one while it changes them. */
const MAX_KEPT = 16;
/** Failures remembered. Kept apart from the certificates, so that a flood of forged URLs can't drive those out. */
const MAX_FAILURES = 256;
/** Fetches at a time, for the same reason. */
const MAX_FETCHES = 8;

/**
 * Gets the certificate at a URL that has been found trustworthy. Calls at the same time share one fetch; a certificate is
 * kept, a failure remembered for a short time.
 *
 * The returned function throws {@linkcode CertificateError}.
 */
export function certificates(options: CertificateOptions = {}): (url: string) => Promise<X509Certificate> {
  const { now = Date.now, forgetFailure = 10_000 } = options;
  const kept = new Map<string, X509Certificate>();
  const failures = new Map<string, { readonly error: CertificateError; readonly at: number }>();
  const underWay = new Map<string, Promise<X509Certificate>>();

  const get = async (url: string): Promise<X509Certificate> => {
    try {
      const certificate = await download(url, options);
      keep(kept, url, certificate, MAX_KEPT);
      return certificate;
    } catch (error) {
      if (error instanceof CertificateError) keep(failures, url, { error, at: now() }, MAX_FAILURES);
      throw error;
    } finally {
      underWay.delete(url);
    }
  };

  return (url) => {
    const certificate = kept.get(url);
    if (certificate !== undefined) return Promise.resolve(certificate);
    const failure = failures.get(url);
    if (failure !== undefined && Math.abs(now() - failure.at) < forgetFailure) {
      return Promise.reject(failure.error);
    }
    const shared = underWay.get(url);
    if (shared !== undefined) return shared;
    if (underWay.size >= MAX_FETCHES) {
      return Promise.reject(new CertificateError("too many certificates are being fetched", true));
    }
    const fetching = get(url);
    underWay.set(url, fetching);
    return fetching;
  };
}

/** Reads a PEM certificate. @throws {CertificateError} where it is none, or its key is not RSA */
export function readCertificate(pem: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new CertificateError("what is there is no certificate", false, { cause });
  }
  const { asymmetricKeyType: type } = certificate.publicKey;
  if (type !== "rsa") throw new CertificateError(`the certificate's key is ${type}, not RSA`, false);
  return certificate;
}

/** Drops the oldest entry where there are too many. */
function keep<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}

async function download(url: string, options: CertificateOptions): Promise<X509Certificate> {
  const { fetch: fetchUrl = fetch, timeout = 5_000, maxSize = 65_536 } = options;
  const stop = new AbortController();
  const timer = setTimeout(
    () => stop.abort(new CertificateError(`no certificate within ${timeout} ms`, true)),
    timeout,
  );
  try {
    const response = await fetchUrl(url, { redirect: "manual", signal: stop.signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new CertificateError(
        `its URL answers ${response.status}`,
        response.status >= 500 || response.status === 429,
      );
    }
    return readCertificate(await boundedText(response, maxSize));
  } catch (cause) {
    const error = stop.signal.aborted ? stop.signal.reason : cause;
    if (error instanceof CertificateError) throw error;
    log.warn("cannot fetch a signing certificate: {cause}", { cause: String(error), url });
    throw new CertificateError("it can't be fetched", true, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function boundedText(response: Response, maxSize: number): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxSize) throw new CertificateError(`it is larger than ${maxSize} bytes`, false);
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}
