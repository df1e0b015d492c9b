import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { sshArguments } from "../../../../src/admin/instances/ssh.ts";
import type { Ec2Instance } from "../../../../src/aws/ec2/instances.ts";
import { ExitError } from "../../../../src/cli/command.ts";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { BASE, type Fleet, fleet, NOBODY, NODE } from "../../../unit/admin/fleet.ts";

/** Creates a folder with a fake `ssh`, which records its arguments, prints to stdout and stderr, and exits with status 7. */
async function fakeSsh(f: Fleet) {
  const folder = await Deno.makeTempDir();
  const script =
    '#!/bin/sh\nfor argument; do echo "$argument"; done > "$KAS_TEST_ARGUMENTS"\necho out\necho err >&2\nexit 7\n';
  await Deno.writeTextFile(`${folder}/ssh`, script, { mode: 0o755 });
  const recorded = `${folder}/arguments`;
  return {
    /** Runs `kas admin ssh ARGS…` with only the fake ssh on the PATH. */
    ssh: (args: string, path = folder) =>
      execute([...FROM_SOURCE, "admin", "ssh", ...args.split(" ")], {
        ...f.sandbox.env,
        PATH: path,
        KAS_TEST_ARGUMENTS: recorded,
      }),
    arguments: async () => (await Deno.readTextFile(recorded)).trimEnd().split("\n"),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Private IP address of the base instance. */
const address = async (f: Fleet) => String((await f.rows("instances"))[0]?.["private_ip"]);

Deno.test("kas admin ssh runs the system's ssh with the instance's address, and exits with the status of ssh", async () => {
  await using f = await fleet();
  await using it = await fakeSsh(f);
  const args = `${BASE} --user ubuntu --identity key.pem --jump me@bastion:22 --port 2222 -- ls -l /etc`;
  assertEquals(await it.ssh(args), { code: 7, stdout: "out\n", stderr: "err\n" });
  assertEquals(await it.arguments(), [
    ...["-o", "StrictHostKeyChecking=accept-new", "-o", `HostKeyAlias=${BASE}`],
    ...["-l", "ubuntu", "-i", "key.pem", "-o"],
    "ProxyCommand=ssh -o StrictHostKeyChecking=accept-new -l me -i key.pem -p 22 -W '[%h]:%p' -- bastion",
    ...["-p", "2222"],
    ...["--", await address(f), "ls", "-l", "/etc"],
  ]);
});

Deno.test("kas admin ssh fails with one error and a hint if ssh is not on the PATH", async () => {
  await using f = await fleet();
  await using it = await fakeSsh(f);
  const { code, stdout, stderr } = await it.ssh(BASE, "/nowhere");
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^kas: .*PATH\nTry: .*OpenSSH.*\n$/);
});

Deno.test("kas admin ssh --dry-run prints the ssh command and runs nothing", async () => {
  await using f = await fleet();
  assertEquals(await f.kas(`ssh ${BASE} --private --dry-run -- uptime`), {
    status: 0,
    out: `ssh -o StrictHostKeyChecking=accept-new -o HostKeyAlias=${BASE} -- ${await address(f)} uptime\n`,
    err: "",
  });
});

Deno.test("kas admin ssh rejects an instance that is not in the fleet or does not run", async () => {
  await using f = await fleet();
  assertEquals((await f.kas(`ssh ${NOBODY}`)).status, 4);
  assertEquals((await f.kas(`ssh ${BASE} --fleet other`)).status, 4);
  assertEquals((await f.kas("ssh")).status, 2);
  const { status, err } = await f.kas(`ssh ${NODE} --dry-run`);
  assertEquals(status, 1);
  assertMatch(err, new RegExp(`^kas: .*${NODE}.*stopped`));
});

Deno.test("kas admin ssh prefers a public name to a public address, and needs --private if there is neither", () => {
  const route = { user: undefined, identity: undefined, jump: undefined, port: undefined, private: false };
  const instance = {
    id: BASE,
    name: "",
    role: "node",
    state: "running",
    type: "t3.micro",
    zone: "",
  } as const;
  const [publicIp, privateIp, publicDns] = ["203.0.113.7", "10.0.0.7", "ec2-203-0-113-7.example.com"];
  const host = (addresses: Partial<Ec2Instance>, through = route) =>
    sshArguments({ ...instance, ...addresses }, through, []).at(-1);
  assertEquals(host({ publicDns, publicIp, privateIp }), publicDns);
  assertEquals(host({ publicIp, privateIp }), publicIp);
  assertEquals(host({ publicIp, privateIp }, { ...route, private: true }), privateIp);
  assertThrows(() => host({ privateIp }), ExitError, "no public address");
  assertThrows(() => host({ publicIp }, { ...route, private: true }), ExitError, "no private address");
});
