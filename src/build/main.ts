/**
 * The task `deno task build [--target TARGET] [--runtime-sha256 CHECKSUM]`. It bundles kas and compiles the bundle with the Deno
 * version that runs the task. It writes the executable to `dist/kas` or, for a different target, to `dist/kas-ARCHITECTURE`, and
 * beside it the bill of materials, `dist/kas.cdx.json`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import type { BundledPackage } from "./bundle.ts";
import { partOf, withoutNotice } from "./licenses.ts";
import { knownChecksums, requireKnown, type Runtime, runtimeIn, sha256 } from "./runtime.ts";
import { billOf } from "./sbom.ts";
import { targetOf, TARGETS } from "./target.ts";
import { BuildError, bundleIntoWork, deno, ROOT, WORK } from "./work.ts";

const UNSTABLE = ["net", "worker-options", "no-legacy-abort"].map((name) => `--unstable-${name}`);

/**
 * Builds the executable and its bill of materials. Returns its path and the names of the packages in the executable.
 *
 * @param accepted checksum of a runtime that src/build/checksums.txt does not contain
 */
async function build(
  target: string,
  accepted: string | undefined,
): Promise<{ path: string; packages: readonly string[] }> {
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
  // The executable contains the modification times of the bundled files. Fixed times make the build reproducible.
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
    // `kas admin sandbox` reads /proc, which Deno permits only with all permissions.
    // After its start, each service drops the permissions that it does not need (docs/security.md).
    "--allow-all",
    ...threads.flatMap((path) => ["--include", path]),
    ...(target === Deno.build.target ? [] : ["--target", target]),
    "--output",
    output,
    main,
  ], `${WORK}/bundle`);
  const source = Deno.env.get("DENORT_BIN") || undefined;
  const actual = targetOf(await head(output));
  if (actual !== target) {
    const cause = source ? "; DENORT_BIN overrides --target" : "";
    throw new BuildError(
      `The executable is for ${actual ?? "an unknown platform"}, not for the target ${target}${cause}`,
    );
  }
  const runtime = { version: Deno.version.deno, ...await runtimeIn(output, source) };
  requireKnown(runtime, await knownChecksums(), accepted);
  const bill = await billOfExecutable(output, runtime, bundled);
  // An executable for another platform has its target in its file name, for Linux only the architecture: `kas admin provision` looks for
  // `dist/kas-<arch>`.
  const suffix = target === Deno.build.target ? "" : `-${target.replace("-unknown-linux-gnu", "")}`;
  const path = `${ROOT}dist/kas${suffix}`;
  await Deno.writeTextFile(`${path}.cdx.json`, bill);
  await Deno.rename(output, path);
  await Deno.remove(WORK, { recursive: true });
  return { path, packages };
}

/** Returns the bill of materials as JSON. */
async function billOfExecutable(
  path: string,
  runtime: Runtime,
  bundled: readonly BundledPackage[],
): Promise<string> {
  const bill = billOf({
    parts: await Promise.all(bundled.map(partOf)),
    lock: JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`)),
    runtime,
    v8: Deno.version.v8,
    sha256: await sha256(await Deno.readFile(path)),
  });
  return `${JSON.stringify(bill, undefined, 2)}\n`;
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
  const string = ["target", "runtime-sha256"];
  const { target = Deno.build.target, "runtime-sha256": accepted, _: [unexpected] } = parseArgs(Deno.args, {
    string,
  });
  try {
    if (unexpected !== undefined) {
      throw new BuildError(
        `Unexpected argument "${unexpected}". Usage: deno task build --target TARGET --runtime-sha256 CHECKSUM`,
      );
    }
    const { path, packages } = await build(
      String(target),
      accepted === undefined ? undefined : String(accepted),
    );
    const { size } = await Deno.stat(path);
    const summary = `${path.slice(ROOT.length)}: ${(size / 1e6).toFixed(1)} MB with ${packages.join(", ")}\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(summary));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`build: ${error.message}\n`));
    Deno.exit(1);
  }
}
