/**
 * The hosts of SNS's signing certificates, and the names in the certificates (R14). Both differ by region.
 *
 * Sources: `SnsHostProvider` of aws-sdk-java-v2; the certificate of af-south-1, which has only the regional names.
 *
 * @module
 */
import { PARTITIONS } from "./partitions.ts";

/** Where a topic's region serves its signing certificates, and whom they name. */
export interface SignerHosts {
  /** The host of the SigningCertURL: `sns.eu-west-1.amazonaws.com`. */
  readonly host: string;
  /** The host names that a signing certificate may have. One is enough. */
  readonly names: readonly string[];
}

/**
 * The hosts of a topic's region. Undefined if the topic's ARN has no region of AWS's form in its partition. That
 * excludes the region `s3-ap-southeast-2`, whose host would be the S3 bucket "sns".
 */
export function signerHosts(topicArn: string): SignerHosts | undefined {
  const [, name, , region = ""] = topicArn.split(":");
  const partition = PARTITIONS.find((it) => it.name === name);
  if (partition === undefined || !partition.regions.test(region)) return undefined;
  const { domain } = partition;
  const names = [
    `sns.${domain}`,
    `sns.${region}.${domain}`,
    `sns-${region}.${domain}`,
    `sns-signing.${region}.${domain}`,
  ];
  // Both regions of GovCloud sign with the western one's certificate.
  if (name === "aws-us-gov") names.push(`sns-us-gov-west-1.${domain}`);
  return { host: `sns.${region}.${domain}`, names };
}
