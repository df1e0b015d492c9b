/**
 * Asks an IAM simulator, which runs in another process (tests/support/iam), whether IAM would allow requests.
 *
 * @module
 */
import type { Policy } from "../../../src/admin/iam/policy.ts";
import { ACCOUNT_ID } from "../../../src/sandbox/wire/action.ts";
import { fileURLToPath } from "node:url";
import type { Need } from "../../support/needs.ts";
import type { IamRequest } from "./requests.ts";

const FOLDER = fileURLToPath(new URL("../../support/iam", import.meta.url));
const PROGRAM = `${FOLDER}/simulate.ts`;
const CONFIG = ["--quiet", "--config", `${FOLDER}/deno.json`];

/** The simulator's packages. */
export async function simulator(): Promise<Need> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", ...CONFIG, PROGRAM],
  })
    .output();
  return {
    what: "deno cannot load the packages of the IAM simulator (tests/support/iam)",
    met: success,
  };
}

/** Returns for each policy whether it allows each request. Throws an error if a policy or a request is malformed. */
export async function simulate(
  policies: readonly Policy[],
  requests: readonly IamRequest[],
): Promise<boolean[][]> {
  const args = ["run", ...CONFIG, "--allow-read", "--allow-env", PROGRAM];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({ account: ACCOUNT_ID, policies, requests })));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
