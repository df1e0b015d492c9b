import { assertEquals, assertMatch } from "@std/assert";
import { userInfo } from "node:os";
import { BASE, fleet } from "../unit/admin/fleet.ts";
import { execute, FROM_SOURCE } from "../support/kas.ts";
import { testWith } from "../support/needs.ts";
import { SSH, sshClient, startSshd } from "../support/sshd.ts";

testWith(
  SSH,
  "kas admin ssh runs a command on an instance, and stores the host key under the instance's id",
  async () => {
    await using f = await fleet();
    await using client = await sshClient();
    await using host = await startSshd(client);
    const flags = ["--port", String(host.port), "--identity", client.identity, "--user", userInfo().username];
    const kas = (...words: string[]) =>
      execute([...FROM_SOURCE, "admin", "ssh", BASE, ...flags, ...words], {
        ...f.sandbox.env,
        PATH: client.path,
      });
    const first = await kas("--", "echo", "here;", "exit", "3");
    assertEquals([first.code, first.stdout], [3, "here\n"], first.stderr);
    assertMatch(await client.knownHosts(), new RegExp(`^\\[?${BASE}\\]?(:\\d+)? ssh-ed25519 `));
    const again = await kas("--private", "--", "true");
    assertEquals(again, { code: 0, stdout: "", stderr: "" });
  },
);
