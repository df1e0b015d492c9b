/**
 * Signing certificates of SNS.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";

/** A certificate is missing or unusable. If the error is temporary, a later attempt may succeed. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  constructor(message: string, readonly temporary: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Bits of an RSA key at least. Source: CA/Browser Forum baseline requirements 6.1.5. */
const MIN_KEY = 2_048;

/**
 * Reads a PEM certificate, or the first one of a chain. Its names and its validity period are not checked here.
 *
 * @throws {CertificateError} temporary if the text is not a certificate, for example an error page; permanent if
 *   SNS does not sign with such a key: it is not RSA or too short
 */
export function readCertificate(pem: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new CertificateError("the content is not a certificate", true, { cause });
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength: bits = 0 } = {} } =
    certificate.publicKey;
  if (type !== "rsa") throw new CertificateError(`the certificate's key is ${type}, not RSA`, false);
  if (bits < MIN_KEY) {
    throw new CertificateError(`the certificate's key has ${bits} bits, not ${MIN_KEY}`, false);
  }
  return certificate;
}

/** The host names of a certificate. The common name counts only without alternative names. Source: RFC 9525. */
export function hostNames({ subject, subjectAltName }: X509Certificate): readonly string[] {
  if (subjectAltName) {
    return subjectAltName.split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []));
  }
  return subject.split("\n").flatMap((line) => (line.startsWith("CN=") ? [line.slice(3)] : []));
}
