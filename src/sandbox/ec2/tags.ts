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

/** A resource with tags. */
interface Tagged {
  readonly id: string;
  readonly type: "instance" | "security-group";
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Returns EC2's API actions on tags.
 *
 * @param read function that returns the snapshot of the account that API reads use; the snapshot can be stale
 */
export function tagActions(account: Account, read: () => Snapshot): Service {
  /** Changes the tags of the resources that a request names. */
  const change = (input: Shape, edit: (tags: Tagged["tags"]) => Tagged["tags"]): void => {
    const resources = requestedResources(account.current, input);
    const changed = resources.map((resource) => ({ ...resource, tags: edit(resource.tags) }));
    if (changed.some(({ tags }) => Object.keys(tags).length > MAX_TAGS)) {
      throw new AwsError("TagLimitExceeded", `More than ${MAX_TAGS} tags on a resource`);
    }
    if (boolean(input, "DryRun")) throw dryRunSucceeded();
    for (const { id, tags } of changed) {
      const group = account.current.securityGroups.get(id);
      if (group === undefined) account.updateInstance(id, { tags });
      else account.putSecurityGroup({ ...group, tags });
    }
  };

  return {
    CreateTags: (input) => {
      const tags = readTags(input);
      change(input, (before) => {
        if (Object.keys(tags).length === 0) missingParameter("Tag");
        return { ...before, ...tags };
      });
    },

    DeleteTags: (input) => {
      const tags = shapes(input, "Tags").map((tag) => ({ key: text(tag, "Key"), value: text(tag, "Value") }));
      // A DeleteTags request without tags deletes all tags. A requested tag without a value matches any value of the key.
      const isDeleted = (key: string, value: string) =>
        tags.length === 0 ||
        tags.some((tag) => tag.key === key && (tag.value === undefined || tag.value === value));
      change(
        input,
        (before) =>
          Object.fromEntries(Object.entries(before).filter(([key, value]) => !isDeleted(key, value))),
      );
    },

    DescribeTags: (input) => {
      const { instances, securityGroups } = read();
      const tags = [
        ...[...instances.values()].map((instance): Tagged => ({ ...instance, type: "instance" })),
        ...[...securityGroups.values()].map((group): Tagged => ({ ...group, type: "security-group" })),
      ].flatMap(({ id, type, tags }) =>
        tagShapes(tags).map((tag) => ({ ...tag, ResourceId: id, ResourceType: type }) as Shape)
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

/** Formats tags for an API response. */
export function tagShapes(tags: Readonly<Record<string, string>>): Shape[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Reads the tags with which a request creates a resource of one type. Throws AwsError InvalidParameterValue for another type. */
export function specifiedTags(input: Shape, type: string): Record<string, string> {
  return Object.assign(
    {},
    ...shapes(input, "TagSpecifications").map((specification) => {
      const requested = text(specification, "ResourceType");
      if (requested === type) return readTags(specification);
      throw new AwsError(
        "InvalidParameterValue",
        `'${requested}' is not a valid taggable resource type for this operation.`,
      );
    }),
  );
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
