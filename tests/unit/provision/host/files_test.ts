import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type HostFile,
  hostFiles,
  hostUnits,
  needsNginx,
  proxyPaths,
  type Role,
} from "../../../../src/provision/host/files.ts";

const SETTINGS = { settings: { fleet: "web", max: 4 }, proxied: true };
const TLS = { certificate: "CERTIFICATE\n", key: "KEY\n" };

const fileAt = (files: readonly HostFile[], path: string): HostFile => {
  const found = files.find((file) => file.path === path);
  assert(found, `${path} is missing from ${files.map(({ path }) => path).join(", ")}`);
  return found;
};

/** Returns the lines of a unit file without comments. */
const lines = (unit: string): string[] =>
  unit.split("\n").filter((line) => /^\[|=/.test(line) && !/^#/.test(line));

Deno.test("hostFiles() returns the files of each role, with the file that declares the settings' group first", () => {
  const paths = (role: Role) => hostFiles(role, SETTINGS).map(({ path }) => path);
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

Deno.test("hostFiles() lets only root and the group kas read the settings", () => {
  const { mode, group, content } = fileAt(hostFiles("worker", SETTINGS), "/etc/kas/kas.json");
  assertEquals({ mode, group, settings: JSON.parse(content) }, {
    mode: 0o640,
    group: "kas",
    settings: { fleet: "web", max: 4 },
  });
});

Deno.test("hostFiles() adds the TLS files only with a certificate, and only root can read the key", () => {
  const files = hostFiles("autoscaler", { ...SETTINGS, tls: TLS });
  const key = fileAt(files, "/etc/kas/tls/key.pem");
  assertEquals([key.mode, key.content], [0o600, "KEY\n"]);
  const conf = fileAt(files, "/etc/nginx/kas-autoscaler/tls.conf").content;
  // nginx reads the certificate from the paths to which provisioning writes it.
  for (const [, path = ""] of conf.matchAll(/ssl_certificate(?:_key)? (\S+);/g)) fileAt(files, path);
  assertStringIncludes(
    fileAt(files, "/etc/nginx/conf.d/kas-autoscaler.conf").content,
    "include kas-autoscaler/*.conf;",
  );
  assertEquals(hostFiles("autoscaler", SETTINGS).filter(({ path }) => path.includes("tls")), []);
  assertEquals(hostFiles("worker", { ...SETTINGS, tls: TLS }).filter(({ path }) => path.includes("tls")), []);
});

Deno.test("the standby unit runs a worker on nginx's backup port, and does not start at boot", () => {
  const files = hostFiles("worker", SETTINGS);
  const worker = lines(fileAt(files, "/etc/systemd/system/kas-worker.service").content);
  const standby = lines(fileAt(files, "/etc/systemd/system/kas-worker-standby.service").content);
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
    fileAt(files, "/etc/nginx/conf.d/kas-worker.conf").content,
    /server 127\.0\.0\.1:30001 max_fails=0;[\s\S]*server 127\.0\.0\.1:30002 max_fails=0 backup;/,
  );
});

Deno.test("hostFiles() installs the units of hostUnits(), which start at boot", () => {
  for (const role of ["worker", "autoscaler", "both"] as const) {
    const files = hostFiles(role, SETTINGS);
    for (const unit of hostUnits(role)) {
      assertStringIncludes(
        fileAt(files, `/etc/systemd/system/${unit}.service`).content,
        "WantedBy=multi-user.target",
      );
    }
  }
});

Deno.test("an autoscaler that gets no messages has no file of nginx, and a worker on the same host keeps its own", () => {
  const nginx = (role: Role) =>
    hostFiles(role, { ...SETTINGS, proxied: false, tls: TLS }).map(({ path }) => path)
      .filter((path) => /nginx|tls/.test(path));
  assertEquals(nginx("autoscaler"), []);
  assertEquals(nginx("both"), ["/etc/nginx/conf.d/kas-worker.conf"]);
  assertEquals(
    [needsNginx({ role: "autoscaler", proxied: false }), needsNginx({ role: "both", proxied: false })],
    [false, true],
  );
});

Deno.test("proxyPaths() returns the files that only an autoscaler behind nginx has, also those of a certificate", () => {
  assertEquals(proxyPaths(), [
    "/etc/kas/tls/certificate.pem",
    "/etc/kas/tls/key.pem",
    "/etc/nginx/kas-autoscaler/tls.conf",
    "/etc/nginx/conf.d/kas-autoscaler.conf",
  ]);
});
