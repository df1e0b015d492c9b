import { assertEquals } from "@std/assert";
import { eventually, execute } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import type { Machine } from "./machine.ts";
import { KAS, say } from "./provision.ts";
import { MACHINES, must, room } from "./room.ts";

/**
 * Boots a machine, and runs the user data that `kas admin user-data` prints. An HTTPS server, whose certificate the machine trusts,
 * has the executable.
 */
async function firstBoot(
  words: readonly string[],
  verify: (machine: Machine) => Promise<void>,
): Promise<void> {
  await using r = await room();
  const machine = await r.boot(4);
  const [key, certificate] = [`${r.folder}/tls.key`, `${r.folder}/tls.pem`];
  const subject = ["-subj", "/CN=kas", "-addext", `subjectAltName=IP:${r.address}`];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  await must("openssl", "req", "-x509", ...ec, ...subject, "-keyout", key, "-out", certificate);
  const pem = await Deno.readTextFile(certificate);
  await machine.sh(
    `cat >/usr/local/share/ca-certificates/test.crt <<'EOF'\n${pem}EOF\nupdate-ca-certificates`,
  );

  await using server = Deno.serve({
    hostname: r.address,
    port: 8443,
    cert: pem,
    key: await Deno.readTextFile(key),
    onListen: () => {},
  }, async () => new Response((await Deno.open(KAS)).readable));
  const url = `https://${r.address}:${server.addr.port}/kas`;
  const { code, stdout: script, stderr } = await execute([KAS, "admin", "user-data", "--url", url, ...words]);
  assertEquals(code, 0, stderr);
  await machine.sh(`cat >/root/user-data <<'END'\n${script}END\nchmod 0700 /root/user-data`);
  const begun = performance.now();
  await machine.sh("/root/user-data >/var/log/cloud-init-output.log 2>&1");
  say(`  serving after ${((performance.now() - begun) / 1_000).toFixed(1)} s, packages included`);
  await verify(machine);
}

testWith(
  [...MACHINES, program("openssl")],
  "an instance that runs its user data at the first boot becomes a worker",
  () =>
    firstBoot(["--role", "worker", "--fleet", "web", "--threads", "1"], async ({ address, sh }) => {
      const ping = await eventually(() => fetch(`http://${address}:30000/ping`), ({ ok }) => ok);
      assertEquals(await ping.text(), "pong");
      assertEquals(JSON.parse(await sh("cat /etc/kas/kas.json")), { fleet: "web", threads: 1 });
      assertEquals(await sh("systemctl is-enabled kas-worker"), "enabled");
    }),
);

testWith(
  [...MACHINES, program("openssl")],
  "an instance that runs the user data of a control node runs the autoscaler with its settings, and nothing else",
  () =>
    firstBoot(
      ["--role", "autoscaler", "--pull", "--region", "eu-west-1", "--balancer", "none", "--max", "9"],
      async ({ sh }) => {
        assertEquals(
          JSON.parse(await sh("cat /etc/kas/kas.json")),
          { pull: true, region: "eu-west-1", balancer: "none", max: 9 },
        );
        await sh("/usr/local/bin/kas admin ping 127.0.0.1:10001");
        assertEquals(await sh("systemctl is-enabled kas-autoscaler"), "enabled");
        assertEquals(await sh("find /etc -name '*nginx*' -o -name 'kas-worker*'"), "");
      },
    ),
);
