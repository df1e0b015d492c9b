import { assert, assertEquals, assertMatch } from "@std/assert";
import { userInfo } from "node:os";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { testWith } from "../../../support/needs.ts";
import { SSH, sshClient, startSshd } from "../../../support/sshd.ts";

/** The facts of a bare Debian host, which the test sshd prints instead of running the script. */
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
  "provision --jump connects through a jump host with the same key, and stores both host keys",
  async (t) => {
    await using client = await sshClient();
    await using jump = await startSshd(client);
    await using closed = await startSshd(client, ["AllowTcpForwarding no"]);
    await using host = await startSshd(client, [`ForceCommand cat >/dev/null; printf '${DEBIAN}\\n'`]);
    const { username } = userInfo();
    const provision = (through: string, to: string) =>
      execute([
        ...[
          ...FROM_SOURCE,
          "admin",
          "provision",
          "--dry-run",
          "--role",
          "worker",
          "--binary",
          Deno.execPath(),
        ],
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

    const cases: [what: string, through: string, to: string, expected: RegExp][] = [
      [
        "no sshd on the jump host",
        `${username}@127.0.0.2:1`,
        to,
        /: jump host \S+:1: .*port 1\b.*; try: set --jump/,
      ],
      [
        "the jump host's name does not resolve",
        "no-such-host.invalid",
        to,
        /: jump host no-such-host.invalid: .*resolve; try: set --jump/,
      ],
      [
        "the jump host refuses the login",
        `kas-nobody@127.0.0.2:${jump.port}`,
        to,
        /: jump host kas-nobody@\S+: .*login refused; try: set --jump/,
      ],
      [
        "the jump host does not forward connections",
        `${username}@127.0.0.2:${closed.port}`,
        to,
        /: jump host \S+ .*; try: set AllowTcpForwarding/,
      ],
      ["no sshd on the target", through, "127.0.0.3:1", /: 127.0.0.3:1: .*port 1\b/],
      [
        "the jump host cannot resolve the target",
        through,
        "no-such-host.invalid",
        /: no-such-host.invalid: .*resolve$/,
      ],
      [
        "the target refuses the login",
        through,
        `kas-nobody@${to}`,
        /: kas-nobody@\S+: .*login refused; try: --user/,
      ],
    ];
    for (const [what, through, to, expected] of cases) {
      await t.step(what, async () => {
        const { code, stderr } = await provision(through, to);
        assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
        assertMatch(stderr.trimEnd(), expected);
      });
    }
  },
);
