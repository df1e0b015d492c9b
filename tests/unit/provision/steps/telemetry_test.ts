import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import workerConf from "../../../../nginx/kas-worker.conf" with { type: "text" };
import { quoteCommand } from "../../../../src/cli/command_line.ts";
import { EXPORTER_FILE } from "../../../../src/provision/host/files.ts";
import { HostError } from "../../../../src/provision/host_error.ts";
import { telemetryStep } from "../../../../src/provision/steps/telemetry.ts";
import { BARE } from "./bare_host.ts";

const FILE = { ...EXPORTER_FILE, sha256: "new" };

/** Returns the commands of the step on a host. */
function commands(facts: typeof BARE): string[] {
  const step = telemetryStep(FILE, facts);
  return step.isDone(facts) ? [] : step.commands(facts).map(({ argv }) => quoteCommand(argv));
}

const INSTALLED = {
  ...BARE,
  programs: new Set(["systemctl", "prometheus-node-exporter"]),
  files: new Map([[FILE.path, { mode: 0o644, owner: "root:root", sha256: "new" }]]),
  units: new Map([["prometheus-node-exporter", { active: true, enabled: true }]]),
};

Deno.test("the filter of addresses is on the host before the package starts node_exporter", () => {
  assertEquals(commands(BARE), [
    "install -D -m 0644 -g root /dev/stdin /etc/systemd/system/prometheus-node-exporter.service.d/kas.conf",
    "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=60 update -q",
    "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=60 install -q -y --no-install-recommends prometheus-node-exporter",
    "systemctl daemon-reload",
    "systemctl enable -q prometheus-node-exporter",
    "systemctl restart prometheus-node-exporter",
    "timeout 2 bash -c ': </dev/tcp/127.0.0.1/9100'",
  ]);
});

Deno.test("a host whose node_exporter runs behind the filter needs nothing, and another host only what differs", () => {
  assertEquals(commands(INSTALLED), []);
  const restart = [
    "systemctl daemon-reload",
    "systemctl restart prometheus-node-exporter",
    "timeout 2 bash -c ': </dev/tcp/127.0.0.1/9100'",
  ];
  const stopped = new Map([["prometheus-node-exporter", { active: false, enabled: true }]]);
  assertEquals(commands({ ...INSTALLED, units: stopped }), restart);
  const open = commands({ ...INSTALLED, files: new Map() });
  assertEquals([open.length, open.slice(1)], [4, restart]);
});

Deno.test("a host without apt-get must already have node_exporter", () => {
  const other = { ...INSTALLED, osName: "Fedora Linux 42", programs: new Set(["systemctl"]) };
  const error = assertThrows(() => telemetryStep(FILE, other), HostError);
  assertMatch(error.message, /^prometheus-node-exporter is missing on Fedora Linux 42/);
});

Deno.test("node_exporter answers the same addresses as the metrics of kas worker behind nginx", () => {
  const [, filter = ""] = /^IPAddressAllow=(.*)$/m.exec(EXPORTER_FILE.content) ?? [];
  assertEquals(filter.split(" "), [...workerConf.matchAll(/^ *allow (.*);$/gm)].map(([, range]) => range));
});
