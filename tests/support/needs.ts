/**
 * What a test needs that may not be there: it is then reported as ignored, with the reason in its name.
 *
 * @module
 */

/** A tool on the PATH, a file, root… and whether it is there. */
export interface Need {
  readonly what: string;
  readonly met: boolean;
}

/** Every executable of a name on the PATH, the one that a shell takes first. */
export function installed(name: string): readonly string[] {
  const paths = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`).filter(isFile);
  // Where /bin is /usr/bin the same one is found twice.
  return [...new Map(paths.map((path) => [Deno.realPathSync(path), path])).values()];
}

/** A program on the PATH. */
export function program(name: string): Need {
  return { what: `${name} is not on the PATH`, met: installed(name).length > 0 };
}

/** A file or folder, relative to the project's folder. */
export function file(path: string): Need {
  return { what: `${path} is not there`, met: isFile(new URL(`../../${path}`, import.meta.url)) };
}

/** Root's rights. */
export function root(): Need {
  return { what: "needs root", met: Deno.uid() === 0 };
}

/** The executable that `deno task build` makes. */
export function binary(): Need {
  return { what: "dist/kas is not there: deno task build", met: file("dist/kas").met };
}

/** Registers a test that is ignored, with the reason said, where a need is not met. */
export function testWith(
  needs: readonly Need[],
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = needs.find(({ met }) => !met);
  Deno.test({
    name: missing ? `${name} (ignored: ${missing.what})` : name,
    ignore: missing !== undefined,
    fn,
  });
}

function isFile(path: string | URL): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
