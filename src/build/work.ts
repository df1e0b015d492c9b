/**
 * Creates the build folder, which contains the packages of kas and the bundle.
 *
 * @module
 */
import { type Bundle, bundle } from "./bundle.ts";

/** Path of the project's folder, with a trailing slash. */
export const ROOT: string = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Path of the build folder. The name is fixed, because the executable contains file names and must be reproducible. */
export const WORK: string = `${ROOT}dist/.build`;

/** Error of the build that is reported in one line. */
export class BuildError extends Error {}

/** Creates an empty build folder, installs the packages of kas in this folder, and bundles kas. */
export async function bundleIntoWork(commit: string): Promise<Bundle> {
  await Deno.remove(WORK, { recursive: true }).catch(ignoreMissing);
  await Deno.mkdir(`${WORK}/bundle`, { recursive: true });
  // Deno installs the packages into the build folder, because a node_modules in the project's folder would affect the whole project.
  for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(`${ROOT}${name}`, `${WORK}/${name}`);
  await deno(["install", "--quiet", "--node-modules-dir=auto"], WORK);
  return await bundle({ root: ROOT, packages: `${WORK}/node_modules`, to: `${WORK}/bundle`, commit });
}

/** Runs Deno in a folder. If Deno fails, throws a BuildError with Deno's message. */
export async function deno(args: readonly string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  if (success) return;
  const [message = ""] = new TextDecoder().decode(stderr).split("Stack backtrace:");
  throw new BuildError(`deno ${args[0]} failed: ${message.trim().replaceAll(/\s+/g, " ")}`);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
