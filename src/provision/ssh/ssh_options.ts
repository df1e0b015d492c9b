/**
 * Options for SSH connections to hosts.
 *
 * @module
 */

/** The operator's SSH options, which apply to all hosts of a command. */
export interface SshOptions {
  readonly user?: string | undefined;
  /** Path of a private key file. */
  readonly identity?: string | undefined;
  /** Jump host to connect through, as `[user@]host[:port]`. */
  readonly jump?: string | undefined;
  readonly port?: number | undefined;
}
