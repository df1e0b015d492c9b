/**
 * AWS's partitions: groups of regions that have their own ARN prefix and domain.
 *
 * Source: botocore's partitions.json.
 *
 * @module
 */

/** A partition of AWS. */
export interface Partition {
  /** Partition name, which is the second part of an ARN. */
  readonly name: string;
  /** Domain of the partition's API endpoints. */
  readonly domain: string;
  readonly regions: RegExp;
}

const STANDARD: Partition = {
  name: "aws",
  domain: "amazonaws.com",
  regions: /^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d{1,2}$/,
};

/** All partitions of AWS. */
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

/** Returns the partition of a region. A region that matches no other partition belongs to the standard partition `aws`. */
export function partitionOf(region: string): Partition {
  return PARTITIONS.find(({ regions }) => regions.test(region)) ?? STANDARD;
}
