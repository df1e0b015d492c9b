/**
 * Simulated hosts. A fake `ssh` runs each script in a mount namespace of this machine, in which `/etc`, `/usr/local`, `/var/lib`
 * and
 * `/run` are folders of the simulated host. bash, coreutils and flock are real. nginx, apt and systemd are fakes that record calls.
 * The tests in `tests/e2e/machines` use real machines.
 *
 * @module
 */
import { type Ended, execute, FROM_SOURCE, type Running, start } from "../../support/kas.ts";
import { installed, type Need, program, root } from "../../support/needs.ts";

/** The programs and privileges that a test with these hosts needs. */
export const HOSTS: readonly Need[] = [root(), program("unshare"), program("bash")];

/** A Linux executable that exits with status 0 for any arguments. */
export const GOOD_BINARY = installed("true")[0] ?? "";

const PARTS = ["etc", "usr/local", "var/lib", "run"];

/** The fake ssh. It skips its options and runs the remote command in the host's namespace. */
const SSH = `#!/bin/bash
while [ "$1" != -- ]; do
  case $1 in -O) exit 0 ;; -o | -l | -i | -p) shift 2 ;; *) shift ;; esac
done
host=$KAS_TEST_HOSTS/$2
[ -d "$host" ] || { echo "ssh: Could not resolve hostname $2: Name or service not known" >&2; exit 255; }
echo "begin $2" >>"$KAS_TEST_HOSTS/log"
# Host.hold() makes the host stop reading after a number of bytes, until Host.release().
if [ -e "$host/hold" ]; then
  most=$(cat "$host/hold")
  exec 3< <(
    head -c "$most" >"$host/first"
    cat "$host/first"
    if [ "$(stat -c %s "$host/first")" = "$most" ]; then
      touch "$host/held"
      # The limit ends the wait if the test is killed.
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

/** The fake systemctl. It stores which units are active and enabled, and records each call. */
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

/** The fake apt-get. It installs a program of the package's name, and like Debian's packages it starts the unit. */
const APT_GET = `#!/bin/bash
case "$*" in *" install "*) ;; *) exit 0 ;; esac
package=\${@: -1}
echo "apt-get install $package" >>"$HOST/calls"
[ "$package" = prometheus-node-exporter ] || exit 0
mkdir -p "$HOST/active" "$HOST/enabled"
touch "$HOST/active/$package" "$HOST/enabled/$package"
printf '#!/bin/sh\n' >"$HOST/bin/$package" && chmod +x "$HOST/bin/$package"
`;

const FAKE_PROGRAMS: Readonly<Record<string, string>> = {
  systemctl: SYSTEMCTL,
  nginx: "#!/bin/sh\nexit 0\n",
  "apt-get": APT_GET,
  "systemd-sysusers": "#!/bin/sh\nexit 0\n",
  // Provisioning connects to node_exporter with a timeout. The fake exporter answers if its unit is active.
  timeout: '#!/bin/sh\n[ -e "$HOST/active/prometheus-node-exporter" ]\n',
  groupdel: "#!/bin/sh\nexit 0\n",
  journalctl: "#!/bin/sh\nexit 0\n",
};

/** A test host. */
export interface Host {
  readonly name: string;
  /** Folder that contains the host's `etc`, `usr/local`, `var/lib` and `run`. */
  readonly folder: string;
  /** Returns the host's files with their permission bits and checksums. */
  state(): Promise<string>;
  /** Returns the recorded calls of systemctl, except `systemctl show`, and the packages that apt-get installed. */
  calls(): Promise<string[]>;
  /** Makes the host stop reading its stdin after a number of bytes, until {@linkcode release}. A shorter script is not affected. */
  hold(bytes: number): Promise<void>;
  /** Returns whether the host has stopped reading its stdin. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}

/** Simulated hosts, and functions that run kas with the fake ssh. */
export interface Hosts extends AsyncDisposable {
  readonly hosts: readonly Host[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `kas admin provision` and waits until it ends. */
  provision(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Starts `kas admin provision`. */
  start(args: readonly string[]): Running;
  /** Returns `begin HOST` and `end HOST` for each script, in the order in which scripts began and ended. */
  log(): Promise<string[]>;
  /**
   * Its disposal releases all hosts. Declare it after the kas process, so that the hosts are released before kas is disposed of.
   */
  releaseAll(): AsyncDisposable;
}

/** Creates hosts without kas, with these names. */
export async function makeHosts(...names: readonly string[]): Promise<Hosts> {
  const folder = await Deno.makeTempDir();
  const write = (path: string, text: string) => Deno.writeTextFile(path, text, { mode: 0o755 });
  await write(`${folder}/ssh`, SSH);
  const hosts = await Promise.all(names.map(async (name) => {
    const hostFolder = `${folder}/${name}`;
    for (const part of [...PARTS, "usr/local/bin", "bin"]) {
      await Deno.mkdir(`${hostFolder}/${part}`, { recursive: true });
    }
    for (const [program, script] of Object.entries(FAKE_PROGRAMS)) {
      await write(`${hostFolder}/bin/${program}`, script);
    }
    await Deno.writeTextFile(
      `${hostFolder}/etc/os-release`,
      "ID=debian\nPRETTY_NAME='Debian GNU/Linux 12 (bookworm)'\n",
    );
    await Deno.writeTextFile(`${hostFolder}/etc/passwd`, "root:x:0:0:root:/root:/bin/bash\n");
    await Deno.writeTextFile(`${hostFolder}/etc/group`, "root:x:0:\nkas:x:900:\n");
    return hostAt(name, hostFolder);
  }));
  const env = { PATH: `${folder}:${Deno.env.get("PATH")}`, KAS_TEST_HOSTS: folder };
  const command = (args: readonly string[]) => [
    ...FROM_SOURCE,
    ...["admin", "provision", "--output", "tsv"],
    ...args,
  ];
  return {
    hosts,
    folder,
    env,
    provision: (args, more = {}) => execute(command(args), { ...env, ...more }),
    start: (args) => start(command(args), env),
    log: async () => (await Deno.readTextFile(`${folder}/log`)).trim().split("\n"),
    releaseAll: () => ({
      [Symbol.asyncDispose]: async () => void await Promise.all(hosts.map((host) => host.release())),
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
      // A provisioning run does not delete the lock file.
      return stdout.split("\n").filter((line) => !line.includes("kas-provision.lock")).join("\n");
    },
    calls: async () => {
      const text = await Deno.readTextFile(`${folder}/calls`).catch(() => "");
      return text.trim().split("\n").filter((line) => line !== "");
    },
    hold: (bytes) => Deno.writeTextFile(`${folder}/hold`, `${bytes}`),
    held: () => exists(`${folder}/held`),
    release: async () => {
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

/** Returns the column RESULT of a TSV table, by `HOST STEP`. */
export function results({ stdout }: Ended): Record<string, string> {
  const rows = stdout.trim().split("\n").slice(1).map((line) => line.split("\t"));
  return Object.fromEntries(rows.map(([host, step, result = ""]) => [`${host} ${step}`, result]));
}
