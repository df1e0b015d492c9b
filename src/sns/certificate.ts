/**
 * Certificates with which SNS signs its messages.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";

/** Error: a signing certificate is missing or unusable. If the error is temporary, a later attempt may succeed. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  constructor(message: string, readonly temporary: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Minimum size of an RSA key in bits. Source: CA/Browser Forum baseline requirements 6.1.5. */
const MIN_KEY = 2_048;

/**
 * Reads a PEM certificate. From a certificate chain, reads the first certificate. Does not check the host names and the validity period.
 *
 * @throws {CertificateError} temporary if the text is not a certificate, for example an error page; permanent if the
 *   certificate's key is not an RSA key or is too short for SNS
 */
export function readCertificate(pem: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new CertificateError("the downloaded text is not a certificate", true, { cause });
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength: bits = 0 } = {} } =
    certificate.publicKey;
  if (type !== "rsa") {
    throw new CertificateError(`the certificate has a key of type ${type} instead of RSA`, false);
  }
  if (bits < MIN_KEY) {
    throw new CertificateError(
      `the certificate's key has ${bits} bits; kas requires at least ${MIN_KEY} bits`,
      false,
    );
  }
  return certificate;
}

/** Returns the host names of a certificate. The common name counts only if there are no alternative names. Source: RFC 9525. */
export function hostNames({ subject, subjectAltName }: X509Certificate): readonly string[] {
  if (subjectAltName) {
    return subjectAltName.split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []));
  }
  return subject.split("\n").flatMap((line) => (line.startsWith("CN=") ? [line.slice(3)] : []));
}
