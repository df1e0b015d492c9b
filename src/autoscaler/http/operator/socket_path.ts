/**
 * The name of the autoscaler's Unix socket, and limits of its requests. `kas admin` needs them without the rest of the autoscaler.
 *
 * @module
 */

/** The name of the Unix socket in the state folder. */
export const SOCKET = "kas.sock";

/** The largest number of characters of a pause's reason. */
export const LONGEST_REASON = 256;

/** The largest number of instances, or of activities, in a request. */
export const MOST_INSTANCES = 10_000;
