/**
 * Reading an action's output by path, in the API's own names.
 *
 * @module
 */

/**
 * What stands at a path such as `Reservations.0.Instances.0.State.Name`, undefined where nothing does; `*` is each of a list,
 * and makes the result a flat list.
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
