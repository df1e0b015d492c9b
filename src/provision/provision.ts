/**
 * Provisions one host: looks, works out what is lacking, has the host carry it out, and tells how it went.
 *
 * @module
 */
import { type Executables, sha256 } from "./binary.ts";
import { type Facts, lookScript, readFacts } from "./facts.ts";
import { filesOf, type HostSettings, type Role, unitsOf } from "./files.ts";
import { BINARY, PREVIOUS, SETTINGS_PATH } from "./paths.ts";
import { removal } from "./removal.ts";
import { applyScript, readSaid, restoreScript } from "./script.ts";
import { type Connection, HostError } from "./ssh/ssh.ts";
import { pingWords, roleOf, type Step, steps } from "./steps.ts";

/** What is wanted of every host. */
export interface Wish {
  readonly kind: "provision" | "rollback" | "remove";
  /** The role that a host is to have beside the one that it has. */
  readonly role: Role;
  /** Settings that were said; others that a host has stay. */
  readonly settings: HostSettings["settings"];
  readonly tls: HostSettings["tls"];
  readonly executables: Executables;
}

/** Who watches, and may say stop. */
export interface Watcher {
  /** Told what is being done: `files`, `binary 43 %`. */
  readonly doing: (what: string) => void;
  /** Ends it where nothing is half done: before a change, or in the copy. */
  readonly signal: AbortSignal;
}

/** How a step of a host ended. */
export interface Result {
  readonly step: string;
  readonly result: "unchanged" | "done" | "failed" | "undone" | "not undone";
  /** How long it took, s; absent where nothing was done. */
  readonly seconds?: number;
}

/** How a host ended. */
export interface Outcome {
  readonly results: readonly Result[];
  /** Why it failed: what went wrong, then what explains it. Empty if all is well. */
  readonly failure: readonly string[];
}

/** What a host lacks. */
export interface Plan {
  readonly facts: Facts;
  readonly steps: readonly Step[];
  readonly units: readonly string[];
  /** The executable to copy, if it has to be. */
  readonly executable?: { readonly path: string; readonly size: number };
}

/** Bytes that stay free beside a new executable. */
const SPARE = 20_000_000;

/** Every path that provisioning may write. */
const PATHS = [
  BINARY,
  ...filesOf("both", { settings: {}, tls: { certificate: "", key: "" } }).map(({ path }) => path),
];

/**
 * Looks at a host and works out what it lacks. Nothing is changed, unless a run that was cut off is still to be undone, which a
 * dry run leaves alone.
 *
 * @throws {HostError} where it can't be reached, or is not fit
 */
export async function planHost(connection: Connection, wish: Wish, dryRun: boolean): Promise<Plan> {
  if (wish.kind === "provision") wish.executables.begin();
  let facts = await look(connection, wish);
  if (facts.unfinished && !facts.busy && !dryRun) {
    await connection.run(restoreScript(), { said: () => {} });
    facts = await look(connection, wish);
  }
  if (facts.busy) throw new HostError("somebody else is provisioning it", "run it again when that is done");
  for (const program of ["apt-get", "systemctl"]) {
    if (!facts.programs.has(program)) {
      throw new HostError(
        `it runs ${facts.system}, which has no ${program}: a Debian or an Ubuntu is needed`,
      );
    }
  }
  switch (wish.kind) {
    case "remove": {
      const units = ["kas-worker", "kas-autoscaler"];
      return { facts, units, steps: removal([...PATHS, PREVIOUS], units) };
    }
    case "rollback": {
      const role = roleOf(facts);
      if (!facts.files.has(PREVIOUS) || role === undefined) {
        throw new HostError(`there is no ${PREVIOUS} to go back to`);
      }
      return { facts, units: unitsOf(role), steps: steps({ role, binary: "previous", files: [] }) };
    }
    case "provision":
      return await provisionPlan(facts, wish);
  }
}

