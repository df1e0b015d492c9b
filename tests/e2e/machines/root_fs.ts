/**
 * The machines' read-only root file systems: Debian by debootstrap, and a layer with nginx and node_exporter. `deno run -A tests/e2e/machines/root_fs.ts`
 * creates them, as root, before the tests of this folder.
 *
 * @module
 */

/** The packages of a bare machine. */
const PACKAGES = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "openssh-server",
  "iproute2",
  "ca-certificates",
  "sudo",
];

/** The packages of the layer, whose services start at boot. */
const LAYER = ["nginx", "prometheus-node-exporter"];

const SUITE = "bookworm";

/** The mirror of Debian's packages: the first of apt's sources over HTTP. Source: sources.list(5). */
export function mirror(): URL {
  const folder = "/etc/apt/sources.list.d";
  const files = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);
  for (const path of ["/etc/apt/sources.list", ...files]) {
    const [, url] = /^(?:deb |URIs:).*?(http:\/\/\S+)/m.exec(readIfThere(path)) ?? [];
    if (url !== undefined) return new URL(url);
  }
  throw new Error("Cannot create machines: no source of apt has an http:// URL");
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** The folder of the file systems. It depends on the packages, so that a changed list gets a new folder. */
const CACHE = `/var/cache/kas-tests/${SUITE}-${hash([...PACKAGES, ...LAYER].join(" "))}`;

/** The file system of a bare machine. */
export const BARE = `${CACHE}/bare`;

/** The layer with nginx and node_exporter. */
export const NGINX = `${CACHE}/nginx`;

/** The file that the script writes last, when the file systems are complete. */
const COMPLETE = `${CACHE}/complete`;

/** Whether the file systems exist. */
export function isMade(): boolean {
  try {
    return Deno.statSync(COMPLETE).isFile;
  } catch {
    return false;
  }
}

/** A hash of a text, by FNV-1a. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value.toString(16);
}

async function make(): Promise<void> {
  await Deno.remove(CACHE, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(CACHE, { recursive: true });
  await run(
    "debootstrap",
    "--variant=minbase",
    `--include=${PACKAGES.join(",")}`,
    SUITE,
    BARE,
    mirror().href,
  );
  await run("chroot", BARE, "apt-get", "clean");

  // The upper folder of an overlay receives what the installation of the packages adds.
  const [merged, work] = [`${CACHE}/merged`, `${CACHE}/work`];
  for (const folder of [NGINX, merged, work]) await Deno.mkdir(folder);
  await run(
    "mount",
    "-t",
    "overlay",
    "overlay",
    "-o",
    `lowerdir=${BARE},upperdir=${NGINX},workdir=${work}`,
    merged,
  );
  try {
    // Prevents the package from starting services.
    await Deno.writeTextFile(`${merged}/usr/sbin/policy-rc.d`, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    await run("chroot", merged, "apt-get", "install", "-q", "-y", "--no-install-recommends", ...LAYER);
    await Deno.remove(`${merged}/usr/sbin/policy-rc.d`);
    await run("chroot", merged, "apt-get", "clean");
  } finally {
    await run("umount", merged);
  }
  await Deno.writeTextFile(COMPLETE, "");
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  throw new Error(`${program} ${args.join(" ")} failed: ${said.slice(-2_000)}`);
}

if (import.meta.main && !isMade()) await make();
