/**
 * Paths on a host, and the port on which nginx serves the autoscaler.
 *
 * @module
 */

/** Path of the kas executable. */
export const BINARY_PATH = "/usr/local/bin/kas";

/** Path of the executable before its last replacement. `--rollback` restores this executable. */
export const PREVIOUS_BINARY_PATH = "/usr/local/bin/kas.previous";

/** Path of the settings that all kas services on the host read. */
export const SETTINGS_PATH = "/etc/kas/kas.json";

/** Path of the file that a provisioning run locks, so that no other run changes the host at the same time. */
export const LOCK_PATH = "/run/kas-provision.lock";

/**
 * Path of the file with the output of the last command. The file is in memory, so that kas gets the error message if the disk is
 * full.
 */
export const LOG_PATH = "/run/kas-provision.log";

/**
 * Folder with rollback commands and backups of replaced files, while kas changes the host. If the folder exists at the start of a
 * run, an earlier run was interrupted.
 */
export const ROLLBACK_DIR = "/var/lib/kas-provision";

/** Port on which nginx serves the autoscaler. SNS sends its messages to this port. */
export const AUTOSCALER_PORT = 10000;
