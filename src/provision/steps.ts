/**
 * What provisioning does, as data: each step with the facts by which it is known to be done already, the commands that do it,
 * and how each of them is undone. Nothing here runs anything.
 *
 * @module
 */
import type { Facts } from "./facts.ts";
import { type HostFile, type Role, SYSUSERS, unitsOf } from "./files.ts";
import { AUTOSCALER_PORT, BINARY, PREVIOUS, SETTINGS_PATH, UNDO, WORKER_PORT } from "./paths.ts";
import type { Words } from "./ssh/words.ts";

/** A command that changes the host. */
export interface Action {
  readonly words: Words;
  /** What it reads: a text, or the executable's bytes. Nothing by default. */
  readonly input?: string | typeof EXECUTABLE;
  /** It is tried again until it succeeds, for so many seconds. */
  readonly within?: number;
  /** What undoes it, in order; of several actions the last one is undone first. */
  readonly undo?: readonly Words[];
  /** What has the services follow once everything is undone, in order; again that of the last action comes first. */
  readonly settle?: readonly Words[];
}

/** A part of provisioning. */
export interface Step {
  /** `binary`. */
  readonly title: string;
  /** Whether all is as it should be. */
  readonly check: (facts: Facts) => boolean;
  /** What makes it so. */
  readonly apply: (facts: Facts) => readonly Action[];
}

/** The input of the action that reads the executable. */
export const EXECUTABLE = Symbol("the executable");

/** What a host is to become. */
export interface Goal {
  readonly role: Role;
  /** Its executable: one to copy, with its SHA-256 in hexadecimal, or the one that was replaced last. */
  readonly binary: { readonly sha256: string } | "previous";
  /** Its files; SHA-256 of their content in hexadecimal. */
  readonly files: readonly (HostFile & { readonly sha256: string })[];
}

/** The executable until it is moved into place. */
const NEW = "/usr/local/bin/.kas.new";

/** Stands in for the worker while that is restarted. */
const STANDBY = "kas-worker-standby";

/** Folders that are there for kas alone. */
const OWN_FOLDER = /^\/etc\/(kas|nginx\/kas-[^/]*)(\/|$)/;

/** systemd reads its units again. */
export const RELOAD_UNITS = ["systemctl", "daemon-reload"];

/** Seconds for apt's lock to become free, and for a service that has just started to answer through nginx. */
const LOCKED = 60;
const STARTING = 10;

const APT_GET = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", `DPkg::Lock::Timeout=${LOCKED}`];

/** The steps of provisioning, in order. */
export function steps(goal: Goal): readonly Step[] {
  const state = new State(goal);
  return [
    {
      title: "packages",
      check: ({ programs }) => programs.has("nginx"),
      apply: () => [
        { words: [...APT_GET, "update", "-q"], within: LOCKED },
        { words: [...APT_GET, "install", "-q", "-y", "--no-install-recommends", "nginx"] },
      ],
    },
    {
      title: "binary",
      check: (facts) => state.hasBinary(facts),
      apply: (facts) => [
        ...newBinary(goal.binary),
        // One of another architecture, or that lacks a library here, goes no further.
        { words: [NEW, "--version"] },
        ...standIn(state.standsIn(facts)),
        ...replaceBinary(facts),
      ],
    },
    {
      title: "files",
      check: (facts) => state.differing(facts).length === 0,
      apply: (facts) => [
        ...standIn(state.hasBinary(facts) && state.standsIn(facts)),
        ...state.differing(facts).flatMap((file) => writeFile(file, facts.files.has(file.path))),
      ],
    },
    {
      title: "services",
      check: (facts) => state.serves(facts),
      apply: (facts) => [
        { words: ["nginx", "-t", "-q"] },
        { words: RELOAD_UNITS, settle: [RELOAD_UNITS] },
        ...(state.nginxIsStale(facts) ? serveAgain("nginx", facts, "reload-or-restart") : []),
        ...state.units.filter((unit) => !facts.units.get(unit)?.enabled).map((unit) => ({
          words: ["systemctl", "enable", "-q", unit],
          undo: [["systemctl", "disable", "-q", unit]],
        })),
        ...state.stale(facts).flatMap((unit) => serveAgain(unit, facts, "restart")),
      ],
    },
    {
      title: "verify",
      check: (facts) => facts.answers && state.hasBinary(facts) && state.serves(facts),
      apply: (facts) => [
        { words: pingWords(goal.role), within: STARTING },
        ...(state.standsIn(facts) ? [{ words: ["systemctl", "stop", STANDBY] }] : []),
      ],
    },
  ];
}

/** A command that succeeds if every service of a role answers through nginx. */
export function pingWords(role: Role): Words {
  return [
    ...[BINARY, "admin", "ping", "--timeout", "2s"],
    // The worker itself as well: through nginx its stand-in may have answered.
    ...(role === "autoscaler" ? [] : [`127.0.0.1:${WORKER_PORT}`, `127.0.0.1:${WORKER_PORT + 1}`]),
    ...(role === "worker" ? [] : [`127.0.0.1:${AUTOSCALER_PORT}`]),
  ];
}

