/**
 * AWS's partitions: groups of regions with their own ARNs and domains.
 *
 * Source: botocore's partitions.json.
 *
 * @module
 */

/** A partition. */
export interface Partition {
  /** The second part of its ARNs. */
  readonly name: string;
  /** The domain of its endpoints. */
  readonly domain: string;
  readonly regions: RegExp;
}

const STANDARD: Partition = {
  name: "aws",
  domain: "amazonaws.com",
  regions: /^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d{1,2}$/,
};

/** All partitions. */
export const PARTITIONS: readonly Partition[] = [
  STANDARD,
  { name: "aws-cn", domain: "amazonaws.com.cn", regions: /^cn-[a-z]+-\d{1,2}$/ },
  { name: "aws-us-gov", domain: "amazonaws.com", regions: /^us-gov-[a-z]+-\d{1,2}$/ },
  { name: "aws-eusc", domain: "amazonaws.eu", regions: /^eusc-[a-z]{2}-[a-z]+-\d{1,2}$/ },
  { name: "aws-iso", domain: "c2s.ic.gov", regions: /^us-iso-[a-z]+-\d{1,2}$/ },
  { name: "aws-iso-b", domain: "sc2s.sgov.gov", regions: /^us-isob-[a-z]+-\d{1,2}$/ },
  { name: "aws-iso-e", domain: "cloud.adc-e.uk", regions: /^eu-isoe-[a-z]+-\d{1,2}$/ },
  { name: "aws-iso-f", domain: "csp.hci.ic.gov", regions: /^us-isof-[a-z]+-\d{1,2}$/ },
];

/** The partition of a region. A region that is in no other partition's form counts as standard. */
export function partitionOf(region: string): Partition {
  return PARTITIONS.find(({ regions }) => regions.test(region)) ?? STANDARD;
}
