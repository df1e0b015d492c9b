import { assertEquals, assertMatch } from "@std/assert";
import { sshFault } from "../../../../src/provision/ssh/ssh_fault.ts";

const TARGET = { name: "web-1", host: "203.0.113.7" };

/** What OpenSSH 9.2 and sudo 1.9 say, and what is told of it. */
const FAULTS: readonly [code: number, stderr: string, told: RegExp][] = [
  [255, "ssh: connect to host 203.0.113.7 port 22: Connection refused", /nothing listens on its port 22$/],
  [255, "ssh: connect to host 203.0.113.7 port 22: Connection timed out", /does not answer$/],
  [255, "Timeout, server 203.0.113.7 not responding.", /does not answer$/],
  [255, "ssh: connect to host 203.0.113.7 port 22: No route to host", /no route to it$/],
  [255, "ssh: Could not resolve hostname web-1: Name or service not known", /no host of that name$/],
  [255, "root@203.0.113.7: Permission denied (publickey).", /does not let us in$/],
  [255, "Received disconnect from 203.0.113.7: Too many authentication failures", /does not let us in$/],
  [
    255,
    "Warning: Identity file /x not accessible: No such file.\nroot@h: Permission denied (publickey).",
    /the key \/x can't be used$/,
  ],
  [
    255,
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
    /host key is not the one it had/,
  ],
  [255, "Connection to 203.0.113.7 closed by remote host.", /the connection broke off$/],
  [255, "something that nobody has seen before", /something that nobody has seen before$/],
  [1, "sudo: a password is required", /^root can't be had: sudo asks for a password$/],
  [127, "sh: 1: exec: sudo: not found", /^root can't be had: sudo is not there$/],
];

for (const [code, stderr, told] of FAULTS) {
  Deno.test(`sshFault() tells in one line of: ${stderr.split("\n").at(-1)}`, () => {
    const { message = "" } = sshFault({ code, stderr }, TARGET, { identity: "/x" }) ?? {};
    assertMatch(message, told);
    assertEquals(message.includes("\n"), false);
  });
}

Deno.test("sshFault() is silent about a script that failed by itself", () => {
  assertEquals(sshFault({ code: 1, stderr: "nginx: configuration file test failed" }, TARGET, {}), undefined);
});

Deno.test("sshFault() says how a changed key is forgotten, by the name that it is known by", () => {
  const ended = { code: 255, stderr: "Host key verification failed." };
  const hint = (target: { instance?: string; port?: number }) =>
    sshFault(ended, { ...TARGET, ...target }, {})?.hint;
  assertMatch(hint({ instance: "i-01234567" }) ?? "", /ssh-keygen -R 'i-01234567'/);
  assertMatch(hint({ port: 2222 }) ?? "", /ssh-keygen -R '\[203.0.113.7\]:2222'/);
});
