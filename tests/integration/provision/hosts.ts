/**
 * Hosts that cost nothing: behind an `ssh` on the PATH each is a mount namespace of this machine, in which `/etc`, `/usr/local`,
 * `/var/lib` and `/run` are folders of the host's own. bash, coreutils and flock there are the real ones; nginx, apt and
 * systemd are stand-ins that keep count. What these really do, `tests/e2e/machines` tries.
 *
 * @module
 */
import { type Ended, execute, FROM_SOURCE, type Running, start } from "../../support/kas.ts";
import { installed, type Need, program, root } from "../../support/needs.ts";

/** What a test with such hosts needs. */
export const HOSTS: readonly Need[] = [root(), program("unshare"), program("bash")];

/** A program that is Linux's, and ends well whatever it is told. */
export const GOOD_BINARY = installed("true")[0] ?? "";

const PARTS = ["etc", "usr/local", "var/lib", "run"];

/** ssh's words up to the host are skipped; `ssh` is replaced by the command in the host's namespace. */
const SSH = `#!/bin/bash
while [ "$1" != -- ]; do
  case $1 in -O) exit 0 ;; -o | -l | -i | -p) shift 2 ;; *) shift ;; esac
done
host=$KAS_TEST_HOSTS/$2
[ -d "$host" ] || { echo "ssh: Could not resolve hostname $2: Name or service not known" >&2; exit 255; }
echo "begin $2" >>"$KAS_TEST_HOSTS/log"
# A host may hold its input back once so much of it has come, until it is told to go on.
if [ -e "$host/hold" ]; then
  most=$(cat "$host/hold")
  exec 3< <(
    head -c "$most" >"$host/first"
    cat "$host/first"
    if [ "$(stat -c %s "$host/first")" = "$most" ]; then
      touch "$host/held"
      # Nobody lets go where the test itself was killed.
      while [ -e "$host/hold" ] && [ $SECONDS -lt 60 ]; do sleep 0.02; done
    fi
    cat
  )
else
  exec 3<&0
fi
unshare --mount --propagation private sh -c '
  for part in ${PARTS.join(" ")}; do mount --bind "$0/$part" "/$part"; done
  [ ! -e "$0/mount" ] || . "$0/mount"
  HOST=$0 PATH=$0/bin:$PATH exec sh -c "$1"' "$host" "$3" <&3
code=$?
echo "end $2" >>"$KAS_TEST_HOSTS/log"
exit $code
`;

/** systemd's, as far as provisioning asks: which units are active and enabled. Every word of it is kept. */
const SYSTEMCTL = `#!/bin/bash
verb=$1
[ "$verb" = show ] || echo "systemctl $*" >>"$HOST/calls"
mkdir -p "$HOST/active" "$HOST/enabled"
for unit; do
  case $unit in -* | *=* | "$verb" | *,*) continue ;; esac
  case $verb in
    show)
      echo "Id=$unit.service"
      [ -e "$HOST/active/$unit" ] && echo ActiveState=active || echo ActiveState=inactive
      [ -e "$HOST/enabled/$unit" ] && echo UnitFileState=enabled || echo UnitFileState=
      echo
      ;;
    start | restart | reload-or-restart) touch "$HOST/active/$unit" ;;
    stop) rm -f "$HOST/active/$unit" ;;
    enable) touch "$HOST/enabled/$unit" ;;
    disable) rm -f "$HOST/enabled/$unit" ;;
  esac
done
exit 0
`;

const STAND_INS: Readonly<Record<string, string>> = {
  systemctl: SYSTEMCTL,
  nginx: "#!/bin/sh\nexit 0\n",
  "apt-get": "#!/bin/sh\nexit 0\n",
  "systemd-sysusers": "#!/bin/sh\nexit 0\n",
  groupdel: "#!/bin/sh\nexit 0\n",
  journalctl: "#!/bin/sh\nexit 0\n",
};

