/**
 * Downloads and caches the certificates with which SNS signs messages.
 *
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { CertificateError, readCertificate } from "./certificate.ts";

const log = getLogger(["kas", "sns"]);

/** Limits of the certificate loader, and parts that tests replace. */
export interface CertificateOptions {
  readonly fetch?: typeof fetch;
  /** Returns the current time in ms since the epoch. Default: Date.now. */
  readonly now?: () => number;
  /** Maximum duration of a download in ms. It must be much shorter than the 15 s that SNS waits for a response to its POST. */
  readonly timeout?: number;
  /** Maximum size of a certificate in bytes. The certificates of SNS have about 2,000 bytes. */
  readonly maxSize?: number;
  /** How long the loader caches a failed download, in ms. Must be shorter than the 20 s after which SNS retries. */
  readonly forgetFailure?: number;
}

/** Maximum number of cached certificates. SNS has one certificate per region, and two while SNS replaces a certificate. */
const MAX_CERTIFICATES = 16;
/**
 * Maximum number of cached failures. Failures have a separate cache, so that an attacker's URLs cannot evict
 * certificates.
 */
const MAX_FAILURES = 256;
/** Maximum number of concurrent downloads. The limit prevents an attacker's URLs from causing many requests. */
const MAX_DOWNLOADS = 8;

/**
 * Returns a function that loads the certificate at a trusted URL. Concurrent calls for the same URL share one download. The
 * loader caches a certificate until the certificate expires, and a failure or an expired certificate for a short time.
 *
 * The returned function rejects with {@linkcode CertificateError}.
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
    // SNS may have renewed an expired certificate at the same URL, so the loader downloads the certificate again.
    if (cached !== undefined && (now() <= cached.certificate.validToDate.getTime() || isFresh(cached))) {
      return Promise.resolve(cached.certificate);
    }
    const failure = failures.get(url);
    if (failure !== undefined && isFresh(failure)) return Promise.reject(failure.error);
    const shared = downloads.get(url);
    if (shared !== undefined) return shared;
    if (downloads.size >= MAX_DOWNLOADS) {
      return Promise.reject(new CertificateError("too many certificate downloads are in progress", true));
    }
    const loading = load(url);
    downloads.set(url, loading);
    return loading;
  };
}

/** Sets an entry of a map. Deletes the oldest entry if the map has more than `max` entries. */
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
    () => stop.abort(new CertificateError(`the certificate download took longer than ${timeout} ms`, true)),
    timeout,
  );
  try {
    const response = await fetchUrl(url, { redirect: "manual", signal: stop.signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new CertificateError(`the certificate's URL returned HTTP status ${response.status}`, true);
    }
    return readCertificate(await readText(response, maxSize));
  } catch (cause) {
    const error = stop.signal.aborted ? stop.signal.reason : cause;
    if (error instanceof CertificateError) throw error;
    log.warn("cannot download a signing certificate: {cause}", { cause: String(error), url });
    throw new CertificateError("the download of the certificate failed", true, { cause: error });
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
