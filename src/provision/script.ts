/**
 * Steps as one script that a host carries out by itself: whatever becomes of the connection, the host is changed whole, or not
 * at all. It tells where it stands line by line.
 *
 * @module
 */
import type { Facts } from "./facts.ts";
import { LOCK, LOG, UNDO } from "./paths.ts";
import { type Action, EXECUTABLE, type Step } from "./steps.ts";
import { line, quoted } from "./ssh/words.ts";

/** What the script says. */
export type Said =
  /** A step has begun. */
  | { readonly kind: "begin"; readonly title: string }
  | { readonly kind: "done"; readonly title: string }
  /** A command of the step has failed; its words. */
  | { readonly kind: "failed"; readonly title: string; readonly words: string }
  /** A line of what explains the failure: the command's last words, the services' logs. */
  | { readonly kind: "log"; readonly text: string }
  /** All is as it was before; or what could not be undone. */
  | { readonly kind: "undone" }
  | { readonly kind: "stuck"; readonly words: string }
  /** Somebody else is at it. */
  | { readonly kind: "busy" };

/** How many lines of a failed command's output, and of each service's log, are shown. */
const LOG_LINES = 8;

/** Undoes what was done, the last first, and has the services follow. Commands that fail do not keep the rest. */
const RESTORE = `restore() {
    local stuck=0 file
    for file in undo settle; do
      [ ! -f ${UNDO}/$file ] || while IFS= read -r command; do
        bash -c "$command" >${LOG} 2>&1 </dev/null || { stuck=1; say stuck "$command"; tell; }
      done < <(tac ${UNDO}/$file)
    done
    rm -rf ${UNDO} ${LOG}
    [ $stuck = 1 ] || say undone
  }`;

/** What every script begins with: the lock, and how to speak. Nobody listening any more is no reason to stop half-way. */
const PREAMBLE = `
  trap '' HUP INT TERM PIPE
  say() { { printf '%s' "$1"; shift; printf '\\t%s' "$@"; echo; } 2>/dev/null || :; }
  tell() { tail -n ${LOG_LINES} ${LOG} 2>/dev/null | while IFS= read -r text; do say log "$text"; done; }
  # cp --parents looks for its folders from here.
  cd / || exit 1
  exec 9>>${LOCK}
  flock -n 9 || { say busy; exit 1; }
  ${RESTORE}`;

/** The script, for bash as root, that undoes what a run left that was cut off. */
export function restoreScript(): string {
  return script("  restore");
}

/** The script, for bash as root, that carries out what the steps lack. What reads the executable finds it behind the script. */
export function applyScript(steps: readonly Step[], facts: Facts, units: readonly string[]): string {
  const body = steps.filter((step) => !step.check(facts)).map((step) =>
    [
      `  step ${step.title}`,
      ...step.apply(facts).map(actionLines),
      `  say done ${step.title}`,
    ].join("\n")
  );
  return script(`
  begun=
  step() { begun=$1; say begin "$1"; }
  # Where that can't be written whole nothing of it is, and nothing is done.
  recorded() {
    local file=${UNDO}/$1 size
    size=$(stat -c %s "$file" 2>/dev/null) || size=0
    printf '%s\\n' "$2" 2>${LOG} >>"$file" || { truncate -s "$size" "$file"; fail "writing to ${UNDO}"; }
  }
  attempt() {
    local until=$((SECONDS + $1)); shift
    while ! "$@" >${LOG} 2>&1; do
      [ $SECONDS -lt $until ] || fail "$*"
      sleep 0.2
    done
  }
  fail() {
    say failed "$begun" "$*"
    tell
    case $begun in services | verify)
      for unit in ${line(units)}; do
        journalctl -u "$unit" -n ${LOG_LINES} --no-pager -q -o short-iso --no-hostname >${LOG} 2>&1
        tell
      done
    esac
    restore
    exit 1
  }
  umask 077
  : >${LOG}
  umask 022
  mkdir -m 0700 ${UNDO} || exit 1
${body.join("\n")}
  rm -rf ${UNDO} ${LOG}`);
}

/** Read whole before any of it runs, so that a part of it is none; the shell reads no byte beyond its last line. */
function script(body: string): string {
  return `main() {${PREAMBLE}\n${body}\n}\nPATH=$PATH:/usr/sbin:/sbin main; exit\n`;
}

/** An action's lines: how it is undone goes on record before it is done. */
function actionLines({ words, input, within = 0, undo = [], settle = [] }: Action): string {
  const records = [["undo", undo], ["settle", settle]] as const;
  return [
    ...records.flatMap(([file, commands]) =>
      commands.length === 0
        ? []
        : [`  recorded ${file} ${quoted(commands.map((each) => line(each)).join("; "))}`]
    ),
    `  attempt ${within} ${line(words)}${inputFrom(input)}`,
  ].join("\n");
}

function inputFrom(input: Action["input"]): string {
  if (input === EXECUTABLE) return "";
  return input === undefined ? " </dev/null" : ` < <(printf %s ${quoted(input)})`;
}

/** A line that the script said; undefined if it is none. */
export function readSaid(text: string): Said | undefined {
  const [kind, first = "", second = ""] = text.split("\t");
  switch (kind) {
    case "begin":
    case "done":
      return { kind, title: first };
    case "failed":
      return { kind, title: first, words: second };
    case "log":
      return { kind, text: first };
    case "stuck":
      return { kind, words: first };
    case "undone":
    case "busy":
      return { kind };
    default:
      return undefined;
  }
}
