/**
 * Types of the parts of @std that kas uses. deno.json maps `@std/…` to an npm package of plain JavaScript, which contains no types
 * (docs/dependencies.md). `tests/unit/std_test.ts` compares each declaration with the module.
 *
 * @module
 */

declare module "@std/cli/parse-args" {
  export function parseArgs(args: readonly string[], options?: {
    "--"?: boolean;
    alias?: Readonly<Record<string, string>>;
    boolean?: readonly string[];
    collect?: readonly string[];
    negatable?: readonly string[];
    string?: readonly string[];
    unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }): Record<string, unknown> & { _: (string | number)[]; "--"?: string[] };
}

declare module "@std/html/entities" {
  export function escape(text: string): string;
}

declare module "@std/http/negotiation" {
  export function accepts<T extends string>(
    request: Pick<Request, "headers">,
    ...types: readonly T[]
  ): T | undefined;
}

declare module "@std/http/status" {
  export const STATUS_CODE: {
    readonly OK: 200;
    readonly BadRequest: 400;
    readonly Forbidden: 403;
    readonly NotFound: 404;
    readonly MethodNotAllowed: 405;
    readonly Conflict: 409;
    readonly ContentTooLarge: 413;
    readonly MisdirectedRequest: 421;
    readonly InternalServerError: 500;
    readonly BadGateway: 502;
    readonly ServiceUnavailable: 503;
    readonly GatewayTimeout: 504;
  };
}

declare module "@std/text/levenshtein-distance" {
  export function levenshteinDistance(a: string, b: string): number;
}

declare module "@std/assert" {
  export class AssertionError extends Error {}
  export function assert(value: unknown, message?: string): asserts value;
  export function assertEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
  export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T;
  export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
  export function assertFalse(value: unknown, message?: string): void;
  export function assertGreater<T>(actual: T, expected: T, message?: string): void;
  export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertLess<T>(actual: T, expected: T, message?: string): void;
  export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;
  export function assertMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertNotMatch(actual: string, expected: RegExp, message?: string): void;
  export function assertStringIncludes(actual: string, expected: string, message?: string): void;
  export function assertArrayIncludes<T>(
    actual: ArrayLike<T>,
    expected: ArrayLike<T>,
    message?: string,
  ): void;
  export function assertObjectMatch(actual: object, expected: object, message?: string): void;
  export function assertInstanceOf<T>(
    actual: unknown,
    expected: abstract new (...args: never[]) => T,
    message?: string,
  ): asserts actual is T;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    errorClass?: new (...args: never[]) => E,
    includes?: string,
    message?: string,
  ): E;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    errorClass?: new (...args: never[]) => E,
    includes?: string,
    message?: string,
  ): Promise<E>;
  export function fail(message?: string): never;
}
