/**
 * The task `deno task build [--target TARGET]`. It bundles kas and compiles the bundle with the Deno version that runs the task.
 * It writes the executable to `dist/kas` or, for a different target, to `dist/kas-ARCHITECTURE`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { withoutNotice } from "./licenses.ts";
import { targetOf, TARGETS } from "./target.ts";
import { BuildError, bundleIntoWork, deno, ROOT, WORK } from "./work.ts";

const UNSTABLE = ["net", "worker-options", "no-legacy-abort"].map((name) => `--unstable-${name}`);

/** Builds the executable. Returns its path and the names of the packages in the executable. */
async function build(target: string): Promise<{ path: string; packages: readonly string[] }> {
  if (!TARGETS.includes(target)) {
    throw new BuildError(`Cannot build for the target "${target}". Supported targets: ${TARGETS.join(", ")}`);
  }
  const { main, threads, packages: bundled } = await bundleIntoWork(await commit());
  const packages = bundled.map(({ name }) => name);
  const unlicensed = await withoutNotice(packages);
  if (unlicensed.length > 0) {
    throw new BuildError(
      `src/build/licenses.txt has no notice for the packages ${
        unlicensed.join(", ")
      }; run: deno task licenses`,
    );
  }
  // The executable contains the modification times of the files. Fixed times make the build reproducible.
  for await (const { name } of Deno.readDir(`${WORK}/bundle`)) {
    await Deno.utime(`${WORK}/bundle/${name}`, 0, 0);
  }

  const output = `${WORK}/kas`;
  await deno([
    "compile",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-check",
    "--no-prompt",
    "--no-code-cache",
    ...UNSTABLE,
    // Deno permits the sandbox to read /proc only with all permissions.
    // The services drop the permissions that they do not need after the start (docs/security.md).
    "--allow-all",
    ...threads.flatMap((path) => ["--include", path]),
    ...(target === Deno.build.target ? [] : ["--target", target]),
    "--output",
    output,
    main,
  ], `${WORK}/bundle`);
  const actual = targetOf(await head(output));
  if (actual !== target) {
    const cause = Deno.env.get("DENORT_BIN") ? "; DENORT_BIN overrides --target" : "";
    throw new BuildError(
      `The executable is for ${actual ?? "an unknown platform"}, not for the target ${target}${cause}`,
    );
  }
  // The file name of a Linux executable ends with its architecture, because `kas admin provision` looks for the file `dist/kas-<arch>`.
  const suffix = target === Deno.build.target ? "" : `-${target.replace("-unknown-linux-gnu", "")}`;
  const path = `${ROOT}dist/kas${suffix}`;
  await Deno.rename(output, path);
  await Deno.remove(WORK, { recursive: true });
  return { path, packages };
}

/** Returns the current commit, with `-dirty` if files differ from the commit, or `unknown` if the project's folder is not a checkout. */
async function commit(): Promise<string> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  try {
    // If only a parent folder is a Git checkout, its commits do not describe kas.
    if (await git("rev-parse", "--show-prefix") !== "") return "unknown";
    const head = await git("rev-parse", "--short=12", "HEAD");
    if (head === undefined) return "unknown";
    return await git("status", "--porcelain") === "" ? head : `${head}-dirty`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "unknown";
    throw error;
  }
}

async function head(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(20);
  return bytes.subarray(0, await file.read(bytes) ?? 0);
}

if (import.meta.main) {
  const { target = Deno.build.target, _: [unexpected] } = parseArgs(Deno.args, { string: ["target"] });
  try {
    if (unexpected !== undefined) {
      throw new BuildError(`Unexpected argument "${unexpected}". Usage: deno task build --target TARGET`);
    }
    const { path, packages } = await build(String(target));
    const { size } = await Deno.stat(path);
    const summary = `${path.slice(ROOT.length)}: ${(size / 1e6).toFixed(1)} MB with ${packages.join(", ")}\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(summary));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`build: ${error.message}\n`));
    Deno.exit(1);
  }
}
