import { assert, assertEquals } from "@std/assert";
import { sha256 } from "../../../../src/provision/executable.ts";
import type { HostFacts } from "../../../../src/provision/host/facts.ts";
import { hostFiles, proxyPaths, type Role } from "../../../../src/provision/host/files.ts";
import { type DesiredHost, installedRole } from "../../../../src/provision/steps/host_diff.ts";
import { installSteps } from "../../../../src/provision/steps/install.ts";
import { quoteCommand } from "../../../../src/cli/command_line.ts";
import { BARE } from "./bare_host.ts";

function desiredHost(
  role: Role,
  settings = {},
  binary: DesiredHost["binary"] = { sha256: "new" },
  proxied = true,
): DesiredHost {
  const files = hostFiles(role, { settings, proxied, tls: undefined });
  return {
    role,
    proxied,
    binary,
    files: files.map((file) => ({ ...file, sha256: sha256(file.content) })),
    absent: proxied ? [] : proxyPaths(),
  };
}

/** Returns the facts of a host that is already in the desired state. */
function factsOf({ binary, files, role }: DesiredHost): HostFacts {
  const on = { active: true, enabled: true };
  return {
    ...BARE,
    programs: new Set(["apt-get", "systemctl", "nginx"]),
    files: new Map([
      ["/usr/local/bin/kas", {
        mode: 0o755,
        owner: "root:root",
        sha256: binary === "previous" ? "" : binary.sha256,
      }],
      ...files.map(({ path, mode, group, sha256 }) =>
        [path, { mode, owner: `root:${group}`, sha256 }] as const
      ),
    ]),
    units: new Map([
      ["nginx", on],
      ...(role === "both" ? ["kas-worker", "kas-autoscaler"] : [`kas-${role}`]).map((unit) =>
        [unit, on] as const
      ),
    ]),
    servicesRespond: true,
  };
}

/** Returns the commands that a host needs, without their input. */
function commands(desired: DesiredHost, facts: HostFacts): string[] {
  return installSteps(desired).filter((step) => !step.isDone(facts)).flatMap((step) =>
    step.commands(facts).map(({ argv }) => quoteCommand(argv))
  );
}

Deno.test("installSteps() for a host without kas installs a worker: packages, binary, files, services, verify", () => {
  assertEquals(commands(desiredHost("worker"), BARE), [
    "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=60 update -q",
    "env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=60 install -q -y --no-install-recommends nginx",
    "install -m 0755 /dev/stdin /usr/local/bin/.kas.new",
    "sha256sum --check --quiet",
    "/usr/local/bin/.kas.new --version",
    "mv -f /usr/local/bin/.kas.new /usr/local/bin/kas",
    "install -D -m 0644 -g root /dev/stdin /etc/sysusers.d/kas.conf",
    "systemd-sysusers /etc/sysusers.d/kas.conf",
    "install -D -m 0640 -g kas /dev/stdin /etc/kas/kas.json",
    "install -D -m 0644 -g root /dev/stdin /etc/nginx/conf.d/kas-worker.conf",
    "install -D -m 0644 -g root /dev/stdin /etc/systemd/system/kas-worker.service",
    "install -D -m 0644 -g root /dev/stdin /etc/systemd/system/kas-worker-standby.service",
    "nginx -t -q",
    "systemctl daemon-reload",
    "systemctl reload-or-restart nginx",
    "systemctl enable -q kas-worker",
    "systemctl restart kas-worker",
    "/usr/local/bin/kas admin ping --timeout 2s 127.0.0.1:30000 127.0.0.1:30001",
  ]);
});

Deno.test("installSteps() for an autoscaler without nginx installs no package and calls no nginx", () => {
  const desired = desiredHost("autoscaler", { pull: true }, { sha256: "new" }, false);
  assertEquals(commands(desired, { ...BARE, programs: new Set(["systemctl"]) }), [
    "install -m 0755 /dev/stdin /usr/local/bin/.kas.new",
    "sha256sum --check --quiet",
    "/usr/local/bin/.kas.new --version",
    "mv -f /usr/local/bin/.kas.new /usr/local/bin/kas",
    "install -D -m 0644 -g root /dev/stdin /etc/sysusers.d/kas.conf",
    "systemd-sysusers /etc/sysusers.d/kas.conf",
    "install -D -m 0640 -g kas /dev/stdin /etc/kas/kas.json",
    "install -D -m 0644 -g root /dev/stdin /etc/systemd/system/kas-autoscaler.service",
    "systemctl daemon-reload",
    "systemctl enable -q kas-autoscaler",
    "systemctl restart kas-autoscaler",
    "/usr/local/bin/kas admin ping --timeout 2s 127.0.0.1:10001",
  ]);
});

Deno.test("installSteps() without nginx deletes the autoscaler's nginx configuration, and a rollback restores it", () => {
  const facts = factsOf(desiredHost("autoscaler"));
  const without = desiredHost("autoscaler", {}, { sha256: "new" }, false);
  assertEquals(commands(without, facts), [
    "cp -a --parents /etc/nginx/conf.d/kas-autoscaler.conf /var/lib/kas-provision",
    "rm -f /etc/nginx/conf.d/kas-autoscaler.conf",
    "nginx -t -q",
    "systemctl daemon-reload",
    "systemctl reload-or-restart nginx",
    "/usr/local/bin/kas admin ping --timeout 2s 127.0.0.1:10001",
  ]);
  const { commands: ofFiles } = installSteps(without).find(({ name }) => name === "files") ?? {};
  const rollbacks = ofFiles?.(facts).flatMap(({ rollback = [] }) => rollback.map(quoteCommand));
  assertEquals(rollbacks, [
    "mv -f /var/lib/kas-provision/etc/nginx/conf.d/kas-autoscaler.conf /etc/nginx/conf.d/kas-autoscaler.conf",
  ]);
  const files = new Map([...facts.files].filter(([path]) => !path.includes("nginx")));
  const units = new Map([...facts.units, ["nginx", { active: false, enabled: false }]]);
  assertEquals(commands(without, { ...facts, files, units }), []);
});

