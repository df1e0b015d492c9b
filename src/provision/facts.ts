/**
 * What a host is like: one script that asks for all of it at once, and its answer read. It changes nothing.
 *
 * @module
 */
import { LOCK, SETTINGS_PATH, UNDO } from "./paths.ts";
import { line, type Words } from "./ssh/words.ts";

/** A file as it is on a host. */
export interface FileFacts {
  /** Permission bits. */
  readonly mode: number;
  /** `root:root`. */
  readonly owner: string;
  /** Of its content, in hexadecimal. */
  readonly sha256: string;
}

/** A unit as systemd sees it. */
export interface UnitFacts {
  readonly active: boolean;
  readonly enabled: boolean;
}

/** A host as it was found. */
export interface Facts {
  /** `debian`, `ubuntu`… and what it says it is like. Source: os-release(5), ID and ID_LIKE. */
  readonly os: readonly string[];
  /** What people call it. Source: os-release(5), PRETTY_NAME. */
  readonly system: string;
  /** `x86_64`, `aarch64`. Source: uname(1), -m. */
  readonly arch: string;
  /** Bytes that are free where the executable goes. */
  readonly free: number;
  /** Somebody is provisioning it. */
  readonly busy: boolean;
  /** A run was cut off in the middle, and is still to be undone. */
  readonly unfinished: boolean;
  /** The programs, of those asked for, that are there. */
  readonly programs: ReadonlySet<string>;
  /** By path; what is not there is absent. */
  readonly files: ReadonlyMap<string, FileFacts>;
  /** By name without `.service`. */
  readonly units: ReadonlyMap<string, UnitFacts>;
  /** The text of its settings. */
  readonly settings: string | undefined;
  /** Whether what was asked to be checked, if there is an executable to check it with, is as it should be. */
  readonly answers: boolean;
}

/** What to ask a host for. */
export interface Asked {
  readonly programs: readonly string[];
  /** Files to look into. */
  readonly paths: readonly string[];
  /** Files whose content does not matter: their sums are empty. */
  readonly present: readonly string[];
  readonly units: readonly string[];
  /** A command that succeeds if all that is served is answered. */
  readonly check: Words;
}

/** The script, for bash as root, that prints a host's facts, a line each. */
export function lookScript({ programs, paths, present, units, check }: Asked): string {
  return `main() {
  fact() { printf '%s\\t%s\\n' "$1" "$2"; }
  # Beside the rest, as it takes longest.
  { ! ${line(check)} >/dev/null 2>&1 </dev/null || fact answers yes; } &
  . /etc/os-release 2>/dev/null
  fact os "\${ID:-unknown} \${ID_LIKE:-}"
  fact system "\${PRETTY_NAME:-unknown}"
  fact arch "$(uname -m)"
  fact free "$(df --output=avail -B1 /usr/local | tail -n 1)"
  [ ! -e ${LOCK} ] || flock -n ${LOCK} true || fact busy yes
  [ ! -d ${UNDO} ] || fact unfinished yes
  for name in ${line(programs)}; do [ -z "$(command -v "$name")" ] || fact program "$name"; done
  there=()
  for path in ${line(paths)}; do [ ! -f "$path" ] || there+=("$path"); done
  # openssl has what the processor offers for it, and is three times as fast.
  sums=(sha256sum -b)
  [ -z "$(command -v openssl)" ] || sums=(openssl dgst -sha256 -r)
  [ \${#there[@]} = 0 ] || "\${sums[@]}" "\${there[@]}" | sed 's/^/sum\\t/'
  for path in ${line(present)}; do [ ! -f "$path" ] || there+=("$path"); done
  [ \${#there[@]} = 0 ] || stat --printf 'file\\t%n %a %U:%G\\n' "\${there[@]}"
  systemctl show -p Id,ActiveState,UnitFileState ${line(units)} | sed 's/^/unit\\t/'
  [ ! -f ${SETTINGS_PATH} ] || fact settings "$(base64 -w 0 ${SETTINGS_PATH})"
  wait
}
PATH=$PATH:/usr/sbin:/sbin main
`;
}

/**
 * Reads what {@linkcode lookScript} printed.
 *
 * @throws {SyntaxError} where it is not that: the host's shell said something else
 */
export function readFacts(text: string): Facts {
  const single = new Map<string, string>();
  const programs = new Set<string>();
  const sums = new Map<string, string>();
  const files = new Map<string, FileFacts>();
  const units = new Map<string, UnitFacts>();
  let unit = "";
  for (const fact of text.split("\n")) {
    const [name = "", value = ""] = fact.split("\t");
    const [first = "", second = "", third = ""] = value.split(" ");
    if (name === "program") programs.add(first);
    // Source: sha256sum(1): a star before the name of a file that was read as binary.
    else if (name === "sum") sums.set(second.slice(1), first);
    else if (name === "file") {
      files.set(first, { mode: parseInt(second, 8), owner: third, sha256: sums.get(first) ?? "" });
    } else if (name === "unit") {
      const [property, is = ""] = value.split("=");
      if (property === "Id") unit = is.replace(/\.service$/, "");
      const { active = false, enabled = false } = units.get(unit) ?? {};
      if (property === "ActiveState") units.set(unit, { active: is === "active", enabled });
      if (property === "UnitFileState") units.set(unit, { active, enabled: is === "enabled" });
    } else single.set(name, value);
  }
  const [os, arch] = [single.get("os"), single.get("arch")];
  if (os === undefined || arch === undefined) {
    throw new SyntaxError("the host's shell answers with something else");
  }
  const settings = single.get("settings");
  return {
    os: os.split(" ").filter((word) => word !== ""),
    system: single.get("system") ?? "",
    arch,
    free: Number(single.get("free") ?? 0),
    busy: single.has("busy"),
    unfinished: single.has("unfinished"),
    programs,
    files,
    units,
    settings: settings === undefined ? undefined : decode(settings),
    answers: single.has("answers"),
  };
}

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
}
