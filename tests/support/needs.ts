/**
 * What a test needs. A test whose need is not met is ignored, with the reason in its name.
 *
 * @module
 */

/** A need, and whether it is met. */
export interface Need {
  readonly what: string;
  readonly met: boolean;
}

/** The paths of every executable with a name on the PATH, in the order of the PATH. */
export function installed(name: string): readonly string[] {
  const paths = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`).filter(isFile);
  // If /bin is a link to /usr/bin, each is found twice.
  return [...new Map(paths.map((path) => [Deno.realPathSync(path), path])).values()];
}

/** A program on the PATH. */
export function program(name: string): Need {
  return { what: `${name} is not on the PATH`, met: installed(name).length > 0 };
}

/** A file or folder, relative to the project's folder. */
export function file(path: string): Need {
  return { what: `${path} does not exist`, met: isFile(new URL(`../../${path}`, import.meta.url)) };
}

/** The rights of root. */
export function root(): Need {
  return { what: "needs root", met: Deno.uid() === 0 };
}

/** The executable that `deno task build` makes. */
export function binary(): Need {
  return { what: "dist/kas does not exist: deno task build", met: file("dist/kas").met };
}

/** Registers a test. It is ignored, with the reason in its name, if a need is not met. */
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
