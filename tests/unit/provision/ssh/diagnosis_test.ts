import { assertEquals, assertMatch } from "@std/assert";
import { hintText } from "../../../../src/cli/command_line.ts";
import { diagnoseSsh } from "../../../../src/provision/ssh/diagnosis.ts";

const TARGET = { name: "web-1", host: "203.0.113.7" };

/** Error messages of OpenSSH 9.2 and sudo 1.9, and the words that the diagnosis of each error must contain. */
const ERRORS: readonly [code: number, stderr: string, diagnosis: RegExp][] = [
  [255, "ssh: connect to host 203.0.113.7 port 22: Connection refused", /refused .* port 22/],
  [255, "ssh: connect to host 203.0.113.7 port 22: Connection timed out", /does not answer/],
  [255, "Timeout, server 203.0.113.7 not responding.", /does not answer/],
  [255, "ssh: connect to host 203.0.113.7 port 22: No route to host", /no route/],
  [255, "ssh: Could not resolve hostname web-1: Name or service not known", /resolve/],
  [255, "root@203.0.113.7: Permission denied (publickey).", /login refused/],
  [255, "Received disconnect from 203.0.113.7: Too many authentication failures", /login refused/],
  [
    255,
    "Warning: Identity file /x not accessible: No such file.\nroot@h: Permission denied (publickey).",
    /key \/x/,
  ],
  [255, "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", /host key/],
  [255, "Connection to 203.0.113.7 closed by remote host.", /was closed/],
  [255, "something that nobody has seen before", /something that nobody has seen before/],
  [1, "sudo: a password is required", /sudo .*password/],
  [127, "sh: 1: exec: sudo: not found", /sudo .*not installed/],
];

for (const [code, stderr, expected] of ERRORS) {
  Deno.test(`diagnoseSsh() returns one line for the error: ${stderr.split("\n").at(-1)}`, () => {
    const { message = "" } = diagnoseSsh({ code, stderr }, TARGET, { identity: "/x" }) ?? {};
    assertMatch(message, expected);
    assertEquals(message.includes("\n"), false);
  });
}

Deno.test("diagnoseSsh() returns undefined if ssh did not cause the failure of a script", () => {
  assertEquals(
    diagnoseSsh({ code: 1, stderr: "nginx: configuration file test failed" }, TARGET, {}),
    undefined,
  );
});

Deno.test("diagnoseSsh() returns for a changed host key a hint with ssh-keygen -R and the name in known_hosts", () => {
  const ended = { code: 255, stderr: "Host key verification failed." };
  const hint = (target: { instance?: string; port?: number }) =>
    diagnoseSsh(ended, { ...TARGET, ...target }, {})?.hint;
  assertMatch(hintText(hint({ instance: "i-01234567" }) ?? ""), /ssh-keygen -R i-01234567/);
  assertMatch(hintText(hint({ port: 2222 }) ?? ""), /ssh-keygen -R '\[203.0.113.7\]:2222'/);
});
