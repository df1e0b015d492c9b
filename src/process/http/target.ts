/**
 * Reads the path, query and host of an HTTP request.
 *
 * Deno builds `Request.url` from the unchecked Host header and the target in the request line. Therefore a Host header such as
 * `x/status?` could change the path. This module takes the path from the request line only.
 *
 * @module
 */

/** Path and query of an HTTP request. */
export interface Target {
  /** Path as the client sent it, neither decoded nor normalized. */
  readonly path: string;
  /** Query text after `?`, or "" without a query. */
  readonly query: string;
}

/** Matches the start of an `http://` or `https://` URL, before its host. */
const AUTHORITY = /^https?:\/\//;

/** Matches the path and query of a request line. */
const PATH_AND_QUERY = /^(\/[^?#]*)(?:\?([^#]*))?$/;

/** Matches the host and port of a Host header: a name, an IPv4 address, or an IPv6 address in brackets. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;

/** Returns the path and query of a request, or undefined if its Host header or its target is invalid. */
export function targetOf(request: Request): Target | undefined {
  const { url } = request;
  const begin = AUTHORITY.exec(url)?.[0].length;
  if (begin === undefined) return undefined;
  const slash = url.indexOf("/", begin);
  if (slash < 0 || !HOST.test(url.slice(begin, slash))) return undefined;
  // A Host header that contains a slash adds a second slash to the URL. Only then this function checks the Host header, because the
  // check takes longer than answering a ping.
  if (url.includes("/", slash + 1) && !isHost(request.headers.get("host"))) return undefined;
  const match = PATH_AND_QUERY.exec(url.slice(slash));
  return match === null ? undefined : { path: match[1] ?? "", query: match[2] ?? "" };
}

/** Returns whether a Host header is valid. Without or with an empty header, Deno uses its own listening address. */
function isHost(header: string | null): boolean {
  return header === null || header === "" || HOST.test(header);
}

/**
 * Returns the hosts in a request's URL and in its Host header, in lower case and without ports. The two differ if the request line
 * contains a whole URL.
 */
export function hostsOf(request: Request): string[] {
  const authority = request.url.replace(AUTHORITY, "").replace(/\/.*/s, "");
  return [authority, request.headers.get("host") ?? ""].filter((host) => host !== "")
    .map((host) => (HOST.exec(host)?.[1] ?? host).toLowerCase());
}

/**
 * Returns whether a host is an IP address or localhost. Requests to such a host cannot be the result of DNS rebinding, with which
 * an
 * attacker's web page reaches kas: the attacker can change only the address of a host name.
 */
export function isAddress(host: string): boolean {
  return host === "localhost" || /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.startsWith("[");
}
