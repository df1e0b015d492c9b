/**
 * Tags of load balancers, listeners and target groups. Source: elbv2 API, AddTags, RemoveTags and DescribeTags.
 *
 * @module
 */
import type { Account } from "../account/account.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import { required, shapes, text, texts, validationError } from "../wire/input.ts";
import { listenerOf, requestedBalancer, requestedGroup } from "./lookup.ts";

/** Maximum number of tags on one resource. Source: ALB guide, "Tags". */
const MAX_TAGS = 50;

/** Maximum number of resources in a call of DescribeTags. */
const MAX_RESOURCES = 20;

/** Tags by key. */
type Tags = Readonly<Record<string, string>>;

/** Returns the API actions of Elastic Load Balancing v2 on tags. */
export function tagActions(account: Account, read: () => Snapshot): Service {
  /** Changes the tags of the resources that a request names. */
  const change = (input: Shape, edit: (tags: Tags) => Tags): void => {
    const arns = resourceArns(input);
    const changed = arns.map((arn) => checkCount(edit(tagsOf(account.current, arn))));
    arns.forEach((arn, index) => putTags(account, arn, changed[index] ?? {}));
  };

  return {
    AddTags: (input) => {
      const added = readTags(input);
      change(input, (tags) => ({ ...tags, ...added }));
      return {};
    },

    RemoveTags: (input) => {
      const keys = texts(input, "TagKeys");
      change(
        input,
        (tags) => Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key))),
      );
      return {};
    },

    DescribeTags: (input) => {
      const snapshot = read();
      const arns = resourceArns(input);
      if (arns.length > MAX_RESOURCES) {
        throw validationError(`The number of resources must not exceed ${MAX_RESOURCES}`);
      }
      return {
        TagDescriptions: arns.map((ResourceArn) => ({
          ResourceArn,
          Tags: Object.entries(tagsOf(snapshot, ResourceArn)).map(([Key, Value]) => ({ Key, Value })),
        })),
      };
    },
  };
}

/** Reads the tags of a request. Throws AwsError. */
export function readTags(input: Shape): Tags {
  const tags = shapes(input, "Tags").map((tag) =>
    [required(text(tag, "Key"), "Key"), text(tag, "Value") ?? ""] as const
  );
  if (new Set(tags.map(([key]) => key)).size < tags.length) {
    throw new AwsError("DuplicateTagKeys", "The same tag key is given twice");
  }
  const invalid = tags.find(([key, value]) =>
    key === "" || key.length > 128 || value.length > 256 || key.startsWith("aws:")
  );
  if (invalid !== undefined) throw validationError(`The tag key '${invalid[0]}' or its value is not valid`);
  return checkCount(Object.fromEntries(tags));
}

function checkCount(tags: Tags): Tags {
  if (Object.keys(tags).length <= MAX_TAGS) return tags;
  throw new AwsError("TooManyTags", `More than ${MAX_TAGS} tags on a resource`);
}

function resourceArns(input: Shape): readonly string[] {
  const arns = texts(input, "ResourceArns");
  return required(arns.length > 0 ? arns : undefined, "ResourceArns");
}

/** Returns the kind of the resource of an ARN. Throws AwsError ValidationError. */
function kindOf(arn: string): string {
  const [, kind] =
    /^arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:(loadbalancer|listener|targetgroup)\//.exec(arn) ?? [];
  if (kind === undefined) throw validationError(`'${arn}' is not a valid resource ARN`);
  return kind;
}

function tagsOf(snapshot: Snapshot, arn: string): Tags {
  switch (kindOf(arn)) {
    case "loadbalancer":
      return requestedBalancer(snapshot, { LoadBalancerArn: arn }).tags;
    case "targetgroup":
      return requestedGroup(snapshot, { TargetGroupArn: arn }).tags;
    default:
      return listenerOf(snapshot, arn).listener.tags;
  }
}

function putTags(account: Account, arn: string, tags: Tags): void {
  switch (kindOf(arn)) {
    case "loadbalancer":
      return account.putV2Balancer({ ...requestedBalancer(account.current, { LoadBalancerArn: arn }), tags });
    case "targetgroup":
      return account.putTargetGroups({ ...requestedGroup(account.current, { TargetGroupArn: arn }), tags });
    default: {
      const { balancer, listener } = listenerOf(account.current, arn);
      const listeners = balancer.listeners.map((other) => other === listener ? { ...listener, tags } : other);
      return account.putV2Balancer({ ...balancer, listeners });
    }
  }
}
