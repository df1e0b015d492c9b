import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually, execute, start } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import { BY_BPF, possible } from "./confinement.ts";
import { hammer } from "./hammer.ts";
import type { Machine } from "./machine.ts";
import { KAS, otherBuild, provision, results, say, times } from "./provision.ts";
import { MACHINES, must, room } from "./room.ts";

const STEPS = ["packages", "binary", "files", "services", "verify"];

/** Everything on a machine that provisioning could have changed; groupadd's copies of what it changes are left out. */
const STATE =
  "find /etc /usr/local /var/lib/kas* -type f -o -type l | grep -v '^/etc/g.*-$' | LC_ALL=C sort | xargs -d '\\n' sha256sum -- 2>/dev/null; " +
  "getent group; systemctl show -p MainPID,ActiveState nginx kas-worker kas-autoscaler";

testWith([...MACHINES, program("openssl")], "machines are provisioned over ssh, and kept so", async (t) => {
  await using r = await room();
  const [one, two, three] = await Promise.all([r.boot(4), r.boot(5), r.boot(6, { nginx: true })]);
  assert(one && two && three);

  await t.step(
    "bare machines become a worker and more in parallel, one with a broken nginx fails alone",
    async () => {
      await three.sh("echo 'no such directive;' >/etc/nginx/conf.d/mine.conf");
      const before = await three.sh(STATE);
      const words = ["--role", "both", "--pull", "--region", "eu-west-1", "--work-ms", "5", "--threads", "1"];
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
      assertMatch(ended.stderr, new RegExp(`^kas: ${three.address}: nginx -t -q failed$`, "m"));
      assertStringIncludes(ended.stderr, `unknown directive "no" in /etc/nginx/conf.d/mine.conf:1`);
      assertEquals(await three.sh(STATE), before);
    },
  );

  await t.step("the second run changes nothing and restarts nothing", async () => {
    const pids = () =>
      Promise.all(
        [one, two].map(({ sh }) => sh("systemctl show -p MainPID nginx kas-worker kas-autoscaler")),
      );
    const before = await pids();
    const begun = performance.now();
    const ended = await provision(r, ["--role", "both", one.address, two.address]);
    say(`  unchanged: two hosts in ${((performance.now() - begun) / 1_000).toFixed(2)} s\n  ${times(ended)}`);
    assertEquals(ended.code, 0, ended.stderr);
    for (const { address } of [one, two]) {
      for (const step of STEPS) assertEquals(results(ended)[`${address} ${step}`], "unchanged");
    }
    assertEquals(await pids(), before);
    assertEquals(ended.stderr, "");
  });

  // What exits at once: one before it says its version, one that does say it and then knows no worker.
  for (const [bad, step] of [["/bin/false", "binary"], ["/usr/bin/env", "services"]] as const) {
    await t.step(
      `with ${bad} for a binary the old one serves on, and every request is answered`,
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
    "a newer binary takes over without a request being cut, and the one before it comes back",
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

  await t.step("a host has one provisioner at a time", async () => {
    await one.sh("setsid --fork flock /run/kas-provision.lock sleep 3 </dev/null >/dev/null 2>&1; sleep 0.1");
    const { code, stderr } = await provision(r, [one.address]);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      new RegExp(`^kas: ${one.address}: another provisioning run is in progress; try: .*\n$`),
    );
    await one.sh("flock /run/kas-provision.lock true");
  });

  await t.step("Ctrl-C leaves a host as it was, or as it is to be, and says so", async () => {
    // Not by a try at the lock: it would be somebody else's provisioning to whoever asks in that moment.
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

  await t.step("with a certificate the autoscaler's door is open over HTTPS too", async () => {
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

  await t.step("a run that the power cut in the middle is undone by the next", async () => {
    await two.sh(
      "mkdir /var/lib/kas-provision; echo 'rm -f /etc/half-done' >/var/lib/kas-provision/undo; touch /etc/half-done",
    );
    const ended = await provision(r, [two.address]);
    assertEquals(ended.code, 0, ended.stderr);
    assertEquals(await two.sh("ls -d /etc/half-done /var/lib/kas-provision 2>/dev/null || true"), "");
  });

  for (const unit of ["kas-worker", "kas-autoscaler"]) {
    await t.step(`${unit} is back within 2 s of kill -9`, async () => {
      // What else this machine is doing slows one time down more than another.
      const times = [];
      for (let n = 0; n < 3; n++) times.push(await secondsToReturn(one, unit));
      say(`  ${unit} was back after ${times.join(", ")} s, by systemd's own clock`);
      assert((times.toSorted((a, b) => a - b)[1] ?? Infinity) <= 2, "their median");
    });

    await t.step(`${unit} is rated 2.0 or better by systemd-analyze`, async () => {
      const last = (await one.sh(`systemd-analyze security --no-pager ${unit}`)).split("\n").at(-1) ?? "";
      say(`  ${last}`);
      assert(Number(/: (\d+\.\d+) /.exec(last)?.[1]) <= 2, last);
    });
  }

  await t.step("what the units forbid is tried from inside, and refused", async () => {
    await one.sh("useradd -m someone");
    for (const unit of ["kas-worker", "kas-autoscaler"]) {
      const done = await possible(one, unit, r.address);
      assertEquals(done.filter((name) => !BY_BPF.includes(name)), []);
      const byBpf = BY_BPF.filter((name) => !done.includes(name));
      say(
        `  ${unit}: all refused; of what needs BPF, which a container may not have: ${
          byBpf.join(", ") || "nothing"
        }`,
      );
    }
  });

  await t.step("ssh's errors are told in one line each", async () => {
    const nobody = `${r.folder}/nobody`;
    await execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", nobody]);
    const told = async (...words: string[]) =>
      (await execute([KAS, "admin", "provision", "--quiet", ...words], { PATH: r.path })).stderr;
    assertMatch(
      await told("--user", "root", "--identity", nobody, one.address),
      /^kas: .*login refused; try: .*\n$/,
    );
    assertMatch(await told(`${one.address}:23`), /^kas: .*port 23; try: .*\n$/);
    assertMatch(await told("no-such-host.invalid"), /^kas: .*resolve\n$/);
    await one.sh(
      "cp -r /root/.ssh /home/someone && chown -R someone: /home/someone/.ssh",
    );
    assertMatch(
      await told("--identity", r.identity, `someone@${one.address}`),
      /^kas: .*: cannot become root: .*; try: .*\n$/,
    );
    await one.sh("echo 'someone ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/someone");
    assertEquals(await told("--identity", r.identity, `someone@${one.address}`), "");
    await two.sh("rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh");
    assertMatch(
      await told("--user", "root", "--identity", r.identity, two.address),
      /host key has changed/,
    );
  });

  await t.step("another architecture is told before anything is copied", async () => {
    const arm = `${r.folder}/kas-aarch64`;
    const head = (await Deno.readFile("/bin/false")).slice(0, 64);
    head[18] = 183;
    await Deno.writeFile(arm, head);
    const { code, stderr } = await provision(r, ["--binary", arm, one.address]);
    assertEquals(code, 1);
    assertMatch(stderr, /executable for x86_64: .*kas-aarch64 is for aarch64/);
  });

  await t.step("--remove takes off all that was put on", async () => {
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
});

/** Kills a unit's main process; seconds until systemd has it active again. */
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
