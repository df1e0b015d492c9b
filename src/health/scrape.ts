/**
 * Where kas reads the metrics of an instance.
 *
 * @module
 */

/** A path at which each instance answers in the Prometheus text format. */
export interface ScrapeTarget {
  readonly protocol: "http" | "https";
  readonly port: number;
  /** The path with its query, such as `/metrics`. */
  readonly path: string;
}

/** The longest path of a target. */
const LONGEST_PATH = 1_024;

/**
 * Parses a target: `http:9100/metrics` or `https:9100/metrics`. Without a path the target has the path `/metrics`. Throws
 * `TypeError("expected …")` if the text is something else.
 */
export function parseScrapeTarget(text: string): ScrapeTarget {
  const [, protocol, digits, path = "/metrics"] = /^(https?):(\d{1,5})(\/[!-~]*)?$/.exec(text) ?? [];
  const port = Number(digits);
  if (protocol === undefined || !(port >= 1 && port <= 65_535)) {
    throw new TypeError("expected http:PORT/PATH or https:PORT/PATH, such as http:9100/metrics");
  }
  if (path.length > LONGEST_PATH || path.includes("#")) {
    throw new TypeError(`expected a path of at most ${LONGEST_PATH} characters without #`);
  }
  return { protocol: protocol === "https" ? "https" : "http", port, path };
}

/** Returns a target as the setting has it: `http:9100/metrics`. */
export function scrapeTargetText({ protocol, port, path }: ScrapeTarget): string {
  return `${protocol}:${port}${path}`;
}

/** Returns the URL of a target at a host without its path. An IPv6 address has no brackets. */
export function originOf({ protocol, port }: ScrapeTarget, host: string): string {
  return `${protocol}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
