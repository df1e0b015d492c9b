import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { sshArguments } from "../../../../src/admin/instances/ssh.ts";
import type { Ec2Instance } from "../../../../src/aws/ec2/instances.ts";
import { ExitError } from "../../../../src/cli/command.ts";
import { execute, FROM_SOURCE } from "../../../support/kas.ts";
import { BASE, type Fleet, fleet, NOBODY, NODE } from "../../../unit/admin/fleet.ts";

/** A folder with an `ssh` that writes down its arguments, a line each, says something and ends with 7. */
async function standIn(f: Fleet) {
  const folder = await Deno.makeTempDir();
  const script =
    '#!/bin/sh\nfor word; do echo "$word"; done > "$KAS_TEST_SAID"\necho out\necho err >&2\nexit 7\n';
  await Deno.writeTextFile(`${folder}/ssh`, script, { mode: 0o755 });
  const said = `${folder}/said`;
  return {
    /** Runs `kas admin ssh WORDS…` with nothing but the stand-in on the PATH. */
    ssh: (words: string, path = folder) =>
      execute([...FROM_SOURCE, "admin", "ssh", ...words.split(" ")], {
        ...f.sandbox.env,
        PATH: path,
        KAS_TEST_SAID: said,
      }),
    arguments: async () => (await Deno.readTextFile(said)).trimEnd().split("\n"),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** The base's address. */
const address = async (f: Fleet) => String((await f.rows("instances"))[0]?.["private_ip"]);

Deno.test("ssh runs the system's ssh with the instance's address, and ends with its exit status", async () => {
  await using f = await fleet();
  await using it = await standIn(f);
  const words = `${BASE} --user ubuntu --identity key.pem --jump me@bastion:22 --port 2222 -- ls -l /etc`;
  assertEquals(await it.ssh(words), { code: 7, stdout: "out\n", stderr: "err\n" });
  assertEquals(await it.arguments(), [
    ...["-o", "StrictHostKeyChecking=accept-new", "-o", `HostKeyAlias=${BASE}`],
    ...["-l", "ubuntu", "-i", "key.pem", "-o"],
    "ProxyCommand=ssh -o StrictHostKeyChecking=accept-new -l me -i key.pem -p 22 -W '[%h]:%p' -- bastion",
    ...["-p", "2222"],
    ...["--", await address(f), "ls", "-l", "/etc"],
  ]);
});

Deno.test("ssh says so where there is no ssh on the PATH", async () => {
  await using f = await fleet();
  await using it = await standIn(f);
  assertEquals(await it.ssh(BASE, "/nowhere"), {
    code: 1,
    stdout: "",
    stderr: "kas: There is no ssh on the PATH\nTry: install OpenSSH's client\n",
  });
});

Deno.test("ssh --dry-run prints the command and runs nothing", async () => {
  await using f = await fleet();
  assertEquals(await f.kas(`ssh ${BASE} --private --dry-run -- uptime`), {
    status: 0,
    out: `ssh -o StrictHostKeyChecking=accept-new -o HostKeyAlias=${BASE} -- ${await address(f)} uptime\n`,
    err: "",
  });
});

Deno.test("ssh refuses an instance that is not in the fleet, or does not run", async () => {
  await using f = await fleet();
  assertEquals((await f.kas(`ssh ${NOBODY}`)).status, 4);
  assertEquals((await f.kas(`ssh ${BASE} --fleet other`)).status, 4);
  assertEquals((await f.kas("ssh")).status, 2);
  const { status, err } = await f.kas(`ssh ${NODE} --dry-run`);
  assertEquals(status, 1);
  assertStringIncludes(err, `Cannot open ssh to ${NODE}: it is stopped`);
});

Deno.test("ssh takes a public name before a public address, and says what to do without either", () => {
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
  assertThrows(() => host({ privateIp }), ExitError, `Cannot open ssh to ${BASE}: it has no public address`);
  assertThrows(() => host({ publicIp }, { ...route, private: true }), ExitError, "it has no private address");
});
