/**
 * Runs `kas admin` in this process against a new sandbox, whose machines are HTTP servers in this process.
 *
 * @module
 */
import { admin } from "../../../src/admin/command.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../../src/sandbox/sandbox.ts";
import { credentials } from "../aws/wire.ts";
import { type Ended, runWords, type Surroundings } from "../cli/captured.ts";
import { type LocalMachines, localMachines } from "../sandbox/machines.ts";

const ROOT = { name: "kas", summary: "kas", commands: [admin] };

/** Ids of the sandbox's first instances: a running base instance and a stopped node. */
export const BASE = "i-00000000000000001";
export const NODE = "i-00000000000000002";
/** An id that no instance has. */
export const NOBODY = "i-0000000000000dead";

/** A sandbox, and functions that run `kas admin` with this sandbox as AWS. */
export interface Fleet extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly machines: LocalMachines;
  /** Runs `kas admin` with the words. */
  kas(words: string, surroundings?: Surroundings): Promise<Ended>;
  /** Runs `kas admin` with the words, and returns the rows as objects. Throws an error with stderr if the exit status is not 0. */
  rows(words: string): Promise<Record<string, unknown>[]>;
  /** Returns the AWS calls that changed something since the last call of this function. */
  changes(): string[];
}

/** Starts a sandbox that runs 100 times faster than real time. By default it has the option `kind`. */
export async function fleet(options: SandboxOptions = {}): Promise<Fleet> {
  credentials();
  const machines = localMachines();
  const sandbox = await startSandbox({ kind: true, machine: machines.make, speed: 100, ...options });
  const { AWS_ENDPOINT_URL, AWS_REGION } = sandbox.env;
  const env = { AWS_ENDPOINT_URL: AWS_ENDPOINT_URL ?? "", AWS_REGION: AWS_REGION ?? "" };
  const kas = (words: string, surroundings: Surroundings = {}) =>
    runWords(ROOT, ["admin", ...words.split(" ")], { ...surroundings, env: { ...env, ...surroundings.env } });
  let seen = sandbox.calls.length;
  return {
    sandbox,
    machines,
    kas,
    rows: async (words) => {
      const { status, out, err } = await kas(`${words} --output json`);
      if (status !== 0) throw new Error(`kas admin ${words} ended with ${status}: ${err}`);
      return JSON.parse(out);
    },
    changes: () => {
      const calls = sandbox.calls.slice(seen).map(({ action }) => action);
      seen = sandbox.calls.length;
      return calls.filter((action) => !/^(Describe|List|Get)/.test(action));
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}
