/**
 * The certificates that sign messages, fetched by URL: bounded in time and size, without redirects, kept by URL.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { getLogger } from "@logtape/logtape";

const log = getLogger(["kas", "sns"]);

/**
 * Why there is no certificate to go by. `temporary`: it could not be had, and another try may get it; otherwise there is one
 * that no try makes better.
 */
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

/** Certificates kept, those used last; SNS has one a region, and a second one while it changes them. */
const MAX_KEPT = 16;
/** Failures remembered. Kept apart from the certificates, so that a flood of forged URLs can't drive those out. */
const MAX_FAILURES = 256;
/** Fetches at a time, for the same reason. */
const MAX_FETCHES = 8;
/** Bits of an RSA key. Source: CA/Browser Forum baseline requirements 6.1.5. */
const MIN_KEY = 2_048;
/** Whom a signing certificate names: `sns.amazonaws.com`, or the same with a region or of China's partition. */
const SIGNER_NAME = /^sns\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?$/;

/**
 * Gets the certificate at a URL that has been found trustworthy. Calls at the same time share one fetch; a certificate is
 * kept until it expires, a failure and an expired one remembered for a short time.
 *
 * The returned function throws {@linkcode CertificateError}.
 */
export function certificateLoader(
  options: CertificateOptions = {},
): (url: string) => Promise<X509Certificate> {
  const { now = Date.now, forgetFailure = 10_000 } = options;
  const kept = new Map<string, { readonly certificate: X509Certificate; readonly at: number }>();
  const failures = new Map<string, { readonly error: CertificateError; readonly at: number }>();
  const inProgress = new Map<string, Promise<X509Certificate>>();

  const get = async (url: string): Promise<X509Certificate> => {
    try {
      const certificate = await download(url, options);
      keep(kept, url, { certificate, at: now() }, MAX_KEPT);
      return certificate;
    } catch (error) {
      if (error instanceof CertificateError) keep(failures, url, { error, at: now() }, MAX_FAILURES);
      throw error;
    } finally {
      inProgress.delete(url);
    }
  };

  return (url) => {
    const fresh = ({ at }: { readonly at: number }) => Math.abs(now() - at) < forgetFailure;
    const known = kept.get(url);
    // One that has expired may have been renewed where it was.
    if (known !== undefined && (now() <= known.certificate.validToDate.getTime() || fresh(known))) {
      keep(kept, url, known, MAX_KEPT);
      return Promise.resolve(known.certificate);
    }
    const failure = failures.get(url);
    if (failure !== undefined && fresh(failure)) return Promise.reject(failure.error);
    const shared = inProgress.get(url);
    if (shared !== undefined) return shared;
    if (inProgress.size >= MAX_FETCHES) {
      return Promise.reject(new CertificateError("too many certificates are being fetched", true));
    }
    const fetching = get(url);
    inProgress.set(url, fetching);
    return fetching;
  };
}

/**
 * Reads a PEM certificate, the first one where there are several. When it is valid is the message's check to say.
 *
 * @throws {CertificateError} temporary where it is none: an error's page, half an answer; not temporary where it is one that
 *   SNS does not sign with: not RSA of 2,048 bits or more, or another's than SNS's by its names
 */
export function readCertificate(pem: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new CertificateError("what is there is no certificate", true, { cause });
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength: bits = 0 } = {} } =
    certificate.publicKey;
  if (type !== "rsa") throw new CertificateError(`the certificate's key is ${type}, not RSA`, false);
  if (bits < MIN_KEY) {
    throw new CertificateError(`the certificate's key has ${bits} bits, not ${MIN_KEY}`, false);
  }
  if (!names(certificate).some((name) => SIGNER_NAME.test(name))) {
    throw new CertificateError("the certificate is not for sns.amazonaws.com", false);
  }
  return certificate;
}

/** The hosts that a certificate is for; its common name counts where it has no others. Source: RFC 9525. */
function names({ subject, subjectAltName }: X509Certificate): readonly string[] {
  if (subjectAltName) {
    return subjectAltName.split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []));
  }
  return subject.split("\n").flatMap((line) => (line.startsWith("CN=") ? [line.slice(3)] : []));
}

/** Puts an entry last, and drops the first ones where there are too many. */
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
      throw new CertificateError(`its URL answers ${response.status}`, true);
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
    if (size > maxSize) throw new CertificateError(`it is larger than ${maxSize} bytes`, true);
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}
