/**
 * Provisioning targets: a host by its address, an instance by its id, or this machine.
 *
 * @module
 */

/** A host to reach over SSH, or this machine. */
export interface Target {
  /** As the operator wrote it. */
  readonly name: string;
  /** The address that ssh connects to; undefined for this machine. */
  readonly host?: string;
  readonly user?: string;
  readonly port?: number;
  /** The instance's id, if the operator named it: the load balancer's target, and the name of its key in known_hosts. */
  readonly instance?: string;
}

/** Names the machine that kas runs on. An instance uses it to provision itself on first boot. */
export const LOCAL_TARGET = "local";

/** Whether a word is an instance's id: 17 hexadecimal digits, 8 for old ones. Source: EC2 User Guide, resource ids. */
export function isInstanceId(word: string): boolean {
  return /^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(word);
}

/**
 * Parses `[user@]host[:port]` or {@linkcode LOCAL_TARGET}. An IPv6 address with a port is written in brackets.
 *
 * @throws {TypeError} if it is neither
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
 * Validates a jump host, `[user@]host[:port]`, and returns it unchanged.
 *
 * @throws {TypeError} if it is not a host
 */
export function parseJumpHost(name: string): string {
  try {
    if (parseTarget(name).host !== undefined) return name;
  } catch {
    // The message below suits an option better than parseTarget's.
  }
  throw new TypeError("expected [user@]host[:port]");
}
