/**
 * Parsers of values on the command line, in the environment and in config files. Each parser returns the value, or throws
 * `TypeError("expected …")` if the text is invalid.
 *
 * @module
 */

/** Parses a text that is not blank. */
export function text(value: string): string {
  if (value.trim() === "") throw new TypeError("expected some text");
  return value;
}

/** Parses a switch: true, yes, on or 1; false, no, off or 0. */
export function flag(value: string): boolean {
  if (/^(true|yes|on|1)$/i.test(value)) return true;
  if (/^(false|no|off|0)$/i.test(value)) return false;
  throw new TypeError("expected true or false");
}

/** Returns a parser of whole numbers from `min` to `max`. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (value: string) => number {
  return (value) => {
    const n = Number(value);
    if (!/^\d+$/.test(value) || n < min || n > max) {
      throw new TypeError(
        max === Number.MAX_SAFE_INTEGER
          ? `expected a whole number from ${min}`
          : `expected a whole number from ${min} to ${max}`,
      );
    }
    return n;
  };
}

/** A host and port to listen on. */
export interface HostPort {
  readonly hostname: string;
  readonly port: number;
}

/** Parses a host and a port: `127.0.0.1:30001`, `[::1]:30001`, `localhost:0`. */
export function hostPort(value: string): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]\/]+)):(\d{1,5})$/.exec(value);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname === undefined || port > 65_535) {
    throw new TypeError("expected HOST:PORT such as 127.0.0.1:30001");
  }
  return { hostname, port };
}

/** Parses a host name such as `kas.example.com` and returns the name in lower case. */
export function hostName(value: string): string {
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(value)) {
    throw new TypeError("expected a host name such as kas.example.com, without a port");
  }
  return value.toLowerCase();
}

/** Parses a number above zero. */
export function positive(value: string): number {
  const n = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || n <= 0) throw new TypeError("expected a number above 0, such as 1.5");
  return n;
}

/** Parses a duration and returns ms: `300ms`, `60s`, `2.5s`, `5m`, `1h`. A number without a unit is in seconds. */
export function duration(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value);
  if (match === null) throw new TypeError("expected a time such as 300ms, 60s or 5m");
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] ?? "s"] ?? 1_000;
  return Number(match[1]) * unit;
}

/** Returns a parser of durations from `shortest` to `longest`, which are texts such as `5s`. */
export function durationIn(shortest: string, longest: string): (value: string) => number {
  const [least, most] = [duration(shortest), duration(longest)];
  return (value) => {
    const ms = duration(value);
    if (ms < least || ms > most) throw new TypeError(`expected a time from ${shortest} to ${longest}`);
    return ms;
  };
}

/** Returns a parser that accepts only the given words. */
export function oneOf<const W extends string>(...words: readonly W[]): (value: string) => W {
  return (value) => {
    const word = words.find((word) => word === value);
    if (word === undefined) {
      throw new TypeError(`expected ${words.join(", ").replace(/, ([^,]*)$/, " or $1")}`);
    }
    return word;
  };
}

/** Parses a range of numbers: `450-550` → `[450, 550]`, `500` → `[500, 500]`. Decimals are allowed. */
export function range(value: string): readonly [number, number] {
  const match = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(value);
  const low = Number(match?.[1]);
  const high = Number(match?.[2] ?? match?.[1]);
  if (match === null || low > high) {
    throw new TypeError("expected two numbers such as 450-550, the lower first");
  }
  return [low, high];
}

/** Accepts an absolute http or https URL and returns the text unchanged. */
export function url(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError("expected a URL such as http://127.0.0.1:4580");
  }
  return value;
}
