import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { filesOf, type HostFile, type Role, unitsOf } from "../../../src/provision/files.ts";

const SETTINGS = { settings: { fleet: "web", max: 4 } };
const TLS = { certificate: "CERTIFICATE\n", key: "KEY\n" };

const named = (files: readonly HostFile[], path: string): HostFile => {
  const found = files.find((file) => file.path === path);
  assert(found, `${path} is not among ${files.map(({ path }) => path).join(", ")}`);
  return found;
};

/** The lines of a unit that set something. */
const lines = (unit: string): string[] =>
  unit.split("\n").filter((line) => /^\[|=/.test(line) && !/^#/.test(line));

Deno.test("filesOf() gives each role its own files, and the group that reads the settings first", () => {
  const paths = (role: Role) => filesOf(role, SETTINGS).map(({ path }) => path);
  const common = ["/etc/sysusers.d/kas.conf", "/etc/kas/kas.json"];
  const worker = [
    "/etc/nginx/conf.d/kas-worker.conf",
    "/etc/systemd/system/kas-worker.service",
    "/etc/systemd/system/kas-worker-standby.service",
  ];
  const autoscaler = ["/etc/nginx/conf.d/kas-autoscaler.conf", "/etc/systemd/system/kas-autoscaler.service"];
  assertEquals(paths("worker"), [...common, ...worker]);
  assertEquals(paths("autoscaler"), [...common, ...autoscaler]);
  assertEquals(paths("both"), [...common, ...worker, ...autoscaler]);
});

Deno.test("filesOf() writes the settings for root and the group kas alone", () => {
  const { mode, group, content } = named(filesOf("worker", SETTINGS), "/etc/kas/kas.json");
  assertEquals({ mode, group, settings: JSON.parse(content) }, {
    mode: 0o640,
    group: "kas",
    settings: { fleet: "web", max: 4 },
  });
});

Deno.test("filesOf() adds TLS only with a certificate, and nobody but root reads the key", () => {
  const files = filesOf("autoscaler", { ...SETTINGS, tls: TLS });
  const key = named(files, "/etc/kas/tls/key.pem");
  assertEquals([key.mode, key.content], [0o600, "KEY\n"]);
  const conf = named(files, "/etc/nginx/kas-autoscaler/tls.conf").content;
  // What it names is what is written.
  for (const [, path = ""] of conf.matchAll(/ssl_certificate(?:_key)? (\S+);/g)) named(files, path);
  assertStringIncludes(
    named(files, "/etc/nginx/conf.d/kas-autoscaler.conf").content,
    "include kas-autoscaler/*.conf;",
  );
  assertEquals(filesOf("autoscaler", SETTINGS).filter(({ path }) => path.includes("tls")), []);
  assertEquals(filesOf("worker", { ...SETTINGS, tls: TLS }).filter(({ path }) => path.includes("tls")), []);
});

Deno.test("the standby is the worker's unit on nginx's backup port, and does not start at boot", () => {
  const files = filesOf("worker", SETTINGS);
  const worker = lines(named(files, "/etc/systemd/system/kas-worker.service").content);
  const standby = lines(named(files, "/etc/systemd/system/kas-worker-standby.service").content);
  assertEquals(standby.filter((line) => !worker.includes(line)), [
    "Description=kas worker, while kas-worker is restarted",
    "ExecStart=/usr/local/bin/kas worker --listen 127.0.0.1:30002",
    "User=kas-worker-standby",
  ]);
  assertEquals(worker.filter((line) => !standby.includes(line)), [
    "Description=kas worker",
    "ExecStart=/usr/local/bin/kas worker --listen 127.0.0.1:30001",
    "User=kas-worker",
    "[Install]",
    "WantedBy=multi-user.target",
  ]);
  assertMatch(
    named(files, "/etc/nginx/conf.d/kas-worker.conf").content,
    /server 127\.0\.0\.1:30001 max_fails=0;[\s\S]*server 127\.0\.0\.1:30002 max_fails=0 backup;/,
  );
});

Deno.test("every unit that is to be enabled is among the files, and is wanted at boot", () => {
  for (const role of ["worker", "autoscaler", "both"] as const) {
    const files = filesOf(role, SETTINGS);
    for (const unit of unitsOf(role)) {
      assertStringIncludes(
        named(files, `/etc/systemd/system/${unit}.service`).content,
        "WantedBy=multi-user.target",
      );
    }
  }
});
