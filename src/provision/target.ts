/**
 * Whom to provision: a host by its address, an instance by its id, or this machine itself.
 *
 * @module
 */

/** A host to reach by ssh, or this machine. */
export interface Target {
  /** As the operator wrote it. */
  readonly name: string;
  /** Where ssh connects to; undefined for this machine itself. */
  readonly host?: string;
  readonly user?: string;
  readonly port?: number;
  /** The instance's id, where it was named by it: what its key is known by, and what the load balancer knows. */
  readonly instance?: string;
}

/** The word for the machine that kas runs on, which needs no ssh: how a machine provisions itself on its first boot. */
export const LOCAL = "local";

/** Whether a word is an instance's id: 17 hexadecimal digits, 8 for old ones. Source: EC2 User Guide, resource ids. */
export function isInstanceId(word: string): boolean {
  return /^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(word);
}

/**
 * `[user@]host[:port]`; an IPv6 address with a port stands in brackets. {@linkcode LOCAL} is this machine.
 *
 * @throws {TypeError} where it is none
 */
export function parseTarget(name: string): Target {
  if (name === LOCAL) return { name };
  const [, user, rest = ""] = /^(?:([\w.][\w.-]*)@)?(.*)$/.exec(name) ?? [];
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9][\w.-]*))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = bracketed ?? plain ??
    (/^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(rest) ? rest : undefined);
  const port = digits === undefined ? undefined : Number(digits);
  if (host === undefined || port === 0 || (port ?? 1) > 65_535) {
    throw new TypeError(`Cannot take "${name}" for a host: expected [user@]host[:port], or an instance's id`);
  }
  return { name, host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/**
 * A host to go through, `[user@]host[:port]`, as it was written.
 *
 * @throws {TypeError} where it is none
 */
export function jumpHost(name: string): string {
  try {
    if (parseTarget(name).host !== undefined) return name;
  } catch {
    // It is told below, in the words of an option.
  }
  throw new TypeError("expected [user@]host[:port]");
}
