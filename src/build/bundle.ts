/**
 * Bundles the sources and their packages into a few JavaScript modules. The bundle contains only the AWS SDK commands that kas
 * imports, and no packages that only tests use.
 *
 * @module
 */
import * as esbuild from "esbuild";
import deno from "../../deno.json" with { type: "json" };
import { pureSchemas } from "./pure_schemas.ts";

/** Paths of the modules that kas runs in their own threads. esbuild does not find these modules, because no module imports them. */
const THREADS = ["src/worker/burn.ts", "src/process/watchdog_thread.ts"];

/** Options of {@linkcode bundle}. */
export interface BundleOptions {
  /** Path of the project's folder, with a trailing slash. */
  readonly root: string;
  /** Path of the node_modules folder that contains the packages. */
  readonly packages: string;
  /** Path of the empty folder for the bundled modules. */
  readonly to: string;
  /** Commit of the sources, for {@linkcode ORIGIN}. */
  readonly commit: string;
}

/** A package in the bundle. */
export interface BundledPackage {
  readonly name: string;
  /** Folder of the package, relative to the project's folder. Two versions of a package have two folders. */
  readonly folder: string;
}

/** The result of {@linkcode bundle}. */
export interface Bundle {
  readonly main: string;
  /** Paths of the bundled modules that run in threads. Other modules do not import these modules. */
  readonly threads: readonly string[];
  /** The packages in the bundle, sorted by name. */
  readonly packages: readonly BundledPackage[];
}

/** Bundles kas. Throws esbuild's error, which contains the file and line. */
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
      // esbuild uses a package's ES modules if there are any, because it cannot remove unused code from CommonJS modules.
      mainFields: ["module", "main"],
      entryNames: "[name]",
      chunkNames: "[name]-[hash]",
      minify: true,
      // esbuild keeps the names of classes and functions, because error messages contain these names.
      keepNames: true,
      legalComments: "none",
      nodePaths: [packages],
      alias: aliases(deno.imports),
      loader: { ".conf": "text", ".txt": "text", ".service": "text", ".sysusers": "text", ".css": "text" },
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

/** Returns the name of a bundled module: `src/worker/burn.ts` becomes `burn.mjs`. */
function output(path: string): string {
  return path.replace(/^.*\//, "").replace(/\.ts$/, ".mjs");
}

/** esbuild plugin that rewrites `new Worker(new URL("./burn.ts", import.meta.url)` to use the name of the bundled module. */
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
              `${path} starts a thread from ${name}, which is missing in THREADS of src/build/bundle.ts`,
            );
          }
          return `${before}./${output(name)}${after}`;
        },
      );
      return { contents, loader: "ts" };
    });
  },
};

/** Returns esbuild aliases for the entries of the import map whose names differ from the package names. */
function aliases(imports: Readonly<Record<string, string>>): Record<string, string> {
  const paths = Object.entries(imports).map(([name, specifier]) =>
    [name, specifier.replace(/^npm:/, "").replace(/(.)@[^/]+/, "$1")] as const
  );
  return Object.fromEntries(paths.filter(([name, path]) => name !== path));
}

function packagesOf({ inputs }: esbuild.Metafile): BundledPackage[] {
  const names = new Map<string, string>();
  for (const path of Object.keys(inputs)) {
    const [folder, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
    if (folder !== undefined && name !== undefined) names.set(folder, name);
  }
  return [...names].map(([folder, name]) => ({ name, folder }))
    .sort((a, b) => a.name < b.name || (a.name === b.name && a.folder < b.folder) ? -1 : 1);
}
