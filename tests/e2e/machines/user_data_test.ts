import { assertEquals } from "@std/assert";
import { eventually, execute } from "../../support/kas.ts";
import { program, testWith } from "../../support/needs.ts";
import { KAS, say } from "./provision.ts";
import { MACHINES, must, room } from "./room.ts";

testWith(
  [...MACHINES, program("openssl")],
  "an instance that runs its user data at the first boot becomes a worker",
  async () => {
    await using r = await room();
    const machine = await r.boot(4);
    // A certificate that the machine trusts.
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
    const { stdout: script } = await execute([
      ...[
        KAS,
        "admin",
        "user-data",
        "--role",
        "worker",
        "--url",
        `https://${r.address}:${server.addr.port}/kas`,
      ],
      ...["--fleet", "web", "--threads", "1"],
    ]);
    await Deno.writeTextFile(`${r.folder}/user-data`, script);
    await machine.sh(`cat >/root/user-data <<'END'\n${script}END\nchmod 0700 /root/user-data`);
    const begun = performance.now();
    await machine.sh("/root/user-data >/var/log/cloud-init-output.log 2>&1");
    say(`  serving after ${((performance.now() - begun) / 1_000).toFixed(1)} s, packages included`);
    const ping = await eventually(() => fetch(`http://${machine.address}:30000/ping`), ({ ok }) => ok);
    assertEquals(await ping.text(), "pong");
    assertEquals(JSON.parse(await machine.sh("cat /etc/kas/kas.json")), { fleet: "web", threads: 1 });
    assertEquals(await machine.sh("systemctl is-enabled kas-worker"), "enabled");
  },
);
