/**
 * Where things are on a host.
 *
 * @module
 */

/** The executable, and the one that it replaced. */
export const BINARY = "/usr/local/bin/kas";
export const PREVIOUS = "/usr/local/bin/kas.previous";

/** The settings of every kas on the host. */
export const SETTINGS_PATH = "/etc/kas/kas.json";

/** Locked by whoever provisions the host. */
export const LOCK = "/run/kas-provision.lock";

/** What the last command said: in memory, so that a full disk does not take its words away. */
export const LOG = "/run/kas-provision.log";

/**
 * While a host is being changed: how to undo what was done so far, and the files that were replaced. What stands there before
 * a run was left by one that was cut off.
 */
export const UNDO = "/var/lib/kas-provision";

/** The worker's and the autoscaler's ports at nginx. */
export const WORKER_PORT = 30000;
export const AUTOSCALER_PORT = 10000;
