/**
 * Reads requests of AWS's query protocols: converts dotted form names to nested input. The protocol awsQuery uses names such as
 * `Instances.member.1.InstanceId` and `Attributes.entry.1.key`. The protocol ec2Query uses names such as `Filter.1.Value.2`, with
 * flattened lists that have singular names. Source: Smithy, AWS query and EC2 query protocols.
 *
 * @module
 */
import type { Shape } from "./action.ts";

/** A form as a tree, with one level for each part of a dotted name. A leaf is the text of a form value. */
type Tree = Map<string, Tree | string>;

/**
 * Names of the parameters that are lists. The SDK for JavaScript sends an empty list as `Instances=`. For any other
 * parameter, an empty value means an empty string.
 */
const LISTS: ReadonlySet<string> = new Set([
  "AlarmActions",
  "AlarmNames",
  "AlarmTypes",
  "Attributes",
  "AvailabilityZones",
  "Certificates",
  "DefaultActions",
  "Dimensions",
  "InsufficientDataActions",
  "Instances",
  "ListenerArns",
  "Listeners",
  "LoadBalancerArns",
  "LoadBalancerNames",
  "Metrics",
  "Names",
  "OKActions",
  "ResourceArns",
  "SecurityGroups",
  "SubnetMappings",
  "Subnets",
  "TagKeys",
  "Tags",
  "TargetGroupArns",
  "Targets",
]);

export function readAwsQuery(form: URLSearchParams): Shape {
  return structure(tree(form), (name, value) => {
    if (typeof value === "string") return [name, value === "" && LISTS.has(name) ? [] : value];
    const items = numbered(value.get("member"));
    if (items !== undefined) return [name, items];
    const entries = numbered(value.get("entry"));
    if (entries !== undefined) return [name, mapOf(entries)];
    return undefined;
  });
}

/** EC2's lists whose form name is not the singular of the API's name. Source: botocore ec2/2016-11-15, locationName. */
const EC2_LISTS: Readonly<Record<string, string>> = {
  LaunchTemplateVersion: "Versions",
  ResourceId: "Resources",
};

export function readEc2Query(form: URLSearchParams): Shape {
  return structure(tree(form), (name, value) => {
    const items = numbered(value);
    if (items === undefined) return undefined;
    // Some lists have a plural name in the form, such as IpPermissions.
    return [EC2_LISTS[name] ?? (name.endsWith("s") ? name : `${name}s`), items];
  });
}

/**
 * Function that reads a list parameter of a query protocol. It returns the API's name of the list and the list's items, or undefined
 * if the parameter is not a list.
 */
type ListReader = (name: string, value: Tree | string) => [string, unknown] | undefined;

function structure(branch: Tree, readList: ListReader): Shape {
  const output: Record<string, unknown> = {};
  const read = (value: unknown): unknown => {
    if (value instanceof Map) return structure(value as Tree, readList);
    return Array.isArray(value) ? value.map(read) : value;
  };
  for (const [name, value] of branch) {
    const [key, content] = readList(name, value) ?? [name, value];
    output[key] = read(content);
  }
  return output;
}

function tree(form: URLSearchParams): Tree {
  const root: Tree = new Map();
  for (const [name, value] of form) {
    if (name === "Action" || name === "Version") continue;
    const path = name.split(".");
    const leaf = path.pop() ?? name;
    let at = root;
    for (const step of path) {
      let next = at.get(step);
      if (!(next instanceof Map)) at.set(step, next = new Map());
      at = next;
    }
    at.set(leaf, value);
  }
  return root;
}

/** Returns the branches of a list in the order of their numbers. Returns undefined unless all names are numbers. */
function numbered(value: Tree | string | undefined): (Tree | string)[] | undefined {
  if (!(value instanceof Map)) return undefined;
  const items = [...value];
  if (!items.every(([name]) => /^\d+$/.test(name))) return undefined;
  return items.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);
}

/** Converts form values such as `entry.1.key` to a tree by key. In SNS's message attributes, Name and Value replace key and value. */
function mapOf(entries: readonly (Tree | string)[]): Tree {
  const map: Tree = new Map();
  for (const entry of entries) {
    if (!(entry instanceof Map)) continue;
    const key = entry.get("key") ?? entry.get("Name");
    const value = entry.get("value") ?? entry.get("Value");
    if (typeof key === "string" && value !== undefined) map.set(key, value);
  }
  return map;
}
