/**
 * Reading an action's input, whose scalars are text or typed according to the protocol that carried them. A value of the
 * wrong kind, and a needed one that is absent, is AWS's ValidationError.
 *
 * @module
 */
import { AwsError, type Shape } from "./action.ts";

/** The error of a request that does not fit the API's model. */
export function validationError(message: string): AwsError {
  return new AwsError("ValidationError", message);
}

/** The value, which must be there. */
export function required<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  throw validationError(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

/** A text; an empty one counts. */
export function text(input: Shape, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw validationError(`Value at '${name}' is not a string`);
}

/** One of a few words. */
export function oneOf<const W extends string>(
  input: Shape,
  name: string,
  words: readonly W[],
): W | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  const found = words.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw validationError(
    `1 validation error detected: Value '${value}' at '${name.charAt(0).toLowerCase()}${
      name.slice(1)
    }' failed to ` +
      `satisfy constraint: Member must satisfy enum value set: [${words.join(", ")}]`,
  );
}

/** A finite number. */
export function number(input: Shape, name: string): number | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  const n = value.trim() === "" ? NaN : Number(value);
  if (!Number.isFinite(n)) throw validationError(`Value '${value}' at '${name}' is not a number`);
  return n;
}

/** A whole number within bounds, both included. */
export function integer(input: Shape, name: string, least: number, most: number): number | undefined {
  const n = number(input, name);
  if (n === undefined || (Number.isInteger(n) && n >= least && n <= most)) return n;
  throw validationError(
    `Value '${n}' at '${name}' failed to satisfy constraint: a whole number from ${least} to ${most}`,
  );
}

/** A boolean. */
export function boolean(input: Shape, name: string): boolean | undefined {
  return oneOf({ [name]: text(input, name)?.toLowerCase() }, name, ["true", "false"]) === undefined
    ? undefined
    : text(input, name)?.toLowerCase() === "true";
}

/** A point in time, ms since the epoch, from a Date, seconds since the epoch, or ISO 8601. */
export function time(input: Shape, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (value instanceof Date) return value.getTime();
  const seconds = Number(value);
  const at = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(String(value));
  if (Number.isNaN(at)) throw validationError(`Value '${value}' at '${name}' is not a timestamp`);
  return at;
}

/** A list of texts; empty where there is none. */
export function texts(input: Shape, name: string): readonly string[] {
  return list(input, name).map((value) => String(value));
}

/** A list of structures; empty where there is none. */
export function shapes(input: Shape, name: string): readonly Shape[] {
  return list(input, name).map((value) => {
    if (isShape(value)) return value;
    throw validationError(`A value at '${name}' is not a structure`);
  });
}

/** A structure. */
export function shape(input: Shape, name: string): Shape | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (isShape(value)) return value;
  throw validationError(`Value at '${name}' is not a structure`);
}

function list(input: Shape, name: string): readonly unknown[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw validationError(`Value at '${name}' is not a list`);
}

function isShape(value: unknown): value is Shape {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
