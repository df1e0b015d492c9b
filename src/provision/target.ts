/**
 * Targets of provisioning: a host by its address, an instance by its id, or this host.
 *
 * @module
 */

/** A target of provisioning: a host that kas reaches over SSH, or this host. */
export interface Target {
  /** Name of the provisioning target, as given by the operator. */
  readonly name: string;
  /** Address to which ssh connects; undefined for this host. */
  readonly host?: string;
  readonly user?: string;
  readonly port?: number;
  /** Instance id, if the operator gave one. kas registers this id with the load balancer. ssh stores the host key under this id. */
  readonly instance?: string;
}

/** Target name of the host on which kas runs. The user data of an instance uses this name on the first boot. */
export const LOCAL_TARGET = "local";

/** Returns whether a word is an instance id: 17 hexadecimal digits, or 8 in old ids. Source: EC2 User Guide, resource ids. */
export function isInstanceId(word: string): boolean {
  return /^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(word);
}

/**
 * Parses `[user@]host[:port]` or {@linkcode LOCAL_TARGET}. An IPv6 address with a port must be in brackets.
 *
 * @throws {TypeError} if the text has neither form
 */
export function parseTarget(name: string): Target {
  if (name === LOCAL_TARGET) return { name };
  const [, user, rest = ""] = /^(?:([\w.][\w.-]*)@)?(.*)$/.exec(name) ?? [];
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9][\w.-]*))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = bracketed ?? plain ??
    (/^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(rest) ? rest : undefined);
  const port = digits === undefined ? undefined : Number(digits);
  if (host === undefined || port === 0 || (port ?? 1) > 65_535) {
    throw new TypeError(`Cannot use "${name}" as a target: expected [user@]host[:port] or an instance id`);
  }
  return { name, host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/**
 * Validates a jump host `[user@]host[:port]` and returns the text unchanged.
 *
 * @throws {TypeError} if the text is not a host
 */
export function parseJumpHost(name: string): string {
  try {
    if (parseTarget(name).host !== undefined) return name;
  } catch {
    // The error of parseTarget() mentions instance ids, but a jump host cannot be an instance id. So this function throws its own
    // error.
  }
  throw new TypeError("expected a jump host of the form [user@]host[:port]");
}
