/**
 * A room: a network bridge with machines. A machine is a container with systemd as PID 1, an sshd and an address on the
 * bridge. The disposal of the room removes everything.
 *
 * @module
 */
import { execute } from "../../support/kas.ts";
import { isMade } from "./root_fs.ts";
import { binary, type Need, program, root } from "../../support/needs.ts";
import { boot, type Machine, type MachineOptions, shutDown } from "./machine.ts";
import { relayMirror } from "./mirror.ts";

/** The needs of a test with machines. */
export const MACHINES: readonly Need[] = [
  root(),
  program("systemd-nspawn"),
  program("ssh"),
  program("ip"),
  { what: "the root file system is missing: deno run -A tests/e2e/machines/root_fs.ts", met: isMade() },
  binary(),
];

/** Machines on one bridge. */
export interface Room extends AsyncDisposable {
  /** This host's address on the bridge. */
  readonly address: string;
  /** A folder for the test's files. */
  readonly folder: string;
  /** The private key for root on every machine. */
  readonly identity: string;
  /** A PATH whose ssh stores known hosts in the room's folder. */
  readonly path: string;
  /** The subnet of the bridge. */
  readonly subnet: string;
  /** Boots a machine whose address ends in a number. Resolves once its sshd answers. */
  boot(number: number, options?: MachineOptions): Promise<Machine>;
  /** Powers a machine off, or with `now` kills it. */
  shutDown(number: number, now?: boolean): Promise<void>;
  /** The commands for a sandbox whose instances are machines of this room. An instance's address ends in its machine's number. */
  readonly commands: { readonly start: string; readonly stop: string };
}

/** Creates a room. */
export async function room(): Promise<Room> {
  await using made = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "kas-room-" });
  made.defer(() => Deno.remove(folder, { recursive: true }));
  const { bridge, subnet } = await addBridge();
  made.defer(async () => void await must("ip", "link", "del", bridge));
  const address = `${subnet}.1`;
  made.use(relayMirror(address));
  const identity = `${folder}/key`;
  await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", identity);
  const path = await ownSsh(folder);
  const place = { bridge, subnet, folder, identity, path };
  made.defer(async () => {
    for await (const { name } of Deno.readDir(folder)) {
      const number = /^machine-(\d+)$/.exec(name)?.[1];
      if (number !== undefined) await shutDown({ ...place, number: Number(number) }, true);
    }
  });
  const all = made.move();
  const on = `${Deno.execPath()} run -A --quiet ${new URL("on.ts", import.meta.url).pathname} '${
    JSON.stringify(place)
  }'`;
  return {
    address,
    subnet,
    folder,
    identity,
    path,
    boot: (number, options) => boot({ ...place, number }, options),
    shutDown: (number, now) => shutDown({ ...place, number }, now),
    commands: { start: `${on} start "$2"`, stop: `${on} stop "$2"` },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Adds a bridge with a free subnet. The kernel refuses a name that is in use. */
async function addBridge(): Promise<{ bridge: string; subnet: string }> {
  for (let n = 10; n < 250; n++) {
    const bridge = `kas-br${n}`;
    const subnet = `10.77.${n}`;
    const { code } = await execute(["ip", "link", "add", bridge, "type", "bridge"]);
    if (code !== 0) continue;
    await must("ip", "address", "add", `${subnet}.1/24`, "dev", bridge);
    await must("ip", "link", "set", bridge, "up");
    return { bridge, subnet };
  }
  throw new Error("no bridge is free");
}

async function ownSsh(folder: string): Promise<string> {
  const ssh = (await must("which", "ssh")).trim();
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/ssh_config`, `UserKnownHostsFile ${folder}/known_hosts\n`);
  const script = `#!/bin/sh\nexec ${ssh} -F ${folder}/ssh_config "$@"\n`;
  await Deno.writeTextFile(`${folder}/bin/ssh`, script, { mode: 0o755 });
  return `${folder}/bin:${Deno.env.get("PATH")}`;
}

/** Runs a command that must succeed. Returns its stdout. */
export async function must(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await execute(words);
  if (code !== 0) throw new Error(`${words.join(" ")} failed: ${stderr || stdout}`);
  return stdout;
}
