/**
 * Downloads and caches the certificates of message signatures.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { CertificateError, readCertificate } from "./certificate.ts";

const log = getLogger(["kas", "sns"]);

/** Limits, and what tests replace. */
export interface CertificateOptions {
  readonly fetch?: typeof fetch;
  /** ms since the epoch. */
  readonly now?: () => number;
  /** Limit of a whole download, ms. Well below the 15 s that SNS waits for the answer to its POST. */
  readonly timeout?: number;
  /** Bytes of a certificate at most. SNS's certificates have about 2,000. */
  readonly maxSize?: number;
  /** How long a failure is cached, ms. Shorter than the 20 s after which SNS retries. */
  readonly forgetFailure?: number;
}

/** Certificates in the cache at most. SNS has one for a region, and two while it replaces one. */
const MAX_CERTIFICATES = 16;
/** Failures in the cache at most. They are separate, so that forged URLs cannot push certificates out. */
const MAX_FAILURES = 256;
/** Concurrent downloads at most, for the same reason. */
const MAX_DOWNLOADS = 8;

/**
 * Creates a function that loads the certificate at a trusted URL. Concurrent calls share a download. A certificate
 * is cached until it expires. A failure or an expired certificate is cached for a short time.
 *
 * The function rejects with {@linkcode CertificateError}.
 */
export function certificateLoader(
  options: CertificateOptions = {},
): (url: string) => Promise<X509Certificate> {
  const { now = Date.now, forgetFailure = 10_000 } = options;
  const certificates = new Map<string, { readonly certificate: X509Certificate; readonly at: number }>();
  const failures = new Map<string, { readonly error: CertificateError; readonly at: number }>();
  const downloads = new Map<string, Promise<X509Certificate>>();

  const load = async (url: string): Promise<X509Certificate> => {
    try {
      const certificate = await download(url, options);
      setBounded(certificates, url, { certificate, at: now() }, MAX_CERTIFICATES);
      return certificate;
    } catch (error) {
      if (error instanceof CertificateError) setBounded(failures, url, { error, at: now() }, MAX_FAILURES);
      throw error;
    } finally {
      downloads.delete(url);
    }
  };

  return (url) => {
    const isFresh = ({ at }: { readonly at: number }) => Math.abs(now() - at) < forgetFailure;
    const cached = certificates.get(url);
    // SNS may have renewed an expired certificate at the same URL.
    if (cached !== undefined && (now() <= cached.certificate.validToDate.getTime() || isFresh(cached))) {
      return Promise.resolve(cached.certificate);
    }
    const failure = failures.get(url);
    if (failure !== undefined && isFresh(failure)) return Promise.reject(failure.error);
    const shared = downloads.get(url);
    if (shared !== undefined) return shared;
    if (downloads.size >= MAX_DOWNLOADS) {
      return Promise.reject(new CertificateError("too many certificates are being downloaded", true));
    }
    const loading = load(url);
    downloads.set(url, loading);
    return loading;
  };
}

/** Sets an entry, and drops the oldest entry if there are too many. */
function setBounded<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
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
      throw new CertificateError(`the certificate's URL answers ${response.status}`, true);
    }
    return readCertificate(await readText(response, maxSize));
  } catch (cause) {
    const error = stop.signal.aborted ? stop.signal.reason : cause;
    if (error instanceof CertificateError) throw error;
    log.warn("cannot download a signing certificate: {cause}", { cause: String(error), url });
    throw new CertificateError("the certificate cannot be downloaded", true, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function readText(response: Response, maxSize: number): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxSize) {
      throw new CertificateError(`the certificate is larger than ${maxSize} bytes`, true);
    }
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}
