import { assert, assertEquals, assertMatch } from "@std/assert";
import { userInfo } from "node:os";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { testWith } from "../../../support/needs.ts";
import { SSH, sshClient, startSshd } from "../../../support/sshd.ts";

/** What a bare Debian says when it is looked at; nothing of this machine is. */
const DEBIAN = [
  "os\\tdebian",
  "system\\tDebian",
  `arch\\t${Deno.build.arch}`,
  "free\\t999999999",
  "program\\tapt-get",
  "program\\tsystemctl",
].join("\\n");

testWith(
  SSH,
  "provision --jump goes through a host that the same key opens, and knows both by their keys",
  async (t) => {
    await using client = await sshClient();
    await using jump = await startSshd(client);
    await using closed = await startSshd(client, ["AllowTcpForwarding no"]);
    await using host = await startSshd(client, [`ForceCommand cat >/dev/null; printf '${DEBIAN}\\n'`]);
    const { username } = userInfo();
    const provision = (through: string, to: string) =>
      execute([
        ...[...FROM_SOURCE, "admin", "provision", "--dry-run", "--binary", Deno.execPath()],
        ...["--identity", client.identity, "--user", username, "--jump", through, to],
      ], { PATH: client.path });
    const [through, to] = [`${username}@127.0.0.2:${jump.port}`, `127.0.0.3:${host.port}`];

    const { code, stdout, stderr } = await provision(through, to);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, new RegExp(`^${to}: packages: `, "m"));
    for (const { lines } of [jump, host]) {
      assertEquals(lines.filter((line) => line.startsWith(`Accepted publickey for ${username} `)).length, 1);
    }
    const known = await client.knownHosts();
    assert(known.includes(`[127.0.0.2]:${jump.port} `) && known.includes(`[127.0.0.3]:${host.port} `), known);

    const cases: [what: string, through: string, to: string, told: RegExp][] = [
      [
        "the jump host is not there",
        `${username}@127.0.0.2:1`,
        to,
        /its jump host \S+:1 can't be reached: nothing listens on its port 1; try: --jump/,
      ],
      [
        "it has no such name",
        "no-such-host.invalid",
        to,
        /its jump host no-such-host.invalid can't be reached: there is no host of that name; try/,
      ],
      [
        "it lets that user not in",
        `kas-nobody@127.0.0.2:${jump.port}`,
        to,
        /its jump host kas-nobody@\S+ can't be reached: it does not let us in; try/,
      ],
      [
        "it passes nothing on",
        `${username}@127.0.0.2:${closed.port}`,
        to,
        /its jump host \S+ passes no connections on; try: AllowTcpForwarding/,
      ],
      [
        "nothing listens behind it",
        through,
        "127.0.0.3:1",
        /: 127.0.0.3:1: can't be reached: nothing listens on its port 1;/,
      ],
      [
        "it knows nobody of that name",
        through,
        "no-such-host.invalid",
        /: no-such-host.invalid: can't be reached: there is no host of that name$/,
      ],
      [
        "the host behind lets that user not in",
        through,
        `kas-nobody@${to}`,
        /: kas-nobody@\S+: can't be reached: it does not let us in; try: --user/,
      ],
    ];
    for (const [what, through, to, told] of cases) {
      await t.step(what, async () => {
        const { code, stderr } = await provision(through, to);
        assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
        assertMatch(stderr.trimEnd(), told);
      });
    }
  },
);
