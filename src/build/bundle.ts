/**
 * Bundles the sources and their packages into a few JavaScript modules. The bundle contains only the AWS SDK commands that kas
 * imports, and no package that only tests use.
 *
 * @module
 */
import * as esbuild from "esbuild";
import deno from "../../deno.json" with { type: "json" };
import { pureSchemas } from "./pure_schemas.ts";

/** Modules that run in their own threads. The bundler does not find them. */
const THREADS = ["src/worker/burn.ts", "src/process/watchdog_thread.ts"];

/** Options of a bundle. */
export interface BundleOptions {
  /** The project's folder, with a trailing slash. */
  readonly root: string;
  /** The node_modules folder with the packages. */
  readonly packages: string;
  /** The empty folder to write to. */
  readonly to: string;
  /** The commit for {@linkcode ORIGIN}. */
  readonly commit: string;
}

/** A package in the bundle. */
export interface BundledPackage {
  readonly name: string;
  /** Its folder, relative to the project's. */
  readonly folder: string;
}

/** The result. */
export interface Bundle {
  readonly main: string;
  /** The modules of threads. No other module imports them. */
  readonly threads: readonly string[];
  /** The packages in the bundle, by name. */
  readonly packages: readonly BundledPackage[];
}

/** Bundles kas. Throws esbuild's error, which names the file and line. */
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
      // Prefer the packages' ES modules: esbuild cannot tree-shake CommonJS.
      mainFields: ["module", "main"],
      entryNames: "[name]",
      chunkNames: "[name]-[hash]",
      minify: true,
      // Errors show the names of classes and functions.
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

/** `src/worker/burn.ts` → `burn.mjs`. */
function output(path: string): string {
  return path.replace(/^.*\//, "").replace(/\.ts$/, ".mjs");
}

/** Rewrites `new Worker(new URL("./burn.ts", import.meta.url)` to the name of the bundled module. */
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

/** The names in the import map that differ from the package names, as esbuild aliases. */
function aliases(imports: Readonly<Record<string, string>>): Record<string, string> {
  const paths = Object.entries(imports).map(([name, specifier]) =>
    [name, specifier.replace(/^npm:/, "").replace(/(.)@[^/]+/, "$1")] as const
  );
  return Object.fromEntries(paths.filter(([name, path]) => name !== path));
}

function packagesOf({ inputs }: esbuild.Metafile): BundledPackage[] {
  const folders = new Map<string, string>();
  for (const path of Object.keys(inputs)) {
    const [folder, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
    if (folder !== undefined && name !== undefined) folders.set(name, folder);
  }
  return [...folders].map(([name, folder]) => ({ name, folder })).sort((a, b) => a.name < b.name ? -1 : 1);
}
