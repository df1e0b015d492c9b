/**
 * One machine of a room: booted, spoken to, powered off, and booted again as it was left.
 *
 * @module
 */
import { type Ended, eventually, execute } from "../../kas.ts";
import { BARE, MIRROR, NGINX } from "./root_fs.ts";

/** The room that a machine stands in. */
export interface Place {
  /** From 1 to 200: its address ends in ten more. */
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

/** A machine. */
export interface Machine extends AsyncDisposable {
  readonly address: string;
  /** Of its systemd, as this host sees it. */
  readonly pid: number;
  /** Runs a command of its shell as root, over ssh; how it ended. */
  ssh(command: string): Promise<Ended>;
  /** The same; throws where it fails. Its stdout, without the last newline. */
  sh(command: string): Promise<string>;
  /** Pulls the plug. */
  powerOff(): Promise<void>;
}

/** Hierarchies in which systemd keeps groups of processes; a machine gets one of its own in each, or they would share them. */
const HIERARCHIES = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"].filter(isFolder);
const CGROUPS = HIERARCHIES.length > 0 ? HIERARCHIES : ["/sys/fs/cgroup"];

/** Boots a machine; resolves once its sshd answers. What it writes stays in the room's folder, below its number. */
export async function boot(place: Place, { nginx = false }: MachineOptions = {}): Promise<Machine> {
  const { number, subnet, bridge, folder, identity, path } = place;
  const address = `${subnet}.${10 + number}`;
  const name = `${bridge}-${number}`;
  const [root, upper, work] = ["root", "upper", "work"].map((part) => `${folder}/${number}/${part}`) as [
    string,
    string,
    string,
  ];
  await using made = new AsyncDisposableStack();
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
  made.defer(async () => void await must("umount", "--lazy", root));

  await Deno.mkdir(`${root}/root/.ssh`, { recursive: true, mode: 0o700 });
  await Deno.copyFile(`${identity}.pub`, `${root}/root/.ssh/authorized_keys`);
  await Deno.writeTextFile(`${root}/etc/hosts`, `127.0.0.1 localhost ${name}\n${subnet}.1 ${MIRROR.host}\n`);
  await Deno.writeTextFile(`${root}/etc/hostname`, `${name}\n`);

  const groups = CGROUPS.map((hierarchy) => `${hierarchy}/${name}`);
  for (const group of groups) await Deno.mkdir(group, { recursive: true });
  made.defer(() => removeGroups(groups));
  const enter = groups.map((group) => `echo $$ >${group}/cgroup.procs`).join(" && ");
  const nspawn =
    `exec systemd-nspawn -q -D ${root} -M ${name} --boot --network-bridge=${bridge} --register=no --keep-unit`;
  const child = new Deno.Command("sh", {
    args: ["-c", `${enter} && ${nspawn} >${folder}/${number}/console 2>&1`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn();
  const status = child.status;
  let on = true;
  status.then(() => on = false);
  let pid = 0;
  const powerOff = async () => {
    // With its first process all of a machine ends; systemd-nspawn's own end would leave it running.
    if (on) Deno.kill(pid || child.pid, "SIGKILL");
    await status;
  };
  made.defer(powerOff);

  pid = await eventually(() => initOf(child.pid), (pid) => pid !== undefined) ?? 0;
  await must("nsenter", "-t", `${pid}`, "-n", "ip", "address", "add", `${address}/24`, "dev", "host0");
  await must("nsenter", "-t", `${pid}`, "-n", "ip", "link", "set", "host0", "up");

  const ssh = (command: string) =>
    execute([
      "ssh",
      "-i",
      identity,
      "-o",
      "StrictHostKeyChecking=accept-new",
      "-o",
      "BatchMode=yes",
      `root@${address}`,
      command,
    ], { PATH: path });
  const answer = await eventually(
    () => on ? ssh("true") : { code: 0, stdout: "", stderr: "off" },
    ({ code }) => code === 0,
  );
  if (answer.stderr === "off") {
    throw new Error(`${name} did not boot: ${await Deno.readTextFile(`${folder}/${number}/console`)}`);
  }
  const all = made.move();
  return {
    address,
    pid,
    ssh,
    sh: async (command) => {
      const { code, stdout, stderr } = await ssh(command);
      if (code !== 0) throw new Error(`${command} at ${name} ended with ${code}: ${stderr}${stdout}`);
      return stdout.trimEnd();
    },
    powerOff,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** The machine's systemd, once its network is there: systemd-nspawn's only child. */
async function initOf(nspawn: number): Promise<number | undefined> {
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

/** Removes groups with all below them, once their last processes have ended. */
async function removeGroups(groups: readonly string[]): Promise<void> {
  for (const group of groups) {
    await eventually(
      () => execute(["find", group, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]),
      () => !isFolder(group),
      5_000,
    );
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