for (const role of ["worker", "autoscaler", "both"] as const) {
  Deno.test(`installSteps() returns no commands for a host that is ${role} already`, () => {
    const desired = desiredHost(role);
    assertEquals(commands(desired, factsOf(desired)), []);
  });
}

Deno.test("installSteps() for a new binary runs the standby unit from before the replacement until the worker answers", () => {
  assertEquals(commands(desiredHost("worker"), factsOf(desiredHost("worker", {}, { sha256: "old" }))), [
    "install -m 0755 /dev/stdin /usr/local/bin/.kas.new",
    "sha256sum --check --quiet",
    "/usr/local/bin/.kas.new --version",
    "systemctl start kas-worker-standby",
    "ln -f /usr/local/bin/kas /usr/local/bin/kas.previous",
    "mv -f /usr/local/bin/.kas.new /usr/local/bin/kas",
    "nginx -t -q",
    "systemctl daemon-reload",
    "systemctl restart kas-worker",
    "/usr/local/bin/kas admin ping --timeout 2s 127.0.0.1:30000 127.0.0.1:30001",
    "systemctl stop kas-worker-standby",
  ]);
});

Deno.test("installSteps() for changed settings restarts the services, but not nginx", () => {
  assertEquals(commands(desiredHost("both", { fleet: "web" }), factsOf(desiredHost("both"))), [
    "systemctl start kas-worker-standby",
    "cp -a --parents /etc/kas/kas.json /var/lib/kas-provision",
    "install -D -m 0640 -g kas /dev/stdin /etc/kas/kas.json",
    "nginx -t -q",
    "systemctl daemon-reload",
    "systemctl restart kas-worker",
    "systemctl restart kas-autoscaler",
    "/usr/local/bin/kas admin ping --timeout 2s 127.0.0.1:30000 127.0.0.1:30001 127.0.0.1:10001 127.0.0.1:10000",
    "systemctl stop kas-worker-standby",
  ]);
});

Deno.test("installSteps() corrects a file mode, a stopped service, and a service that is not enabled", () => {
  const desired = desiredHost("autoscaler");
  const facts = factsOf(desired);
  const worldReadable = {
    ...facts,
    files: new Map([...facts.files, ["/etc/kas/kas.json", {
      mode: 0o644,
      owner: "root:kas",
      sha256: facts.files.get("/etc/kas/kas.json")?.sha256 ?? "",
    }]]),
  };
  assert(commands(desired, worldReadable).includes("install -D -m 0640 -g kas /dev/stdin /etc/kas/kas.json"));
  const stopped = {
    ...facts,
    units: new Map([...facts.units, ["kas-autoscaler", { active: false, enabled: true }]]),
  };
  assert(commands(desired, stopped).includes("systemctl restart kas-autoscaler"));
  const disabled = {
    ...facts,
    units: new Map([...facts.units, ["kas-autoscaler", { active: true, enabled: false }]]),
  };
  assert(commands(desired, disabled).includes("systemctl enable -q kas-autoscaler"));
  assert(!commands(desired, disabled).includes("systemctl restart kas-autoscaler"));
});

Deno.test("installSteps() for the previous binary exchanges the previous and the current binary", () => {
  const facts = factsOf(desiredHost("worker"));
  const previous = { mode: 0o755, owner: "root:root", sha256: "" };
  const withPrevious = {
    ...facts,
    files: new Map([...facts.files, ["/usr/local/bin/kas.previous", previous]]),
  };
  assertEquals(
    commands({ role: "worker", proxied: false, binary: "previous", files: [], absent: [] }, withPrevious)
      .slice(0, 6),
    [
      "ln -f /usr/local/bin/kas.previous /usr/local/bin/.kas.new",
      "/usr/local/bin/.kas.new --version",
      "systemctl start kas-worker-standby",
      "cp -a --parents /usr/local/bin/kas.previous /var/lib/kas-provision",
      "ln -f /usr/local/bin/kas /usr/local/bin/kas.previous",
      "mv -f /usr/local/bin/.kas.new /usr/local/bin/kas",
    ],
  );
});

Deno.test("installSteps() contains a rollback for every command that changes a host", () => {
  const changesNothing =
    /^(cp -a --parents|sha256sum|nginx -t|\S+ --version|systemctl daemon-reload|env .*apt-get|\S+ admin ping|systemctl stop kas-worker-standby)/;
  for (const facts of [BARE, factsOf(desiredHost("both", {}, { sha256: "old" }))]) {
    for (const { commands } of installSteps(desiredHost("both", { fleet: "web" }))) {
      for (const { argv, rollback = [], afterRollback = [] } of commands(facts)) {
        const command = quoteCommand(argv);
        assert(
          changesNothing.test(command) || rollback.length + afterRollback.length > 0 ||
            argv[0] === "systemd-sysusers",
          command,
        );
      }
    }
  }
});

Deno.test("installedRole() returns the role of the installed units", () => {
  assertEquals(installedRole(BARE), undefined);
  for (const role of ["worker", "autoscaler", "both"] as const) {
    assertEquals(installedRole(factsOf(desiredHost(role))), role);
  }
});
