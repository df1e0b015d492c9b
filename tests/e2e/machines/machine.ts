/**
 * Boots a machine of a room, runs commands on it, and powers it off.
 *
 * @module
 */
import { type Ended, eventually, execute } from "../../support/kas.ts";
import { BARE, mirror, NGINX } from "./root_fs.ts";

/** The place of a machine: its room and its number. */
export interface Place {
  /** The last number of the machine's address, 4 to 254. */
  readonly number: number;
  readonly bridge: string;
  /** `10.77.10`. */
  readonly subnet: string;
  readonly folder: string;
  readonly identity: string;
  readonly path: string;
}

/** The options of a machine. */
export interface MachineOptions {
  /** Whether nginx and node_exporter are installed. */
  readonly nginx?: boolean;
}

/** A running machine. */
export interface Machine {
  readonly address: string;
  /** The id of its systemd process on this host. */
  readonly pid: number;
  /** Runs a shell command as root over ssh. */
  ssh(command: string): Promise<Ended>;
  /** The same, but throws if the command fails. Returns stdout without the last newline. */
  sh(command: string): Promise<string>;
}

/** The cgroup hierarchies. A machine gets its own group in each, because machines would share them otherwise. */
const HIERARCHIES = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"].filter(isFolder);
const CGROUPS = HIERARCHIES.length > 0 ? HIERARCHIES : ["/sys/fs/cgroup"];

/** The paths and names of a machine's parts. */
function parts({ folder, number, bridge }: Place) {
  const own = `${folder}/machine-${number}`;
  const name = `${bridge}-${number}`;
  return {
    name,
    root: `${own}/root`,
    upper: `${own}/upper`,
    work: `${own}/work`,
    console: `${own}/console`,
    nspawn: `${own}/nspawn.pid`,
    groups: CGROUPS.map((hierarchy) => `${hierarchy}/${name}`),
  };
}

/**
 * Boots a machine. Resolves when its sshd answers. The files that the machine writes stay in the room's folder for its
 * next boot.
 */
export async function boot(place: Place, { nginx = false }: MachineOptions = {}): Promise<Machine> {
  const { subnet, bridge, identity } = place;
  const { name, root, upper, work, console, nspawn, groups } = parts(place);
  for (const part of [root, upper, work]) await Deno.mkdir(part, { recursive: true });
  const lower = nginx ? `${NGINX}:${BARE}` : BARE;
  await must(
    "mount",
    "-t",
    "overlay",
    name,
    "-o",
    `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
    root,
  );

  await Deno.mkdir(`${root}/root/.ssh`, { recursive: true, mode: 0o700 });
  await Deno.copyFile(`${identity}.pub`, `${root}/root/.ssh/authorized_keys`);
  await Deno.writeTextFile(
    `${root}/etc/hosts`,
    `127.0.0.1 localhost ${name}\n${subnet}.1 ${mirror().hostname}\n`,
  );
  await Deno.writeTextFile(`${root}/etc/hostname`, `${name}\n`);

  for (const group of groups) await Deno.mkdir(group, { recursive: true });
  const enter = groups.map((group) => `echo $$ >${group}/cgroup.procs`).join(" && ");
  const flags = `-q -D ${root} -M ${name} --boot --network-bridge=${bridge} --register=no --keep-unit`;
  // Start the machine in its own session, so that it continues to run when the process that boots it ends.
  await must(
    "setsid",
    "--fork",
    "sh",
    "-c",
    // Start the machine with a high priority, because tests measure it.
    `exec </dev/null >${console} 2>&1 && echo $$ >${nspawn} && ${enter} && exec nice -n -10 systemd-nspawn ${flags}`,
  );
  const pid = await eventually(async () => await initOf(await pidIn(nspawn)), (pid) => pid !== undefined) ??
    0;
  await must(
    "nsenter",
    "-t",
    `${pid}`,
    "-n",
    "ip",
    "address",
    "add",
    `${addressOf(place)}/24`,
    "dev",
    "host0",
  );
  await must("nsenter", "-t", `${pid}`, "-n", "ip", "link", "set", "host0", "up");
  const machine = { address: addressOf(place), pid, ...shell(place) };
  await eventually(() => machine.ssh("true"), ({ code }) => code === 0);
  return machine;
}

/** Powers a machine off, or with `now` kills it. Resolves once no process of it runs. Does nothing if it is off. */
export async function shutDown(place: Place, now = false): Promise<void> {
  const { root, nspawn, groups } = parts(place);
  const pid = await pidIn(nspawn);
  if (pid === undefined) return;
  const init = await initOf(pid);
  // systemd powers off on SIGRTMIN+4. All processes of a machine end with its first one. Source: systemd(1), SIGNALS.
  if (init !== undefined) await execute(["kill", now ? "-KILL" : "-RTMIN+4", `${init}`]);
  await eventually(() => hasEnded(pid), (ended) => ended);
  await Deno.remove(nspawn);
  await must("umount", root);
  for (const group of groups) {
    const emptied = () => execute(["find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    await eventually(emptied, () => !isFolder(group));
  }
}

function addressOf({ subnet, number }: Place): string {
  return `${subnet}.${number}`;
}

function shell(place: Place): Pick<Machine, "ssh" | "sh"> {
  const { identity, path } = place;
  const to = ["-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", `root@${addressOf(place)}`];
  const ssh = (command: string) => execute(["ssh", "-i", identity, ...to, command], { PATH: path });
  return {
    ssh,
    sh: async (command) => {
      const { code, stdout, stderr } = await ssh(command);
      if (code !== 0) {
        throw new Error(`${command} at ${addressOf(place)} ended with ${code}: ${stderr}${stdout}`);
      }
      return stdout.trimEnd();
    },
  };
}

/** The machine's systemd, the only child of systemd-nspawn, once its network is up. */
async function initOf(nspawn: number | undefined): Promise<number | undefined> {
  if (nspawn === undefined) return undefined;
  try {
    const children = await Deno.readTextFile(`/proc/${nspawn}/task/${nspawn}/children`);
    const pid = Number(children.trim().split(" ")[0]);
    if (!(pid > 0)) return undefined;
    const { code } = await execute(["nsenter", "-t", `${pid}`, "-n", "ip", "link", "show", "host0"]);
    return code === 0 ? pid : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function pidIn(path: string): Promise<number | undefined> {
  try {
    return Number(await Deno.readTextFile(path)) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Returns whether a process has ended. A zombie process has ended. */
async function hasEnded(pid: number): Promise<boolean> {
  try {
    return /^State:\s+Z/m.test(await Deno.readTextFile(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

async function must(...words: string[]): Promise<void> {
  const { code, stderr } = await execute(words);
  if (code !== 0) throw new Error(`${words.join(" ")} failed: ${stderr}`);
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
