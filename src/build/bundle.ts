/**
 * The sources and the packages in use as a few modules of plain JavaScript: of the AWS SDK only the commands that are named,
 * of the packages for tests nothing.
 *
 * @module
 */
import * as esbuild from "esbuild";
import deno from "../../deno.json" with { type: "json" };
import { pureSchemas } from "./pure_schemas.ts";

/** Modules that run in threads of their own, which a bundler does not see by itself. */
const THREADS = ["src/worker/burn.ts", "src/process/watchdog_thread.ts"];

/** What goes into a bundle. */
export interface BundleOptions {
  /** The project's folder, with a slash at its end. */
  readonly root: string;
  /** Where its packages are: a node_modules. */
  readonly packages: string;
  /** An empty folder to write to. */
  readonly to: string;
  /** {@linkcode ORIGIN}'s commit. */
  readonly commit: string;
}

/** What came of it. */
export interface Bundle {
  readonly main: string;
  /** Modules that nothing imports. */
  readonly threads: readonly string[];
  /** The packages that are in it, by name. */
  readonly packages: readonly string[];
}

/** Bundles kas. Throws esbuild's own error, which names file and line. */
export async function bundle({ root, packages, to, commit }: BundleOptions): Promise<Bundle> {
  try {
    const { metafile } = await esbuild.build({
      absWorkingDir: root,
      entryPoints: ["main.ts", ...THREADS],
      outdir: to,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      // The packages' ES modules: their CommonJS twins can't be shaken.
      mainFields: ["module", "main"],
      entryNames: "[name]",
      chunkNames: "[name]-[hash]",
      minify: true,
      // Names of classes and functions are told in errors.
      keepNames: true,
      legalComments: "none",
      nodePaths: [packages],
      alias: aliases(deno.imports),
      loader: { ".conf": "text", ".service": "text", ".sysusers": "text", ".css": "text" },
      define: { KAS_COMMIT: JSON.stringify(commit) },
      banner: {
        js: `import{createRequire as $require}from"node:module";const require=$require(import.meta.url);`,
      },
      plugins: [threadUrls, pureSchemas],
      metafile: true,
      logLevel: "silent",
    });
    return {
      main: `${to}/main.mjs`,
      threads: THREADS.map((path) => `${to}/${output(path)}`),
      packages: packagesOf(metafile),
    };
  } finally {
    await esbuild.stop();
  }
}

/** `src/worker/burn.ts` → `burn.mjs`. */
function output(path: string): string {
  return path.replace(/^.*\//, "").replace(/\.ts$/, ".mjs");
}

/** `new Worker(new URL("./burn.ts", import.meta.url)` names the module that it has become, beside every other one. */
const threadUrls: esbuild.Plugin = {
  name: "thread-urls",
  setup: (build) => {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await Deno.readTextFile(path);
      const contents = source.replaceAll(
        /(new Worker\(\s*new URL\(")\.\/(\w+\.ts)(", import\.meta\.url\))/g,
        (_, before: string, name: string, after: string) => {
          const thread = path.replace(/[^/]+$/, name);
          if (!THREADS.some((known) => thread.endsWith(`/${known}`))) {
            throw new Error(
              `${path} starts a thread of ${name}, which is not among THREADS of src/build/bundle.ts`,
            );
          }
          return `${before}./${output(name)}${after}`;
        },
      );
      return { contents, loader: "ts" };
    });
  },
};

/** The import map's names that differ from the packages' own, as esbuild wants them. */
function aliases(imports: Readonly<Record<string, string>>): Record<string, string> {
  const paths = Object.entries(imports).map(([name, specifier]) =>
    [name, specifier.replace(/^npm:/, "").replace(/(.)@[^/]+/, "$1")] as const
  );
  return Object.fromEntries(paths.filter(([name, path]) => name !== path));
}

function packagesOf({ inputs }: esbuild.Metafile): string[] {
  const names = Object.keys(inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}
