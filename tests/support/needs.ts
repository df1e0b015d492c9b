/**
 * The needs of tests, such as an installed program. A test whose need is not met is ignored, and its name says why.
 *
 * @module
 */

/** Something that a test needs, and whether this machine has it. */
export interface Need {
  readonly what: string;
  readonly met: boolean;
}

/** Returns the paths of all executables with this name on the PATH, in the order of the PATH. */
export function installed(name: string): readonly string[] {
  const paths = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`).filter(isFile);
  // If /bin is a link to /usr/bin, the search finds each executable twice.
  return [...new Map(paths.map((path) => [Deno.realPathSync(path), path])).values()];
}

/** The need of a program on the PATH. */
export function program(name: string): Need {
  return { what: `${name} is not on the PATH`, met: installed(name).length > 0 };
}

/** The need of a file or folder. The path is relative to the project's folder. */
export function file(path: string): Need {
  return { what: `${path} does not exist`, met: isFile(new URL(`../../${path}`, import.meta.url)) };
}

/** The need to run as root. */
export function root(): Need {
  return { what: "needs root", met: Deno.uid() === 0 };
}

/** The need of the executable that `deno task build` makes. */
export function binary(): Need {
  return { what: "dist/kas does not exist: deno task build", met: file("dist/kas").met };
}

/** Registers a test. If a need is not met, the test is ignored, and its name says why. */
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