/** A host. */
export interface Host {
  readonly name: string;
  /** The folder that holds its parts: `etc`, `usr/local`… */
  readonly folder: string;
  /** All that is on it: permission bits and content by path. */
  state(): Promise<string>;
  /** What systemd was told. */
  calls(): Promise<string[]>;
  /** Takes no more than so many bytes of what it is sent, until it is let go; a script of fewer is not held up. */
  hold(bytes: number): Promise<void>;
  /** Whether it is at that. */
  held(): Promise<boolean>;
  letGo(): Promise<void>;
}

/** Some hosts, and a kas that reaches them. */
export interface Hosts extends AsyncDisposable {
  readonly hosts: readonly Host[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `kas admin provision` with such words. */
  provision(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The same, and goes on. */
  start(words: readonly string[]): Running;
  /** `begin HOST` and `end HOST`, for each script that ran. */
  log(): Promise<string[]>;
  /** Lets all hosts go, when it is disposed of: before the kas that waits for them, if it is made after it. */
  lettingGo(): AsyncDisposable;
}

/** Makes bare hosts of these names. */
export async function makeHosts(...names: readonly string[]): Promise<Hosts> {
  const folder = await Deno.makeTempDir();
  const write = (path: string, text: string) => Deno.writeTextFile(path, text, { mode: 0o755 });
  await write(`${folder}/ssh`, SSH);
  const hosts = await Promise.all(names.map(async (name) => {
    const own = `${folder}/${name}`;
    for (const part of [...PARTS, "usr/local/bin", "bin"]) {
      await Deno.mkdir(`${own}/${part}`, { recursive: true });
    }
    for (const [program, script] of Object.entries(STAND_INS)) await write(`${own}/bin/${program}`, script);
    await Deno.writeTextFile(
      `${own}/etc/os-release`,
      "ID=debian\nPRETTY_NAME='Debian GNU/Linux 12 (bookworm)'\n",
    );
    await Deno.writeTextFile(`${own}/etc/passwd`, "root:x:0:0:root:/root:/bin/bash\n");
    await Deno.writeTextFile(`${own}/etc/group`, "root:x:0:\nkas:x:900:\n");
    return hostAt(name, own);
  }));
  const env = { PATH: `${folder}:${Deno.env.get("PATH")}`, KAS_TEST_HOSTS: folder };
  const command = (
    words: readonly string[],
  ) => [...FROM_SOURCE, "admin", "provision", "--output", "tsv", ...words];
  return {
    hosts,
    folder,
    env,
    provision: (words, more = {}) => execute(command(words), { ...env, ...more }),
    start: (words) => start(command(words), env),
    log: async () => (await Deno.readTextFile(`${folder}/log`)).trim().split("\n"),
    lettingGo: () => ({
      [Symbol.asyncDispose]: async () => void await Promise.all(hosts.map((host) => host.letGo())),
    }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function hostAt(name: string, folder: string): Host {
  return {
    name,
    folder,
    state: async () => {
      const find = `cd ${folder} && find ${
        PARTS.join(" ")
      } -type f -printf '%m %p\\n' -exec sha256sum {} + | LC_ALL=C sort`;
      const { stdout } = await execute(["bash", "-c", find]);
      // The lock stays.
      return stdout.split("\n").filter((line) => !line.includes("kas-provision.lock")).join("\n");
    },
    calls: async () => {
      const text = await Deno.readTextFile(`${folder}/calls`).catch(() => "");
      return text.trim().split("\n").filter((line) => line !== "");
    },
    hold: (bytes) => Deno.writeTextFile(`${folder}/hold`, `${bytes}`),
    held: () => exists(`${folder}/held`),
    letGo: async () => {
      if (await exists(`${folder}/hold`)) await Deno.remove(`${folder}/hold`);
    },
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The rows of a table as TSV: a step's result by `HOST STEP`. */
export function results({ stdout }: Ended): Record<string, string> {
  const rows = stdout.trim().split("\n").slice(1).map((line) => line.split("\t"));
  return Object.fromEntries(rows.map(([host, step, result = ""]) => [`${host} ${step}`, result]));
}
