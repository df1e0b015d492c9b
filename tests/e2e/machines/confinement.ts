/**
 * Tests what a systemd unit prevents: runs the unit with a perl script in place of kas. The script tries actions that
 * the unit must prevent.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { Machine } from "./machine.ts";

/** Attempts by name. Each is perl code that dies if systemd prevents the attempt. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  "write /etc": "open(my $f, '>', '/etc/probe') or die $!",
  "write /usr/local/bin": "open(my $f, '>', '/usr/local/bin/probe') or die $!",
  "read /root": "opendir(my $d, '/root') or die $!; grep(/ssh/, readdir($d)) or die 'empty'",
  "read /home": "opendir(my $d, '/home') or die $!; grep(/someone/, readdir($d)) or die 'empty'",
  "read another user's secret": "open(my $f, '<', '/etc/shadow') or die $!",
  "open a raw socket": "socket(my $s, AF_INET, SOCK_RAW, 1) or die $!",
  "open a packet socket": "socket(my $s, 17, SOCK_RAW, 0) or die $!",
  "run a shell": "exec('/bin/sh', '-c', 'true') or die $!",
  "load a kernel module": "syscall(175, '', 0, '') == 0 or die $!",
  "change the clock": "my $t = pack('q2', 0, 0); syscall(227, 0, $t) == 0 or die $!",
  "become root": "$! = 0; $> = 0; $> == 0 and $! == 0 or die 'no'; open(my $f, '<', '/etc/shadow') or die $!",
  "listen on another port":
    "socket(my $s, AF_INET, SOCK_STREAM, 0) or die $!; bind($s, pack_sockaddr_in(8080, INADDR_ANY)) or die $!",
  "connect elsewhere":
    "socket(my $s, AF_INET, SOCK_STREAM, 0) or die $!; connect($s, pack_sockaddr_in(80, inet_aton('ADDRESS'))) or die $!",
};

/** Attempts that systemd prevents with BPF programs. It cannot load these in a container, where the attempts succeed. */
export const BY_BPF: readonly string[] = ["listen on another port", "connect elsewhere"];

/** An attempt that must succeed. If it failed, the failures of the other attempts would prove nothing. */
const CONTROL = "socket(my $s, AF_INET, SOCK_STREAM, 0) or die $!";

/**
 * Runs all attempts inside a unit.
 *
 * @param elsewhere an address outside the machine with a server on port 80
 * @returns the names of the attempts that succeeded
 */
export async function possible({ sh }: Machine, unit: string, elsewhere: string): Promise<string[]> {
  const script = Object.entries({ control: CONTROL, ...ATTEMPTS }).map(([name, code]) => {
    const attempt = code.replace("ADDRESS", elsewhere);
    // Each attempt runs in its own process, because a successful exec does not return.
    return `unless (my $pid = fork) { eval { ${attempt}; 1 } and exit 0; exit 1 } wait; print "possible: ${name}\\n" if $? == 0;`;
  }).join("\n");
  const probe = `probe-${unit}`;
  await sh(
    `cat >/usr/local/bin/probe.pl <<'EOF'\nuse Socket; $| = 1;\n${script}\nEOF\n` +
      `sed -e 's|^ExecStart=.*|ExecStart=/usr/bin/perl /usr/local/bin/probe.pl|; s|^Type=.*|Type=oneshot|' ` +
      `-e 's|^ExecPaths=.*|& /usr/bin/perl|; s|^User=.*|User=probe|' ` +
      `-e '/^Restart/d; /^Watchdog/d; /^StateDirectory/d; /^Environment=HOME/d' ` +
      `/etc/systemd/system/${unit}.service >/run/systemd/system/${probe}.service && systemctl daemon-reload`,
  );
  await sh(`systemctl start ${probe}`);
  const said = await sh(`journalctl --sync; journalctl -u ${probe} -o cat --no-pager`);
  await sh(`rm /usr/local/bin/probe.pl /run/systemd/system/${probe}.service; systemctl daemon-reload`);
  assert(said.includes("possible: control"), said);
  return Array.from(
    said.replace("possible: control", "").matchAll(/^possible: (.*)$/gm),
    ([, name = ""]) => name,
  );
}
