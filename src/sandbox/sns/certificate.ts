/**
 * The signing key and certificate of the sandbox's SNS, and the certificate of its HTTPS listeners. They are self-signed X.509
 * certificates. This module encodes a certificate in DER, because neither Deno nor Node can create a certificate.
 *
 * Source: RFC 5280 section 4.1 (Certificate), ITU-T X.690 (DER).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

/** A self-signed X.509 certificate and its key. */
export interface SelfSigned {
  /** The certificate in DER. */
  readonly der: Buffer;
  /** The certificate in PEM format. */
  readonly pem: string;
  readonly privateKey: KeyObject;
}

/** Signs messages with the same algorithms as SNS. */
export interface Signer {
  /** The X.509 certificate in PEM format. */
  readonly pem: string;
  /** Path of the certificate in its URL: `/SimpleNotificationService-<32 hex digits>.pem`. */
  readonly path: string;
  /**
   * Returns the base64 signature of a canonical string. SignatureVersion 1 uses SHA1 and SignatureVersion 2 uses SHA256, both with
   * RSA PKCS #1 v1.5.
   */
  sign(text: string, version: "1" | "2"): string;
}

const HOUR = 3_600_000;

/**
 * Creates an RSA key and a certificate for a host. The certificate is valid from one hour before `now` until one day after `now`.
 *
 * @param now current time in ms since the epoch
 * @param bits size of the key in bits
 */
export function selfSigned(host: string, now: number = Date.now(), bits = 2_048): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const algorithm = sequence(objectId(SHA256_WITH_RSA), NULL);
  const name = sequence(set(sequence(objectId(COMMON_NAME), element(0x0c, ascii(host)))));
  const alternative = sequence(element(0x82, ascii(host)));
  const extension = sequence(objectId(SUBJECT_ALTERNATIVE_NAME), element(0x04, alternative));
  const body = sequence(
    element(0xa0, integer(Uint8Array.of(2))), // version 3
    integer(randomBytes(16)),
    algorithm,
    name,
    sequence(utcTime(now - HOUR), utcTime(now + 24 * HOUR)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(extension)),
  );
  const signature = createSign("RSA-SHA256").update(body).sign(privateKey);
  const der = sequence(body, algorithm, element(0x03, Uint8Array.of(0), signature)); // no unused bits
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const pem = ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  return { der, pem, privateKey };
}

/**
 * Creates the signer of SNS, with a certificate of its own.
 *
 * @param now current time in ms since the epoch
 * @param bits size of the key in bits. SNS uses 2,048
 */
export function makeSigner(now: number = Date.now(), bits = 2_048): Signer {
  const { der, pem, privateKey } = selfSigned("sns.amazonaws.com", now, bits);
  return {
    pem,
    path: `/SimpleNotificationService-${createHash("sha256").update(der).digest("hex").slice(0, 32)}.pem`,
    sign: (text, version) =>
      createSign(version === "1" ? "RSA-SHA1" : "RSA-SHA256").update(text, "utf8").sign(privateKey, "base64"),
  };
}

/** Object identifiers of the certificate's algorithms and fields, in DER. */
const SHA256_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALTERNATIVE_NAME = [0x55, 0x1d, 0x11];

const NULL = Uint8Array.of(0x05, 0x00);

/** Encodes a DER element: tag, length and contents. */
function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Uint8Array.of(tag, ...length(body.length)), body]);
}

/** Encodes a DER length: one byte below 128, otherwise the number of bytes followed by the bytes. */
function length(n: number): readonly number[] {
  if (n < 0x80) return [n];
  return n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
}

function sequence(...items: readonly Uint8Array[]): Buffer {
  return element(0x30, ...items);
}

function set(...items: readonly Uint8Array[]): Buffer {
  return element(0x31, ...items);
}

function objectId(bytes: readonly number[]): Buffer {
  return element(0x06, Uint8Array.from(bytes));
}

/** Encodes a positive integer in DER. Adds a leading zero byte if the highest bit would otherwise be read as the sign. */
function integer(bytes: Uint8Array): Buffer {
  const significant = bytes.subarray(Math.max(0, bytes.findIndex((byte) => byte !== 0)));
  return element(
    0x02,
    (significant[0] ?? 0) < 0x80 ? significant : Buffer.concat([Uint8Array.of(0), significant]),
  );
}

/** Encodes a time in DER as `YYMMDDHHMMSSZ`. */
function utcTime(at: number): Buffer {
  return element(
    0x17,
    ascii(`${new Date(at).toISOString().replace(/\.\d+Z$/, "").replace(/\D/g, "").slice(2)}Z`),
  );
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
