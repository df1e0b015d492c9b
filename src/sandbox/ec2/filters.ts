/**
 * Filters and pages of EC2's Describe actions.
 *
 * @module
 */
import { AwsError, type Shape } from "../wire/action.ts";
import { number, shapes, text, texts } from "../wire/input.ts";
import { type Page, page } from "../wire/paging.ts";

/** Minimum of MaxResults. Source: EC2 API, DescribeInstances. */
const MIN_PAGE = 5;
const MAX_PAGE = 1_000;

/**
 * Returns the items that match every filter of the request. An item matches a filter if it matches at least one of the filter's
 * values. In values, `*` and `?` are wildcards, and `\` makes the next character literal. Throws AwsError InvalidParameterValue
 * for an unknown filter. Source: EC2 user guide, Using_Filtering.
 *
 * @param values function that returns an item's values for the name of a filter, or undefined if no such filter exists
 */
export function applyFilters<T>(
  items: readonly T[],
  input: Shape,
  values: (item: T, filter: string) => readonly (string | undefined)[] | undefined,
): T[] {
  const filters = shapes(input, "Filters").map((filter) => ({
    name: text(filter, "Name") ?? "",
    patterns: texts(filter, "Values").map(wildcardPattern),
  }));
  return items.filter((item) =>
    filters.every(({ name, patterns }) => {
      const itemValues = values(item, name);
      if (itemValues === undefined) {
        throw new AwsError("InvalidParameterValue", `The filter '${name}' is invalid`);
      }
      return itemValues.some((value) =>
        value !== undefined && patterns.some((pattern) => pattern.test(value))
      );
    })
  );
}

function wildcardPattern(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\\([*?\\])|([*?])|([^\w\s])/g,
    (_, escaped?: string, wild?: string, other?: string) => {
      if (wild !== undefined) return wild === "*" ? "[^]*" : "[^]";
      return `\\${escaped ?? other}`;
    },
  );
  return new RegExp(`^${source}$`);
}

/**
 * Returns one page of the items, sorted by their keys. Without MaxResults, the page contains all items. Throws AwsError
 * InvalidParameterValue or InvalidNextToken.
 */
export function pageOf<T>(items: readonly T[], keyOf: (item: T) => string, input: Shape): Page<T> {
  const size = number(input, "MaxResults") ?? Infinity;
  if (size < MIN_PAGE || (size > MAX_PAGE && size !== Infinity)) {
    const message =
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value from ${MIN_PAGE} to ${MAX_PAGE}`;
    throw new AwsError("InvalidParameterValue", message);
  }
  return page(items, keyOf, size, text(input, "NextToken"), () => {
    return new AwsError("InvalidNextToken", "The specified NextToken is invalid");
  });
}
