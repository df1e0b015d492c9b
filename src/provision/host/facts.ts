/**
 * Reads facts about a host, such as installed programs and files. A script prints all facts that provisioning needs, and a parser
 * reads the script's output. The script changes nothing on the host.
 *
 * @module
 */
import { type CommandLine, quoteCommand } from "../../cli/command_line.ts";
import { LOCK_PATH, ROLLBACK_DIR, SETTINGS_PATH } from "./paths.ts";

/** Facts about a file on a host. */
export interface FileFacts {
  /** Permission bits of the file. */
  readonly mode: number;
  /** Owner and group of the file, such as `root:root`. */
  readonly owner: string;
  /** SHA-256 of the file's content in hexadecimal. Empty for a file of {@linkcode FactsQuery.existing}. */
  readonly sha256: string;
}

/** State of a systemd unit on a host. */
export interface UnitFacts {
  readonly active: boolean;
  readonly enabled: boolean;
}

/** All facts about a host. */
export interface HostFacts {
  /**
   * Id of the distribution, and of the distributions that it is based on, such as `ubuntu`, `debian`. Source: os-release(5), ID,
   * ID_LIKE.
   */
  readonly osIds: readonly string[];
  /** Display name of the operating system. Source: os-release(5), PRETTY_NAME. */
  readonly osName: string;
  /** Architecture of the host, such as `x86_64` or `aarch64`. Source: uname(1), -m. */
  readonly arch: string;
  /** Free bytes on the file system that contains the executable. */
  readonly freeBytes: number;
  /** Whether a different provisioning run holds the lock. */
  readonly locked: boolean;
  /** Whether an earlier run was interrupted, so that kas must roll back its changes. */
  readonly interrupted: boolean;
  /** The programs of {@linkcode FactsQuery.programs} that are installed on the host. */
  readonly programs: ReadonlySet<string>;
  /** Facts about existing files by path. */
  readonly files: ReadonlyMap<string, FileFacts>;
  /** Facts about systemd units by name, without `.service`. */
  readonly units: ReadonlyMap<string, UnitFacts>;
  /** Text of the settings file; undefined if the file does not exist. */
  readonly settings: string | undefined;
  /** Whether the command {@linkcode FactsQuery.check} succeeded. */
  readonly servicesRespond: boolean;
}

/** The facts that the script collects on a host. */
export interface FactsQuery {
  readonly programs: readonly string[];
  /** Paths of files to report with their checksums. */
  readonly paths: readonly string[];
  /** Paths of files to report without their checksums. */
  readonly existing: readonly string[];
  readonly units: readonly string[];
  /** Command that succeeds if every service of the host responds. */
  readonly check: CommandLine;
}

/** Returns the script that prints a host's facts, one per line. bash runs this script as root. */
export function factsScript({ programs, paths, existing, units, check }: FactsQuery): string {
  return `main() {
  fact() { printf '%s\\t%s\\n' "$1" "$2"; }
  # The check runs in the background, because it takes longer than all other commands.
  { ! ${quoteCommand(check)} >/dev/null 2>&1 </dev/null || fact services-respond yes; } &
  . /etc/os-release 2>/dev/null
  fact os "\${ID:-unknown} \${ID_LIKE:-}"
  fact system "\${PRETTY_NAME:-unknown}"
  fact arch "$(uname -m)"
  fact free "$(df --output=avail -B1 /usr/local | tail -n 1)"
  [ ! -e ${LOCK_PATH} ] || flock -n ${LOCK_PATH} true || fact locked yes
  [ ! -d ${ROLLBACK_DIR} ] || fact interrupted yes
  for name in ${quoteCommand(programs)}; do [ -z "$(command -v "$name")" ] || fact program "$name"; done
  files=()
  for path in ${quoteCommand(paths)}; do [ ! -f "$path" ] || files+=("$path"); done
  # openssl uses the processor's SHA instructions and is three times as fast as sha256sum.
  sums=(sha256sum -b)
  [ -z "$(command -v openssl)" ] || sums=(openssl dgst -sha256 -r)
  [ \${#files[@]} = 0 ] || "\${sums[@]}" "\${files[@]}" | sed 's/^/sum\\t/'
  for path in ${quoteCommand(existing)}; do [ ! -f "$path" ] || files+=("$path"); done
  [ \${#files[@]} = 0 ] || stat --printf 'file\\t%n %a %U:%G\\n' "\${files[@]}"
  systemctl show -p Id,ActiveState,UnitFileState ${quoteCommand(units)} | sed 's/^/unit\\t/'
  [ ! -f ${SETTINGS_PATH} ] || fact settings "$(base64 -w 0 ${SETTINGS_PATH})"
  wait
}
PATH=$PATH:/usr/sbin:/sbin main
`;
}

/**
 * Parses the output of {@linkcode factsScript}.
 *
 * @throws {SyntaxError} if the text is not the output of this script, for example if it is only a login message
 */
export function parseFacts(text: string): HostFacts {
  const values = new Map<string, string>();
  const programs = new Set<string>();
  const sums = new Map<string, string>();
  const files = new Map<string, FileFacts>();
  const units = new Map<string, UnitFacts>();
  let unit = "";
  for (const line of text.split("\n")) {
    const [name = "", value = ""] = line.split("\t");
    const [first = "", second = "", third = ""] = value.split(" ");
    if (name === "program") programs.add(first);
    // In binary mode, sha256sum(1) prints a star before the name of a file.
    else if (name === "sum") sums.set(second.slice(1), first);
    else if (name === "file") {
      files.set(first, { mode: parseInt(second, 8), owner: third, sha256: sums.get(first) ?? "" });
    } else if (name === "unit") {
      const [property, setting = ""] = value.split("=");
      if (property === "Id") unit = setting.replace(/\.service$/, "");
      const { active = false, enabled = false } = units.get(unit) ?? {};
      if (property === "ActiveState") units.set(unit, { active: setting === "active", enabled });
      if (property === "UnitFileState") units.set(unit, { active, enabled: setting === "enabled" });
    } else values.set(name, value);
  }
  const [os, arch] = [values.get("os"), values.get("arch")];
  if (os === undefined || arch === undefined) {
    throw new SyntaxError("the host's shell printed unexpected output");
  }
  const settings = values.get("settings");
  return {
    osIds: os.split(" ").filter((id) => id !== ""),
    osName: values.get("system") ?? "",
    arch,
    freeBytes: Number(values.get("free") ?? 0),
    locked: values.has("locked"),
    interrupted: values.has("interrupted"),
    programs,
    files,
    units,
    settings: settings === undefined ? undefined : decodeBase64(settings),
    servicesRespond: values.has("services-respond"),
  };
}

function decodeBase64(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
}
