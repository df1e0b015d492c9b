/**
 * How to reach a host over SSH.
 *
 * @module
 */

/** The operator's SSH options. They apply to every host of a command. */
export interface SshOptions {
  readonly user?: string | undefined;
  /** Path of a private key. */
  readonly identity?: string | undefined;
  /** A host to connect through, `[user@]host[:port]`. */
  readonly jump?: string | undefined;
  readonly port?: number | undefined;
}
