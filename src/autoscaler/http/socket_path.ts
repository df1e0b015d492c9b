/**
 * The name of the autoscaler's Unix socket.
 *
 * @module
 */

/** The name of the Unix socket in the state folder. */
export const SOCKET = "kas.sock";
