/**
 * The hosts that serve SNS's signing certificates, and the host names in the certificates (R14). Both depend on the region.
 *
 * Sources: `SnsHostProvider` of aws-sdk-java-v2; the certificate of af-south-1, which has only the regional names.
 *
 * @module
 */
import { PARTITIONS } from "./partitions.ts";

/** The host that serves a region's signing certificates, and the host names that these certificates may contain. */
export interface SignerHosts {
  /** Host of SigningCertURL, such as `sns.eu-west-1.amazonaws.com`. */
  readonly host: string;
  /** Host names for SNS in the region. A signing certificate must contain at least one of these names. */
  readonly names: readonly string[];
}

/**
 * Returns the signer hosts for a topic's region. Returns undefined if the ARN of the topic contains no valid region of its
 * partition. For example, the region `s3-ap-southeast-2` is invalid: its host would be the S3 bucket "sns".
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
  // Both GovCloud regions sign messages with the certificate of the western region.
  if (name === "aws-us-gov") names.push(`sns-us-gov-west-1.${domain}`);
  return { host: `sns.${region}.${domain}`, names };
}
