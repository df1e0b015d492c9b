/**
 * Reads the parameters of an API request. Depending on the wire protocol, scalars are text or typed values. Every function throws
 * AWS's ValidationError if a value has the wrong type.
 *
 * @module
 */
import { AwsError, type Shape } from "./action.ts";

/** Returns AWS's error for a request that does not match the API's model. */
export function validationError(message: string): AwsError {
  return new AwsError("ValidationError", message);
}

/** Returns the value of a required parameter. Throws ValidationError if the value is undefined. */
export function required<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  throw validationError(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

/** Reads a string parameter. An empty string counts as a value. */
export function text(input: Shape, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw validationError(`Value at '${name}' is not a string`);
}

/** Reads a parameter that must have one of several values. */
export function oneOf<const W extends string>(
  input: Shape,
  name: string,
  values: readonly W[],
): W | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  const found = values.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw validationError(
    `1 validation error detected: Value '${value}' at '${name.charAt(0).toLowerCase()}${
      name.slice(1)
    }' failed to ` +
      `satisfy constraint: Member must satisfy enum value set: [${values.join(", ")}]`,
  );
}

/** Reads a parameter that is a finite number. */
export function number(input: Shape, name: string): number | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  const n = value.trim() === "" ? NaN : Number(value);
  if (!Number.isFinite(n)) throw validationError(`Value '${value}' at '${name}' is not a number`);
  return n;
}

/** Reads a parameter that is an integer from `min` to `max`. */
export function integer(input: Shape, name: string, min: number, max: number): number | undefined {
  const n = number(input, name);
  if (n === undefined || (Number.isInteger(n) && n >= min && n <= max)) return n;
  throw validationError(
    `Value '${n}' at '${name}' failed to satisfy constraint: an integer from ${min} to ${max}`,
  );
}

/** Reads a boolean parameter. */
export function boolean(input: Shape, name: string): boolean | undefined {
  return oneOf({ [name]: text(input, name)?.toLowerCase() }, name, ["true", "false"]) === undefined
    ? undefined
    : text(input, name)?.toLowerCase() === "true";
}

/** Reads a time from a Date, from seconds since the epoch, or from ISO 8601 text. Returns the time in ms since the epoch. */
export function time(input: Shape, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (value instanceof Date) return value.getTime();
  const seconds = Number(value);
  const at = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(String(value));
  if (Number.isNaN(at)) throw validationError(`Value '${value}' at '${name}' is not a timestamp`);
  return at;
}

/** Reads a list of strings. Returns an empty list if the parameter is absent. */
export function texts(input: Shape, name: string): readonly string[] {
  return list(input, name).map((value) => String(value));
}

/** Reads a list of structures. Returns an empty list if the parameter is absent. */
export function shapes(input: Shape, name: string): readonly Shape[] {
  return list(input, name).map((value) => {
    if (isShape(value)) return value;
    throw validationError(`A value at '${name}' is not a structure`);
  });
}

/** Reads a parameter that is a structure. */
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
