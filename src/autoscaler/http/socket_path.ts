/**
 * The name of the autoscaler's Unix socket, and a limit of its requests. `kas admin` needs them without the rest of the autoscaler.
 *
 * @module
 */

/** The name of the Unix socket in the state folder. */
export const SOCKET = "kas.sock";

/** The largest number of characters of a pause's reason. */
export const LONGEST_REASON = 256;