async function provisionPlan(facts: Facts, wish: Wish): Promise<Plan> {
  const executable = await wish.executables.for(facts.arch);
  const had = roleOf(facts);
  const role = had === undefined || had === wish.role ? wish.role : "both";
  const settings = { ...readSettings(facts), ...wish.settings };
  const files = filesOf(role, { settings, tls: role === "worker" ? undefined : wish.tls })
    .map((file) => ({ ...file, sha256: sha256(file.content) }));
  const plan = steps({ role, binary: executable, files });
  const copies = facts.files.get(BINARY)?.sha256 !== executable.sha256;
  if (copies && facts.free < executable.size + SPARE) {
    const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
    throw new HostError(
      `it has ${mb(facts.free)} free below /usr/local, and kas takes ${mb(executable.size)}`,
    );
  }
  return { facts, units: unitsOf(role), steps: plan, ...(copies ? { executable } : {}) };
}

/** Whether there is anything to do. */
export function isUnchanged({ facts, steps }: Plan): boolean {
  return steps.every((step) => step.check(facts));
}

/**
 * Has a host carry a plan out. It undoes by itself what fails half-way, and what is under way when the connection breaks it ends.
 *
 * @throws {HostError} where the connection breaks, or somebody else has come first
 */
export async function carryOut(connection: Connection, plan: Plan, watcher: Watcher): Promise<Outcome> {
  const { facts, executable } = plan;
  const results: Result[] = plan.steps.filter((step) => step.check(facts))
    .map(({ title }) => ({ step: title, result: "unchanged" }));
  const failure: string[] = [];
  let busy = false;
  let begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1_000;
  watcher.signal.throwIfAborted();
  const { stderr } = await connection.run(applyScript(plan.steps, facts, plan.units), {
    file: executable?.path,
    signal: watcher.signal,
    sent: (bytes) => watcher.doing(`binary ${Math.floor(100 * bytes / (executable?.size ?? 1))} %`),
    said: (line) => {
      const said = readSaid(line);
      switch (said?.kind) {
        case "begin":
          begun = performance.now();
          return watcher.doing(said.title);
        case "done":
          return void results.push({ step: said.title, result: "done", seconds: seconds() });
        case "failed":
          results.push({ step: said.title, result: "failed", seconds: seconds() });
          watcher.doing("undoing it");
          return void failure.push(`${said.words} failed`);
        case "log":
          return void failure.push(said.text);
        case "undone":
          return void results.push({ step: "undo", result: "undone" });
        case "stuck":
          results.push({ step: "undo", result: "not undone" });
          return void failure.push(`could not be undone: ${said.words}`);
        case "busy":
          busy = true;
      }
    },
  });
  if (busy) throw new HostError("somebody else is provisioning it", "run it again when that is done");
  const done = plan.steps.every(({ title }) => results.some(({ step }) => step === title));
  if (!done && failure.length === 0) throw new HostError(stderr.trim() || "its script ended without a word");
  if (watcher.signal.aborted && failure.length > 0) failure.unshift("interrupted in the copy");
  const order = plan.steps.map(({ title }) => title);
  results.sort((a, b) => place(order, a.step) - place(order, b.step));
  return { results, failure };
}

function place(order: readonly string[], step: string): number {
  return order.indexOf(step) >>> 0;
}

async function look(connection: Connection, { kind, role }: Wish): Promise<Facts> {
  const lines: string[] = [];
  const { stderr } = await connection.run(
    lookScript({
      programs: ["apt-get", "nginx", "systemctl"],
      paths: PATHS,
      present: [PREVIOUS],
      units: ["kas-worker", "kas-autoscaler", "nginx"],
      check: kind === "provision" ? pingWords(role) : ["true"],
    }),
    { said: (line) => lines.push(line) },
  );
  try {
    return readFacts(lines.join("\n"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HostError(`${error.message}: ${stderr.trim() || lines[0] || "nothing"}`);
  }
}

function readSettings({ settings }: Facts): HostSettings["settings"] {
  if (settings === undefined) return {};
  try {
    return JSON.parse(settings);
  } catch {
    throw new HostError(`its ${SETTINGS_PATH} is no JSON`, `mend it there, or delete it`);
  }
}
