/**
 * Names, API versions and XML namespaces of the simulated AWS services. Source: botocore, metadata.apiVersion and xmlNamespace.
 *
 * @module
 */

/**
 * Name of a service, as in a SigV4 credential scope. ELB v2 has the same scope as Classic ELB; only the API version of a request
 * distinguishes the two.
 */
export type ServiceName = "ec2" | "elasticloadbalancing" | "elasticloadbalancing-v2" | "monitoring" | "sns";

/** Service names by API version. */
export const VERSIONS: Readonly<Record<string, ServiceName>> = {
  "2016-11-15": "ec2",
  "2012-06-01": "elasticloadbalancing",
  "2015-12-01": "elasticloadbalancing-v2",
  "2010-08-01": "monitoring",
  "2010-03-31": "sns",
};

/** XML namespaces of the responses, by service. */
export const NAMESPACES: Readonly<Record<ServiceName, string>> = {
  ec2: "http://ec2.amazonaws.com/doc/2016-11-15/",
  elasticloadbalancing: "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/",
  "elasticloadbalancing-v2": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  monitoring: "http://monitoring.amazonaws.com/doc/2010-08-01/",
  sns: "http://sns.amazonaws.com/doc/2010-03-31/",
};

/** Returns the prefix of a service's IAM actions. Both versions of ELB have the same prefix. */
export function iamPrefix(service: ServiceName): string {
  return service === "monitoring" ? "cloudwatch" : service.replace(/-v2$/, "");
}
