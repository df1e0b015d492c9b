/**
 * Paths on a host, and the port that nginx serves the autoscaler on.
 *
 * @module
 */

/** The executable. */
export const BINARY_PATH = "/usr/local/bin/kas";

/** The executable before the last replacement: `--rollback` restores it. */
export const PREVIOUS_BINARY_PATH = "/usr/local/bin/kas.previous";

/** The settings of every kas service on the host. */
export const SETTINGS_PATH = "/etc/kas/kas.json";

/** Locked while a host is being provisioned. */
export const LOCK_PATH = "/run/kas-provision.lock";

/** The output of the last command. It is in memory, so that a full disk does not lose an error message. */
export const LOG_PATH = "/run/kas-provision.log";

/**
 * Rollback commands and backups of replaced files, while a host is being changed. If it exists at the start of a run, an earlier
 * run was interrupted.
 */
export const ROLLBACK_DIR = "/var/lib/kas-provision";

/** nginx's port for the autoscaler. SNS sends its messages there. */
export const AUTOSCALER_PORT = 10000;
