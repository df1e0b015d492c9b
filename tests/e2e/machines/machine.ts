/**
 * One machine of a room: booted, spoken to, powered off, and booted again as it was left.
 *
 * @module
 */
import { type Ended, eventually, execute } from "../../support/kas.ts";
import { BARE, mirror, NGINX } from "./root_fs.ts";

/** The room that a machine stands in. */
export interface Place {
  /** From 4 to 254: its address ends in it. */
  readonly number: number;
  readonly bridge: string;
  /** `10.77.10`. */
  readonly subnet: string;
  readonly folder: string;
  readonly identity: string;
  readonly path: string;
}

/** What a machine is like. */
export interface MachineOptions {
  /** It has nginx already. */
  readonly nginx?: boolean;
}

/** A machine that is on. */
export interface Machine {
  readonly address: string;
  /** Of its systemd, as this host sees it. */
  readonly pid: number;
  /** Runs a command of its shell as root, over ssh; how it ended. */
  ssh(command: string): Promise<Ended>;
  /** The same; throws where it fails. Its stdout, without the last newline. */
  sh(command: string): Promise<string>;
}

/** Hierarchies in which systemd keeps groups of processes; a machine gets one of its own in each, or they would share them. */
const HIERARCHIES = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"].filter(isFolder);
const CGROUPS = HIERARCHIES.length > 0 ? HIERARCHIES : ["/sys/fs/cgroup"];

/** Where a machine's parts are. */
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

/** Boots a machine; resolves once its sshd answers. What it writes stays in the room's folder, and is there at the next boot. */
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
  // In a session of its own, so that it outlives whoever boots it, until it is shut down.
  await must(
    "setsid",
    "--fork",
    "sh",
    "-c",
    // It goes before what else this host does: what is measured is the machine.
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

/** Powers a machine off, or with `now` pulls the plug; resolves once nothing of it runs. One that is off is left alone. */
export async function shutDown(place: Place, now = false): Promise<void> {
  const { root, nspawn, groups } = parts(place);
  const pid = await pidIn(nspawn);
  if (pid === undefined) return;
  const init = await initOf(pid);
  // SIGRTMIN+4 has systemd power off; with its first process all of a machine ends. Source: systemd(1), SIGNALS.
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

/** The machine's systemd, once its network is there: systemd-nspawn's only child. */
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

/** Whether a process is gone, or is but for its parent's taking note. */
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