/** The role that a host has already, undefined if none. */
export function roleOf({ files }: Facts): Role | undefined {
  const worker = files.has(unitPath("kas-worker"));
  const autoscaler = files.has(unitPath("kas-autoscaler"));
  return worker && autoscaler ? "both" : worker ? "worker" : autoscaler ? "autoscaler" : undefined;
}

function unitPath(unit: string): string {
  return `/etc/systemd/system/${unit}.service`;
}

/** How a host stands compared to the goal. */
class State {
  readonly #goal: Goal;
  readonly units: readonly string[];

  constructor(goal: Goal) {
    this.#goal = goal;
    this.units = unitsOf(goal.role);
  }

  hasBinary({ files }: Facts): boolean {
    const { binary } = this.#goal;
    const found = files.get(BINARY);
    return binary !== "previous" && found?.sha256 === binary.sha256 && found.mode === 0o755;
  }

  /** The files that are not as they should be. */
  differing({ files }: Facts): Goal["files"] {
    return this.#goal.files.filter(({ path, mode, group, sha256 }) => {
      const found = files.get(path);
      return found?.sha256 !== sha256 || found.mode !== mode || found.owner !== `root:${group}`;
    });
  }

  /** The services that do not run, or not what they should. */
  stale(facts: Facts): readonly string[] {
    const paths = this.differing(facts).map(({ path }) => path);
    return this.units.filter((unit) =>
      !facts.units.get(unit)?.active || !this.hasBinary(facts) || paths.includes(SETTINGS_PATH) ||
      paths.includes(unitPath(unit))
    );
  }

  nginxIsStale(facts: Facts): boolean {
    const read = /^\/etc\/(nginx|kas\/tls)\//;
    return !facts.units.get("nginx")?.active || this.differing(facts).some(({ path }) => read.test(path));
  }

  serves(facts: Facts): boolean {
    return this.stale(facts).length === 0 && !this.nginxIsStale(facts) &&
      this.differing(facts).length === 0 &&
      this.units.every((unit) => facts.units.get(unit)?.enabled);
  }

  /** Whether there is a worker at work that has to be restarted, and somebody to stand in for it meanwhile. */
  standsIn(facts: Facts): boolean {
    return facts.files.has(unitPath(STANDBY)) && facts.units.get("kas-worker")?.active === true &&
      this.stale(facts).includes("kas-worker");
  }
}

/** Started before anything is replaced, the stand-in is what has been serving well. */
function standIn(needed: boolean): Action[] {
  return needed ? [{ words: ["systemctl", "start", STANDBY], settle: [["systemctl", "stop", STANDBY]] }] : [];
}

/** Brings the new executable, beside the one that is there. */
function newBinary(binary: Goal["binary"]): Action[] {
  const undo = [["rm", "-f", NEW]];
  if (binary === "previous") return [{ words: ["ln", "-f", PREVIOUS, NEW], undo }];
  return [
    { words: ["install", "-m", "0755", "/dev/stdin", NEW], input: EXECUTABLE, undo },
    { words: ["sha256sum", "--check", "--quiet"], input: `${binary.sha256}  ${NEW}\n` },
  ];
}

/** Moves the new executable into place; the one that was there becomes the previous one. */
function replaceBinary({ files }: Facts): Action[] {
  if (!files.has(BINARY)) return [{ words: ["mv", "-f", NEW, BINARY], undo: [["rm", "-f", BINARY]] }];
  return [
    ...(files.has(PREVIOUS) ? [{ words: ["cp", "-a", "--parents", PREVIOUS, UNDO] }] : []),
    {
      words: ["ln", "-f", BINARY, PREVIOUS],
      undo: [files.has(PREVIOUS) ? ["mv", "-f", kept(PREVIOUS), PREVIOUS] : ["rm", "-f", PREVIOUS]],
    },
    { words: ["mv", "-f", NEW, BINARY], undo: [["mv", "-f", PREVIOUS, BINARY]] },
  ];
}

function writeFile({ path, mode, group, content }: HostFile, exists: boolean): Action[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return [
    ...(exists ? [{ words: ["cp", "-a", "--parents", path, UNDO] }] : []),
    {
      words: ["install", "-D", "-m", mode.toString(8).padStart(4, "0"), "-g", group, "/dev/stdin", path],
      input: content,
      undo: exists ? [["mv", "-f", kept(path), path]] : [
        ["rm", "-f", path],
        ...(OWN_FOLDER.test(folder) ? [["rmdir", "-p", "--ignore-fail-on-non-empty", folder]] : []),
      ],
    },
    ...(path === SYSUSERS
      ? [{ words: ["systemd-sysusers", path], ...(exists ? {} : { undo: [["groupdel", "kas"]] }) }]
      : []),
  ];
}

/** Has a service take up what is new, or start; undone, it is as it was. */
function serveAgain(unit: string, { units }: Facts, verb: "restart" | "reload-or-restart"): Action[] {
  const words = ["systemctl", verb, unit];
  if (!units.get(unit)?.active) return [{ words, undo: [["systemctl", "stop", unit]] }];
  return [{ words, settle: [RELOAD_UNITS, ["systemctl", "reset-failed", unit], words] }];
}

/** Where what a file held before is kept until all is well. */
function kept(path: string): string {
  return UNDO + path;
}
