/**
 * Builds the script that makes all changes on a host. The script does not need the connection to kas. Therefore, after a broken
 * connection, the host has either all changes or none. The script prints one progress event per line.
 *
 * @module
 */
import type { HostFacts } from "./host/facts.ts";
import { LOCK_PATH, LOG_PATH, ROLLBACK_DIR } from "./host/paths.ts";
import { quoteCommand, quoteWord } from "../cli/command_line.ts";
import { EXECUTABLE_BYTES, type HostCommand, type ProvisionStep } from "./steps/step.ts";

/** An event that the script prints to report progress. */
export type ScriptEvent =
  | { readonly kind: "begin" | "done"; readonly step: string }
  /** A command of a provisioning step failed. */
  | { readonly kind: "failed"; readonly step: string; readonly command: string }
  /** A line that explains a failure, from the output of the command or the log of a service. */
  | { readonly kind: "log"; readonly text: string }
  /** The script rolled back all changes. */
  | { readonly kind: "rolled-back" }
  | { readonly kind: "rollback-failed"; readonly command: string }
  /** A different provisioning run holds the host's lock. */
  | { readonly kind: "locked" };

/** Maximum number of lines that the script prints of a failed command's output, and of each service's log. */
const LOG_LINES = 8;

/**
 * Prefix of the files in {@linkcode ROLLBACK_DIR} that contain rollback commands. An earlier version of kas may have left such
 * files
 * on a host, so the prefix must not change.
 */
const ROLLBACK_FILE = "undo";
const AFTER_ROLLBACK_FILE = "settle";

/** Shell function that runs the recorded rollback commands, newest first. It runs all commands, even if a command fails. */
const ROLL_BACK = `roll_back() {
    local failed=0 file
    for file in ${ROLLBACK_FILE} ${AFTER_ROLLBACK_FILE}; do
      [ ! -f ${ROLLBACK_DIR}/$file ] || while IFS= read -r command; do
        bash -c "$command" >${LOG_PATH} 2>&1 </dev/null || { failed=1; event rollback-failed "$command"; print_log; }
      done < <(tac ${ROLLBACK_DIR}/$file)
    done
    rm -rf ${ROLLBACK_DIR} ${LOG_PATH}
    [ $failed = 1 ] || event rolled-back
  }`;

/** Start of every script. The script ignores signals and a closed stdout, so that it does not stop between two changes. */
const PREAMBLE = `
  trap '' HUP INT TERM PIPE
  event() { { printf '%s' "$1"; shift; printf '\\t%s' "$@"; echo; } 2>/dev/null || :; }
  print_log() { tail -n ${LOG_LINES} ${LOG_PATH} 2>/dev/null | while IFS= read -r text; do event log "$text"; done; }
  # cp --parents copies absolute paths only from the folder /.
  cd / || exit 1
  exec 9>>${LOCK_PATH}
  flock -n 9 || { event locked; exit 1; }
  ${ROLL_BACK}`;

/** Returns the script that rolls back an interrupted run. bash runs this script as root. */
export function rollbackScript(): string {
  return script("  roll_back");
}

/**
 * Returns the script that runs the steps that are not done yet. bash runs this script as root. After the script, stdin contains the
 * bytes of the executable, which one of the commands reads.
 */
export function applyScript(
  steps: readonly ProvisionStep[],
  facts: HostFacts,
  units: readonly string[],
): string {
  const body = steps.filter((step) => !step.isDone(facts)).map((step) =>
    [
      `  step ${step.name}`,
      ...step.commands(facts).map(commandLines),
      `  event done ${step.name}`,
    ].join("\n")
  );
  return script(`
  current_step=
  step() { current_step=$1; event begin "$1"; }
  # Appends a rollback command to a file. If the disk is full, removes the incomplete line and calls fail before the host changes.
  record() {
    local file=${ROLLBACK_DIR}/$1 size
    size=$(stat -c %s "$file" 2>/dev/null) || size=0
    printf '%s\\n' "$2" 2>${LOG_PATH} >>"$file" || { truncate -s "$size" "$file"; fail "writing to ${ROLLBACK_DIR}"; }
  }
  attempt() {
    local deadline=$((SECONDS + $1)); shift
    while ! "$@" >${LOG_PATH} 2>&1; do
      [ $SECONDS -lt $deadline ] || fail "$*"
      sleep 0.2
    done
  }
  fail() {
    event failed "$current_step" "$*"
    print_log
    case $current_step in services | verify | telemetry)
      for unit in ${quoteCommand(units)}; do
        journalctl -u "$unit" -n ${LOG_LINES} --no-pager -q -o short-iso --no-hostname >${LOG_PATH} 2>&1
        print_log
      done
    esac
    roll_back
    exit 1
  }
  umask 077
  : >${LOG_PATH}
  umask 022
  mkdir -m 0700 ${ROLLBACK_DIR} || exit 1
${body.join("\n")}
  rm -rf ${ROLLBACK_DIR} ${LOG_PATH}`);
}

/**
 * Wraps a script in a shell function. bash reads the whole function before it runs a command. Therefore, if the connection breaks
 * while kas sends the script, bash runs no command. bash reads no byte after the last line of the script.
 */
function script(body: string): string {
  return `main() {${PREAMBLE}\n${body}\n}\nPATH=$PATH:/usr/sbin:/sbin main; exit\n`;
}

/**
 * Returns the shell lines for a command. The first lines write its rollback commands to files, and the last line runs the
 * command.
 */
function commandLines(command: HostCommand): string {
  const { argv, input, retrySeconds = 0, rollback = [], afterRollback = [] } = command;
  const records = [[ROLLBACK_FILE, rollback], [AFTER_ROLLBACK_FILE, afterRollback]] as const;
  return [
    ...records.flatMap(([file, commands]) =>
      commands.length === 0 ? [] : [`  record ${file} ${quoteWord(commands.map(quoteCommand).join("; "))}`]
    ),
    `  attempt ${retrySeconds} ${quoteCommand(argv)}${redirection(input)}`,
  ].join("\n");
}

function redirection(input: HostCommand["input"]): string {
  if (input === EXECUTABLE_BYTES) return "";
  return input === undefined ? " </dev/null" : ` < <(printf %s ${quoteWord(input)})`;
}

/** Parses a line of the script's output. Returns undefined if the line is not an event. */
export function parseScriptEvent(line: string): ScriptEvent | undefined {
  const [kind, first = "", second = ""] = line.split("\t");
  switch (kind) {
    case "begin":
    case "done":
      return { kind, step: first };
    case "failed":
      return { kind, step: first, command: second };
    case "log":
      return { kind, text: first };
    case "rollback-failed":
      return { kind, command: first };
    case "rolled-back":
    case "locked":
      return { kind };
    default:
      return undefined;
  }
}
