/**
 * EC2's API actions on tags. Source of the limits: EC2 user guide, Using_Tags.
 *
 * @module
 */
import { boolean, shapes, text } from "../wire/input.ts";
import { AwsError, type Service, type Shape } from "../wire/action.ts";
import type { Account } from "../account/account.ts";
import type { Snapshot } from "../account/snapshot.ts";
import { dryRunSucceeded, missingParameter, requestedResources } from "./request.ts";
import { applyFilters, pageOf } from "./filters.ts";

/** Maximum number of tags on one resource. */
const MAX_TAGS = 50;

/**
 * Returns EC2's API actions on tags.
 *
 * @param read function that returns the snapshot of the account that API reads use; the snapshot can be stale
 */
export function tagActions(account: Account, read: () => Snapshot): Service {
  return {
    CreateTags: (input) => {
      const resources = requestedResources(account.current, input);
      const tags = readTags(input);
      if (Object.keys(tags).length === 0) missingParameter("Tag");
      if (boolean(input, "DryRun")) throw dryRunSucceeded();
      const merged = resources.map((instance) => ({ ...instance, tags: { ...instance.tags, ...tags } }));
      if (merged.some((instance) => Object.keys(instance.tags).length > MAX_TAGS)) {
        throw new AwsError("TagLimitExceeded", `More than ${MAX_TAGS} tags on a resource`);
      }
      account.putInstances(...merged);
    },

    DeleteTags: (input) => {
      const resources = requestedResources(account.current, input);
      const tags = shapes(input, "Tags").map((tag) => ({ key: text(tag, "Key"), value: text(tag, "Value") }));
      if (boolean(input, "DryRun")) throw dryRunSucceeded();
      // A DeleteTags request without tags deletes all tags. A requested tag without a value matches any value of the key.
      const isDeleted = (key: string, value: string) =>
        tags.length === 0 ||
        tags.some((tag) => tag.key === key && (tag.value === undefined || tag.value === value));
      account.putInstances(...resources.map((instance) => ({
        ...instance,
        tags: Object.fromEntries(
          Object.entries(instance.tags).filter(([key, value]) => !isDeleted(key, value)),
        ),
      })));
    },

    DescribeTags: (input) => {
      const tags = [...read().instances.values()].flatMap(({ id, tags }) =>
        Object.entries(tags).map(([Key, Value]) => ({ Key, Value, ResourceId: id, ResourceType: "instance" }))
      );
      const { items, NextToken } = pageOf(
        applyFilters(tags, input, tagFilterValues),
        ({ ResourceId, Key }) => `${ResourceId} ${Key}`,
        input,
      );
      return { Tags: items, NextToken };
    },
  };
}

/** Reads the tags of a request. Throws AwsError InvalidParameterValue. */
export function readTags(input: Shape): Record<string, string> {
  const tags = Object.fromEntries(
    shapes(input, "Tags").map((tag) => [text(tag, "Key") ?? "", text(tag, "Value") ?? ""]),
  );
  for (const [key, value] of Object.entries(tags)) {
    if (key === "" || key.length > 128 || value.length > 256 || key.startsWith("aws:")) {
      throw new AwsError(
        "InvalidParameterValue",
        `Tag key "${key}" is reserved, empty or too long, or its value is too long`,
      );
    }
  }
  return tags;
}

function tagFilterValues(tag: Shape, filter: string): readonly string[] | undefined {
  const name =
    { "key": "Key", "value": "Value", "resource-id": "ResourceId", "resource-type": "ResourceType" }[filter];
  return name === undefined ? undefined : [String(tag[name])];
}
