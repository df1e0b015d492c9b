import { assert, assertEquals } from "@std/assert";
import { sha256 } from "../../../src/provision/binary.ts";
import type { Facts } from "../../../src/provision/facts.ts";
import { filesOf, type Role } from "../../../src/provision/files.ts";
import { type Goal, roleOf, steps } from "../../../src/provision/steps.ts";
import { line } from "../../../src/provision/ssh/words.ts";

const BARE: Facts = {
  os: ["debian"],
  system: "Debian GNU/Linux 12 (bookworm)",
  arch: "x86_64",
  free: 1e9,
  busy: false,
  unfinished: false,
  programs: new Set(["apt-get", "systemctl"]),
  files: new Map(),
  units: new Map([["nginx", { active: false, enabled: false }]]),
  settings: undefined,
  answers: false,
};

function goal(role: Role, settings = {}, binary: Goal["binary"] = { sha256: "new" }): Goal {
  const files = filesOf(role, { settings, tls: undefined });
  return { role, binary, files: files.map((file) => ({ ...file, sha256: sha256(file.content) })) };
}

/** A host on which the goal is reached. */
function reached({ binary, files, role }: Goal): Facts {
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
    answers: true,
  };
}

/** The commands for what a host lacks, each as a line; of files only which. */
function commands(goal: Goal, facts: Facts): string[] {
  return steps(goal).filter((step) => !step.check(facts)).flatMap((step) =>
    step.apply(facts).map(({ words }) => line(words))
  );
}

Deno.test("steps() make a bare machine a worker: packages, binary, files, services, verify", () => {
  assertEquals(commands(goal("worker"), BARE), [
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

for (const role of ["worker", "autoscaler", "both"] as const) {
  Deno.test(`steps() leave a host alone that is ${role} already`, () => {
    const wanted = goal(role);
    assertEquals(commands(wanted, reached(wanted)), []);
  });
}

Deno.test("steps() of a newer binary stand in for the worker before it is replaced, until it answers", () => {
  assertEquals(commands(goal("worker"), reached(goal("worker", {}, { sha256: "old" }))), [
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

Deno.test("steps() of other settings restart the services and leave nginx alone", () => {
  assertEquals(commands(goal("both", { fleet: "web" }), reached(goal("both"))), [
    "systemctl start kas-worker-standby",
    "cp -a --parents /etc/kas/kas.json /var/lib/kas-provision",
    "install -D -m 0640 -g kas /dev/stdin /etc/kas/kas.json",
    "nginx -t -q",
    "systemctl daemon-reload",
    "systemctl restart kas-worker",
    "systemctl restart kas-autoscaler",
    "/usr/local/bin/kas admin ping --timeout 2s 127.0.0.1:30000 127.0.0.1:30001 127.0.0.1:10000",
    "systemctl stop kas-worker-standby",
  ]);
});

Deno.test("steps() mend a file of the wrong mode, a stopped service, one that is not enabled", () => {
  const wanted = goal("autoscaler");
  const facts = reached(wanted);
  const loose = {
    ...facts,
    files: new Map([...facts.files, ["/etc/kas/kas.json", {
      mode: 0o644,
      owner: "root:kas",
      sha256: facts.files.get("/etc/kas/kas.json")?.sha256 ?? "",
    }]]),
  };
  assert(commands(wanted, loose).includes("install -D -m 0640 -g kas /dev/stdin /etc/kas/kas.json"));
  const stopped = {
    ...facts,
    units: new Map([...facts.units, ["kas-autoscaler", { active: false, enabled: true }]]),
  };
  assert(commands(wanted, stopped).includes("systemctl restart kas-autoscaler"));
  const disabled = {
    ...facts,
    units: new Map([...facts.units, ["kas-autoscaler", { active: true, enabled: false }]]),
  };
  assert(commands(wanted, disabled).includes("systemctl enable -q kas-autoscaler"));
  assert(!commands(wanted, disabled).includes("systemctl restart kas-autoscaler"));
});

Deno.test("steps() back to the previous binary exchange the two", () => {
  const facts = reached(goal("worker"));
  const previous = { mode: 0o755, owner: "root:root", sha256: "" };
  const there = { ...facts, files: new Map([...facts.files, ["/usr/local/bin/kas.previous", previous]]) };
  assertEquals(commands({ role: "worker", binary: "previous", files: [] }, there).slice(0, 6), [
    "ln -f /usr/local/bin/kas.previous /usr/local/bin/.kas.new",
    "/usr/local/bin/.kas.new --version",
    "systemctl start kas-worker-standby",
    "cp -a --parents /usr/local/bin/kas.previous /var/lib/kas-provision",
    "ln -f /usr/local/bin/kas /usr/local/bin/kas.previous",
    "mv -f /usr/local/bin/.kas.new /usr/local/bin/kas",
  ]);
});

Deno.test("steps() know how everything that they do to a host is undone", () => {
  const harmless =
    /^(cp -a --parents|sha256sum|nginx -t|\S+ --version|systemctl daemon-reload|env .*apt-get|\S+ admin ping|systemctl stop kas-worker-standby)/;
  for (const facts of [BARE, reached(goal("both", {}, { sha256: "old" }))]) {
    for (const { apply } of steps(goal("both", { fleet: "web" }))) {
      for (const { words, undo = [], settle = [] } of apply(facts)) {
        assert(
          harmless.test(line(words)) || undo.length + settle.length > 0 || words[0] === "systemd-sysusers",
          line(words),
        );
      }
    }
  }
});

Deno.test("roleOf() tells a host's role by its units", () => {
  assertEquals(roleOf(BARE), undefined);
  for (const role of ["worker", "autoscaler", "both"] as const) {
    assertEquals(roleOf(reached(goal(role))), role);
  }
});
