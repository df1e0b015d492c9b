/**
 * `deno task build [--target TARGET]`: bundles kas and compiles the bundle with the Deno that runs this, to `dist/kas` or,
 * for another target, `dist/kas-ARCHITECTURE`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { withoutNotice } from "./licenses.ts";
import { targetOf, TARGETS } from "./target.ts";
import { BuildError, bundleIntoWork, deno, ROOT, WORK } from "./work.ts";

const UNSTABLE = ["net", "worker-options", "no-legacy-abort"].map((name) => `--unstable-${name}`);

/** Builds the executable. Returns its path and the packages in it. */
async function build(target: string): Promise<{ path: string; packages: readonly string[] }> {
  if (!TARGETS.includes(target)) {
    throw new BuildError(`Cannot build for "${target}"; the targets are ${TARGETS.join(", ")}`);
  }
  const { main, threads, packages: bundled } = await bundleIntoWork(await commit());
  const packages = bundled.map(({ name }) => name);
  const unlicensed = await withoutNotice(packages);
  if (unlicensed.length > 0) {
    throw new BuildError(
      `src/build/licenses.txt has no notice for ${unlicensed.join(", ")}; try: deno task licenses`,
    );
  }
  // The executable contains the files' times. Fixed times make the build reproducible.
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
    // All permissions: Deno allows reading /proc, which the sandbox needs, only then. Services drop theirs (docs/security.md).
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
      `The executable is for ${actual ?? "an unknown machine"}, not for ${target}${cause}`,
    );
  }
  // A Linux target is named by its architecture alone; `kas admin provision` looks for that name.
  const suffix = target === Deno.build.target ? "" : `-${target.replace("-unknown-linux-gnu", "")}`;
  const path = `${ROOT}dist/kas${suffix}`;
  await Deno.rename(output, path);
  await Deno.remove(WORK, { recursive: true });
  return { path, packages };
}

/** The commit, with `-dirty` if files differ from it. `unknown` if the project's folder is not a checkout. */
async function commit(): Promise<string> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  try {
    // A folder inside another checkout does not belong to its commits.
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
      throw new BuildError(`Unexpected argument "${unexpected}"; try: deno task build --target TARGET`);
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
