/**
 * Query protocols inbound: a form's dotted names to nested input. Two dialects: awsQuery (`Instances.member.1.InstanceId`,
 * `Attributes.entry.1.key`) and ec2Query (`Filter.1.Value.2`, lists flattened and named in the singular).
 * Source: Smithy, AWS query and EC2 query protocols.
 *
 * @module
 */
import type { Shape } from "./action.ts";

/** A form's names as a tree; a leaf is the text of a value. */
type Tree = Map<string, Tree | string>;

/** Lists that the SDK for JavaScript sends as `Instances=` when they are empty; any other empty value is an empty text. */
const LISTS: ReadonlySet<string> = new Set([
  "AlarmActions",
  "AlarmNames",
  "AlarmTypes",
  "AvailabilityZones",
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
  "SecurityGroups",
  "SubnetMappings",
  "Subnets",
  "TagKeys",
  "Tags",
  "TargetGroupArns",
  "Targets",
]);

/** Reads an awsQuery form. */
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

/** Lists whose name on the wire is not theirs in the singular. Source: botocore ec2/2016-11-15, locationName. */
const EC2_LISTS: Readonly<Record<string, string>> = {
  LaunchTemplateVersion: "Versions",
  ResourceId: "Resources",
};

/** Reads an ec2Query form. */
export function readEc2Query(form: URLSearchParams): Shape {
  return structure(tree(form), (name, value) => {
    const items = numbered(value);
    if (items === undefined) return undefined;
    // A few have their plural on the wire as well: IpPermissions.
    return [EC2_LISTS[name] ?? (name.endsWith("s") ? name : `${name}s`), items];
  });
}

/** How a dialect reads one name, as the API's name and a value or list of branches; undefined: a plain value or structure. */
type Dialect = (name: string, value: Tree | string) => [string, unknown] | undefined;

function structure(branch: Tree, dialect: Dialect): Shape {
  const output: Record<string, unknown> = {};
  const read = (value: unknown): unknown => {
    if (value instanceof Map) return structure(value as Tree, dialect);
    return Array.isArray(value) ? value.map(read) : value;
  };
  for (const [name, value] of branch) {
    const [key, content] = dialect(name, value) ?? [name, value];
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

/** The branches of a list in order of their numbers; undefined unless all the names are numbers. */
function numbered(value: Tree | string | undefined): (Tree | string)[] | undefined {
  if (!(value instanceof Map)) return undefined;
  const items = [...value];
  if (!items.every(([name]) => /^\d+$/.test(name))) return undefined;
  return items.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);
}

/** `entry` lists as a map; SNS's message attributes call key and value Name and Value. */
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
