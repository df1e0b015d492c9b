/**
 * What a request asks for, and at which host.
 *
 * Deno composes `Request.url` of the Host header as it came and of the target in the request line. A Host header such as `x/status?` would
 * thus choose the path. This module takes the path from the request line alone.
 *
 * @module
 */

/** The target of a request. */
export interface Target {
  /** The path as it was sent, neither decoded nor normalized. */
  readonly path: string;
  /** The text after `?`. "" if there is none. */
  readonly query: string;
}

/** Where the authority begins, in `http://` and `https://`. */
const AUTHORITY = /^https?:\/\//;

/** A path and a query, as in a request line. */
const PATH_AND_QUERY = /^(\/[^?#]*)(?:\?([^#]*))?$/;

/** A host and a port, as in a Host header: a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;

/** The target of a request. undefined if its Host header or its target is not valid. */
export function targetOf(request: Request): Target | undefined {
  const { url } = request;
  const begin = AUTHORITY.exec(url)?.[0].length;
  if (begin === undefined) return undefined;
  const slash = url.indexOf("/", begin);
  if (slash < 0 || !HOST.test(url.slice(begin, slash))) return undefined;
  // With one slash alone it is the target's own, because each target has one. Reading the headers would take longer than a ping.
  if (url.includes("/", slash + 1) && !isHost(request.headers.get("host"))) return undefined;
  const match = PATH_AND_QUERY.exec(url.slice(slash));
  return match === null ? undefined : { path: match[1] ?? "", query: match[2] ?? "" };
}

/** Without a Host header, or with an empty one, Deno takes the address that it listens on. */
function isHost(header: string | null): boolean {
  return header === null || header === "" || HOST.test(header);
}

/**
 * The hosts that a request names, without their ports, in lower case: in its URL, and in its Host header. They differ if the request
 * line has a whole URL.
 */
export function hostsOf(request: Request): string[] {
  const authority = request.url.replace(AUTHORITY, "").replace(/\/.*/s, "");
  return [authority, request.headers.get("host") ?? ""].filter((host) => host !== "")
    .map((host) => (HOST.exec(host)?.[1] ?? host).toLowerCase());
}

/**
 * Whether a host is an IP address or this machine. A page in a browser cannot pretend to come from such a host: only a name can be made to
 * point to another address (DNS rebinding).
 */
export function isAddress(host: string): boolean {
  return host === "localhost" || /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.startsWith("[");
}
