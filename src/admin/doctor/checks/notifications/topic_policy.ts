/**
 * Checks whether a topic's policy allows CloudWatch to publish to the topic.
 *
 * Source: SNS developer guide, "Example cases for access control"; CloudWatch user guide, "Notifying users on alarm changes".
 *
 * @module
 */
import { PARTITIONS } from "../../../../sns/partitions.ts";

/** The service principals of CloudWatch. Partitions with a domain of their own may use it or the standard one. */
const CLOUDWATCH: ReadonlySet<string> = new Set(PARTITIONS.map(({ domain }) => `cloudwatch.${domain}`));

/** One text or a list of texts. A policy allows both. */
type Texts = string | readonly string[];

interface Statement {
  readonly Sid?: string;
  readonly Effect?: string;
  readonly Principal?: string | Readonly<Record<string, Texts>>;
  readonly NotPrincipal?: string | Readonly<Record<string, Texts>>;
  readonly Action?: Texts;
  readonly NotAction?: Texts;
  readonly Condition?: unknown;
}

/**
 * Returns why a topic's policy does not allow CloudWatch to publish, or undefined if the policy allows it.
 *
 * This function assumes that the condition of an Allow statement is met, because SNS's default policy has a condition on the
 * account. It ignores a Deny statement with a condition, because such a statement may concern other requests, such as requests
 * without TLS.
 */
export function whyCloudWatchIsDenied(json: string): string | undefined {
  let statements: readonly Statement[];
  try {
    const { Statement } = JSON.parse(json) as { Statement?: Statement | readonly Statement[] };
    statements = [Statement ?? []].flat();
  } catch {
    return "is not JSON";
  }
  const about = statements.filter((statement) => concernsPublish(statement) && concernsCloudWatch(statement));
  const denial = about.find(({ Effect, Condition }) => Effect === "Deny" && Condition === undefined);
  if (denial !== undefined) {
    return `denies CloudWatch sns:Publish${denial.Sid === undefined ? "" : ` in statement ${denial.Sid}`}`;
  }
  return about.some(({ Effect }) => Effect === "Allow") ? undefined : "does not allow CloudWatch sns:Publish";
}

function concernsPublish({ Action, NotAction }: Statement): boolean {
  const matches = (patterns: Texts) => texts(patterns).some((pattern) => matchesAction(pattern));
  return Action === undefined ? NotAction !== undefined && !matches(NotAction) : matches(Action);
}

/**
 * Returns whether a pattern such as `SNS:Publish`, `sns:*`, `sns:Pub*` or `*` matches the action sns:Publish. IAM does not
 * distinguish upper and lower case in actions.
 */
function matchesAction(pattern: string): boolean {
  const escaped = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test("sns:publish");
}

function concernsCloudWatch({ Principal, NotPrincipal }: Statement): boolean {
  return Principal === undefined ? NotPrincipal !== undefined && !names(NotPrincipal) : names(Principal);
}

function names(principal: NonNullable<Statement["Principal"]>): boolean {
  if (typeof principal === "string") return principal === "*";
  const { AWS = [], Service = [] } = principal;
  return texts(AWS).includes("*") ||
    texts(Service).some((service) => service === "*" || CLOUDWATCH.has(service));
}

function texts(value: Texts): readonly string[] {
  return [value].flat();
}
