import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, execute, start } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import { BY_BPF, possible } from "./confinement.ts";
import { hammer } from "./hammer.ts";
import type { Machine } from "./machine.ts";
import { KAS, otherBuild, provision, results, say, times } from "./provision.ts";
import { MACHINES, must, room } from "./room.ts";

const STEPS = ["packages", "binary", "files", "services", "verify"];

/** Prints everything on a machine that provisioning may change, without groupadd's backup copies. */
const STATE =
  "find /etc /usr/local /var/lib/kas* -type f -o -type l | grep -v '^/etc/g.*-$' | LC_ALL=C sort | xargs -d '\\n' sha256sum -- 2>/dev/null; " +
  "getent group; systemctl show -p MainPID,ActiveState nginx kas-worker kas-autoscaler";

testWith(
  [...MACHINES, program("openssl")],
  "kas admin provision installs, upgrades and removes kas on hosts over SSH",
  async (t) => {
    await using r = await room();
    const [one, two, three] = await Promise.all([r.boot(4), r.boot(5), r.boot(6, { nginx: true })]);
    assert(one && two && three);

    await t.step(
      "kas admin provision installs kas on several hosts in parallel, and only the host with a broken nginx fails",
      async () => {
        await three.sh("echo 'no such directive;' >/etc/nginx/conf.d/mine.conf");
        const before = await three.sh(STATE);
        const words = [
          "--role",
          "both",
          "--pull",
          "--region",
          "eu-west-1",
          "--work-ms",
          "5",
          "--threads",
          "1",
        ];
        const ended = await provision(r, [...words, one.address, two.address, three.address]);
        say(`  ${times(ended)}`);
        assertEquals(ended.code, 1, ended.stderr);
        for (const { address } of [one, two]) {
          for (const step of STEPS) assertEquals(results(ended)[`${address} ${step}`], "done", ended.stderr);
          assertEquals(await (await fetch(`http://${address}:30000/ping`)).text(), "pong");
          assertMatch(await (await fetch(`http://${address}:30000/work`)).text(), /^\d+\t\d+\.\d{6}$/);
        }
        assertEquals(results(ended)[`${three.address} services`], "failed");
        assertEquals(results(ended)[`${three.address} rollback`], "done");
        assertMatch(ended.stderr, new RegExp(`^kas: ${three.address}: .*nginx`, "m"));
        assertStringIncludes(ended.stderr, `unknown directive "no" in /etc/nginx/conf.d/mine.conf:1`);
        assertEquals(await three.sh(STATE), before);
      },
    );

    await t.step("a second run of kas admin provision changes nothing and restarts no service", async () => {
      const pids = () =>
        Promise.all(
          [one, two].map(({ sh }) => sh("systemctl show -p MainPID nginx kas-worker kas-autoscaler")),
        );
      const before = await pids();
      const begun = performance.now();
      const ended = await provision(r, ["--role", "both", one.address, two.address]);
      say(
        `  unchanged: two hosts in ${((performance.now() - begun) / 1_000).toFixed(2)} s\n  ${times(ended)}`,
      );
      assertEquals(ended.code, 0, ended.stderr);
      for (const { address } of [one, two]) {
        for (const step of STEPS) assertEquals(results(ended)[`${address} ${step}`], "unchanged");
      }
      assertEquals(await pids(), before);
      assertEquals(ended.stderr, "");
    });

    // Both programs exit at once. /bin/false prints no version. /usr/bin/env prints a version, but has no subcommand
    // `worker`.
    for (const [bad, step] of [["/bin/false", "binary"], ["/usr/bin/env", "services"]] as const) {
      await t.step(
        `with ${bad} as the binary, provision fails, the old binary keeps running, and no request fails`,
        async () => {
          const before = await one.sh(
            "sha256sum /usr/local/bin/kas; systemctl is-active kas-worker kas-autoscaler",
          );
          const clients = hammer(`http://${one.address}:30000/work`);
          const ended = await provision(r, ["--binary", bad, one.address]);
          const { answered, failures } = await clients.stop();
          say(`  ${answered} requests answered meanwhile\n  ${times(ended)}`);
          assertEquals(ended.code, 1, ended.stdout);
          assertEquals(results(ended)[`${one.address} ${step}`], "failed", ended.stderr);
          assertEquals(results(ended)[`${one.address} rollback`], "done", ended.stderr);
          assert(answered > 0);
          assertEquals(failures, []);
          assertEquals(
            await one.sh("sha256sum /usr/local/bin/kas; systemctl is-active kas-worker kas-autoscaler"),
            before,
          );
        },
      );
    }

    await t.step(
      "provision replaces the binary and --rollback restores the old binary, and no request fails",
      async () => {
        const newer = await otherBuild(r.folder);
        const sum = () => one.sh("sha256sum </usr/local/bin/kas");
        const before = await sum();
        for (const words of [["--binary", newer], ["--rollback"]]) {
          const clients = hammer(`http://${one.address}:30000/work`);
          const ended = await provision(r, [...words, one.address]);
          const { answered, failures } = await clients.stop();
          say(`  ${words[0]}: ${answered} requests answered meanwhile\n  ${times(ended)}`);
          assertEquals(ended.code, 0, ended.stderr);
          assertEquals(failures, []);
          assertEquals(await sum() === before, words[0] === "--rollback");
        }
      },
    );

    await t.step(
      "provision rejects a host on which a different provisioning run is in progress",
      async () => {
        await one.sh(
          "setsid --fork flock /run/kas-provision.lock sleep 3 </dev/null >/dev/null 2>&1; sleep 0.1",
        );
        const { code, stderr } = await provision(r, [one.address]);
        assertEquals(code, 1);
        assertMatch(
          stderr,
          new RegExp(`^kas: ${one.address}: .*; try: .*\n$`),
        );
        await one.sh("flock /run/kas-provision.lock true");
      },
    );

    await t.step("Ctrl-C during provision leaves a host either unchanged or fully provisioned", async () => {
      // Wait for the folder and not for the lock, because taking the lock would make provision fail at that moment.
      const changing = one.sh("timeout 20 sh -c 'until [ -d /var/lib/kas-provision ]; do sleep 0.01; done'");
      const kas = start(
        [KAS, "admin", "provision", "--user", "root", "--identity", r.identity, "--rollback", one.address],
        { PATH: r.path },
      );
      await changing;
      kas.kill("SIGINT");
      assertEquals((await kas.status).code, 130);
      assert(kas.lines.some((line) => /^kas: Interrupted/.test(line)), kas.lines.join("\n"));
      assertEquals(
        await one.sh(
          "flock /run/kas-provision.lock ls -d /var/lib/kas-provision /usr/local/bin/.kas* 2>/dev/null || true",
        ),
        "",
      );
      assertEquals(await (await fetch(`http://${one.address}:30000/ping`)).text(), "pong");
    });

    await t.step("provision with a certificate enables HTTPS for the autoscaler", async () => {
      const [key, certificate] = [`${r.folder}/tls.key`, `${r.folder}/tls.pem`];
      const subject = ["-subj", "/CN=kas", "-addext", `subjectAltName=IP:${one.address}`];
      const ec = [
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ];
      await must("openssl", "req", "-x509", ...ec, ...subject, "-keyout", key, "-out", certificate);
      const words = ["--role", "both", "--certificate", certificate, "--certificate-key", key, one.address];
      const ended = await provision(r, words);
      assertEquals(ended.code, 0, ended.stderr);
      using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(certificate)] });
      assertEquals(await (await fetch(`https://${one.address}/ping`, { client })).text(), "pong");
      assertEquals(await one.sh("stat -c '%a %U' /etc/kas/tls/key.pem"), "600 root");
      assertEquals(results(await provision(r, words))[`${one.address} services`], "unchanged");
    });

    await t.step("provision first rolls back an earlier run that was interrupted", async () => {
      await two.sh(
        "mkdir /var/lib/kas-provision; echo 'rm -f /etc/half-done' >/var/lib/kas-provision/undo; touch /etc/half-done",
      );
      const ended = await provision(r, [two.address]);
      assertEquals(ended.code, 0, ended.stderr);
      assertEquals(await two.sh("ls -d /etc/half-done /var/lib/kas-provision 2>/dev/null || true"), "");
    });

    for (const unit of ["kas-worker", "kas-autoscaler"]) {
      await t.step(`systemd restarts ${unit} within 2 s of kill -9`, async () => {
        // Take the median, because other load on this machine makes single runs slower.
        const times = [];
        for (let n = 0; n < 3; n++) times.push(await secondsToReturn(one, unit));
        say(`  ${unit} was back after ${times.join(", ")} s, by systemd's clock`);
        assert((times.toSorted((a, b) => a - b)[1] ?? Infinity) <= 2, "the median is over 2 s");
      });

      await t.step(`systemd-analyze rates ${unit} at 2.0 or better`, async () => {
        const last = (await one.sh(`systemd-analyze security --no-pager ${unit}`)).split("\n").at(-1) ?? "";
        say(`  ${last}`);
        assert(Number(/: (\d+\.\d+) /.exec(last)?.[1]) <= 2, last);
      });
    }

    await t.step("the systemd units enforce the restrictions that they declare", async () => {
      await one.sh("useradd -m someone");
      for (const unit of ["kas-worker", "kas-autoscaler"]) {
        const done = await possible(one, unit, r.address);
        assertEquals(done.filter((name) => !BY_BPF.includes(name)), []);
        const byBpf = BY_BPF.filter((name) => !done.includes(name));
        say(
          `  ${unit}: all prevented; of those that need BPF, which a container may lack: ${
            byBpf.join(", ") || "nothing"
          }`,
        );
      }
    });

    await t.step("provision prints an error of ssh in one line", async () => {
      const nobody = `${r.folder}/nobody`;
      await execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", nobody]);
      const errorOf = async (...words: string[]) =>
        (await execute([KAS, "admin", "provision", "--quiet", ...words], { PATH: r.path })).stderr;
      assertMatch(
        await errorOf("--user", "root", "--identity", nobody, one.address),
        /^kas: .*; try: .*\n$/,
      );
      assertMatch(await errorOf(`${one.address}:23`), /^kas: .*port 23; try: .*\n$/);
      assertMatch(await errorOf("no-such-host.invalid"), /^kas: .*resolve\n$/);
      await one.sh(
        "cp -r /root/.ssh /home/someone && chown -R someone: /home/someone/.ssh",
      );
      assertMatch(
        await errorOf("--identity", r.identity, `someone@${one.address}`),
        /^kas: .*\broot\b.*; try: .*\n$/,
      );
      await one.sh("echo 'someone ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/someone");
      assertEquals(await errorOf("--identity", r.identity, `someone@${one.address}`), "");
      await two.sh("rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh");
      assertMatch(
        await errorOf("--user", "root", "--identity", r.identity, two.address),
        /host key has changed/,
      );
    });

    await t.step("provision rejects a binary for a different architecture", async () => {
      const arm = `${r.folder}/kas-aarch64`;
      const head = (await Deno.readFile("/bin/false")).slice(0, 64);
      head[18] = 183;
      await Deno.writeFile(arm, head);
      const { code, stderr } = await provision(r, ["--binary", arm, one.address]);
      assertEquals(code, 1);
      assertMatch(stderr, /executable for x86_64: .*kas-aarch64 is for aarch64/);
    });

    await t.step("provision --remove deletes everything that provision has installed", async () => {
      assertEquals((await provision(r, ["--remove", one.address])).code, 2);
      const ended = await provision(r, ["--remove", "--yes", one.address]);
      assertEquals(ended.code, 0, ended.stderr);
      assertEquals(
        await one.sh("find /etc /usr/local -name 'kas*' -o -name '.kas*'; getent group kas || true"),
        "",
      );
      const again = await provision(r, ["--remove", "--yes", one.address]);
      assertEquals([again.code, Object.values(results(again))], [0, [
        "done",
        "unchanged",
        "unchanged",
        "unchanged",
      ]]);
    });
  },
);

/** Kills a unit's main process. Returns after how many seconds systemd has started it again. */
async function secondsToReturn({ sh }: Machine, unit: string): Promise<number> {
  await sh(`systemctl kill --signal=KILL ${unit}`);
  const show =
    `systemctl show -p ActiveEnterTimestampMonotonic -p InactiveEnterTimestampMonotonic -p ActiveExitTimestampMonotonic ${unit}`;
  const [left = 0, back = 0] = await eventually(async () => {
    const text = await sh(show);
    const of = (name: string) =>
      Number(new RegExp(`^${name}TimestampMonotonic=(\\d+)$`, "m").exec(text)?.[1]);
    return [of("ActiveExit"), of("ActiveEnter")];
  }, ([left = 0, back = 0]) => back > left);
  return (back - left) / 1e6;
}
