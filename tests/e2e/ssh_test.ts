import { assertEquals, assertMatch } from "@std/assert";
import { userInfo } from "node:os";
import { BASE, fleet } from "../admin/fleet.ts";
import { execute, FROM_SOURCE, start } from "../kas.ts";
import { installed, type Need, program, testWith } from "../needs.ts";

/** sshd wants to be started by its whole path, and stands in a folder that is not on everybody's PATH. */
const SSHD = installed("sshd")[0] ?? "/usr/sbin/sshd";

const SERVER: Need = { what: "sshd is not there", met: isThere(SSHD) };

/** A real sshd on all of loopback's addresses, with keys of its own, and a client's key that it lets in. */
async function sshd() {
  const folder = await Deno.makeTempDir();
  for (const name of ["host", "client"]) {
    await execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`]);
  }
  // Where root's sshd locks itself up; a system service makes it when it starts.
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
  const port = freePort();
  const config = [
    `ListenAddress 0.0.0.0:${port}`,
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/client.pub`,
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PidFile none",
    // The folder stands below one that everybody may write to.
    "StrictModes no",
  ];
  await Deno.writeTextFile(`${folder}/sshd_config`, config.join("\n"));
  // The system's ssh, with what it learns of hosts kept here instead of in the user's home.
  await Deno.writeTextFile(
    `${folder}/ssh_config`,
    `UserKnownHostsFile ${folder}/known_hosts\nBatchMode yes\n`,
  );
  const script = `#!/bin/sh\nexec ${installed("ssh")[0]} -F ${folder}/ssh_config "$@"\n`;
  await Deno.writeTextFile(`${folder}/ssh`, script, { mode: 0o755 });
  const daemon = start([SSHD, "-D", "-e", "-f", `${folder}/sshd_config`]);
  const stop = async () => {
    await daemon[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    await daemon.line(/Server listening on/);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    flags: ["--port", String(port), "--identity", `${folder}/client`, "--user", userInfo().username],
    path: `${folder}:${Deno.env.get("PATH")}`,
    knownHosts: () => Deno.readTextFile(`${folder}/known_hosts`),
    [Symbol.asyncDispose]: stop,
  };
}

testWith(
  [program("ssh"), program("ssh-keygen"), SERVER],
  "ssh runs a command at an instance's own sshd, and knows the host by the instance's id",
  async () => {
    await using f = await fleet();
    await using host = await sshd();
    const kas = (...words: string[]) =>
      execute([...FROM_SOURCE, "admin", "ssh", BASE, ...host.flags, ...words], {
        ...f.sandbox.env,
        PATH: host.path,
      });
    const first = await kas("--", "echo", "here;", "exit", "3");
    assertEquals([first.code, first.stdout], [3, "here\n"], first.stderr);
    assertMatch(await host.knownHosts(), new RegExp(`^\\[?${BASE}\\]?(:\\d+)? ssh-ed25519 `));
    const again = await kas("--private", "--", "true");
    assertEquals(again, { code: 0, stdout: "", stderr: "" });
  },
);

/** A port that was free a moment ago: sshd can't say which it was given. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
