/**
 * Reads an action's output by path, with the API's names.
 *
 * @module
 */

/**
 * Returns the value at a path such as `Reservations.0.Instances.0.State.Name`; undefined if there is none. `*` selects
 * every item of a list and makes the result a flat list.
 */
export function at(output: unknown, path: string): unknown {
  const found = path.split(".").reduce<readonly unknown[]>(
    (places, name) =>
      places.flatMap((place) => {
        if (name === "*") return Array.isArray(place) ? place : [];
        return [(place as Readonly<Record<string, unknown>> | null | undefined)?.[name]];
      }),
    [output],
  );
  return path.includes("*") ? found : found[0];
}
