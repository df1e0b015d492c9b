/**
 * The files that provisioning installs on a host, by role: nginx configuration, systemd units and settings. The executable
 * contains all of these files.
 *
 * @module
 */
import autoscalerConf from "../../../nginx/kas-autoscaler.conf" with { type: "text" };
import tlsConf from "../../../nginx/kas-autoscaler-tls.conf" with { type: "text" };
import workerConf from "../../../nginx/kas-worker.conf" with { type: "text" };
import autoscalerUnit from "../../../systemd/kas-autoscaler.service" with { type: "text" };
import exporterConf from "../../../systemd/prometheus-node-exporter.conf" with { type: "text" };
import workerUnit from "../../../systemd/kas-worker.service" with { type: "text" };
import sysusers from "../../../systemd/kas.sysusers" with { type: "text" };
import { SETTINGS_PATH } from "./paths.ts";

/** The services that a host runs. */
export type Role = "worker" | "autoscaler" | "both";

/** A file that provisioning installs on a host. */
export interface HostFile {
  readonly path: string;
  /** Permission bits of the file, such as `0o644`. */
  readonly mode: number;
  /** Group of the file. The owner is always root. */
  readonly group: "root" | "kas";
  readonly content: string;
}

/** Configuration that differs between hosts. */
export interface HostConfig {
  /** Content of `/etc/kas/kas.json`: the settings by the names of their flags, without the leading `--`. */
  readonly settings: Readonly<Record<string, string | number | boolean | readonly object[]>>;
  /** Whether nginx forwards the messages of SNS to the autoscaler. Without nginx, the autoscaler only answers on this host. */
  readonly proxied: boolean;
  /** Certificate chain and private key in PEM format, with which nginx serves SNS over HTTPS. Needs {@linkcode proxied}. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
}

/** The nginx configuration of the autoscaler. */
export const PROXY_PATH = "/etc/nginx/conf.d/kas-autoscaler.conf";

/** node_exporter as Debian and Ubuntu package it: the name of the package, its program and its unit, and its port. */
export const EXPORTER = { name: "prometheus-node-exporter", port: 9_100 } as const;

/** The file because of which node_exporter answers private addresses only. */
export const EXPORTER_FILE: HostFile = {
  path: `/etc/systemd/system/${EXPORTER.name}.service.d/kas.conf`,
  mode: 0o644,
  group: "root",
  content: exporterConf,
};

/** File that declares the group of users that may read the settings. `systemd-sysusers` creates this group. */
export const SYSUSERS_PATH = "/etc/sysusers.d/kas.conf";

/**
 * Returns the files of a role, in the order in which provisioning must write them. {@linkcode SYSUSERS_PATH} is first, because it
 * declares the group of the settings file.
 *
 * The unit `kas-worker-standby` is among the files but not in {@linkcode hostUnits}, because it runs only while `kas-worker`
 * restarts.
 */
export function hostFiles(role: Role, { settings, proxied, tls }: HostConfig): readonly HostFile[] {
  const file = (
    path: string,
    content: string,
    mode = 0o644,
    group: HostFile["group"] = "root",
  ): HostFile => ({ path, mode, group, content });
  return [
    file(SYSUSERS_PATH, sysusers),
    file(SETTINGS_PATH, `${JSON.stringify(settings, undefined, 2)}\n`, 0o640, "kas"),
    ...(role === "autoscaler" ? [] : [
      file("/etc/nginx/conf.d/kas-worker.conf", workerConf),
      file("/etc/systemd/system/kas-worker.service", workerUnit),
      file("/etc/systemd/system/kas-worker-standby.service", standbyUnit(workerUnit)),
    ]),
    ...(role === "worker" ? [] : [
      ...(proxied && tls !== undefined
        ? [
          file("/etc/kas/tls/certificate.pem", tls.certificate),
          file("/etc/kas/tls/key.pem", tls.key, 0o600),
          file("/etc/nginx/kas-autoscaler/tls.conf", tlsConf),
        ]
        : []),
      ...(proxied ? [file(PROXY_PATH, autoscalerConf)] : []),
      file("/etc/systemd/system/kas-autoscaler.service", autoscalerUnit),
    ]),
  ];
}

/** Returns the paths of the files that only an autoscaler behind nginx has. */
export function proxyPaths(): readonly string[] {
  const pathsOf = (proxied: boolean) =>
    hostFiles("autoscaler", { settings: {}, proxied, tls: { certificate: "", key: "" } }).map(({ path }) =>
      path
    );
  const others = new Set(pathsOf(false));
  return pathsOf(true).filter((path) => !others.has(path));
}

/** Whether a role needs nginx: the worker always does. */
export function needsNginx({ role, proxied }: { readonly role: Role; readonly proxied: boolean }): boolean {
  return role !== "autoscaler" || proxied;
}

/** Returns the names of the units to enable for a role, without `.service`. */
export function hostUnits(role: Role): readonly string[] {
  return [
    ...(role === "autoscaler" ? [] : ["kas-worker"]),
    ...(role === "worker" ? [] : ["kas-autoscaler"]),
  ];
}

/**
 * Returns the unit file of the standby worker. The unit uses the backup port of nginx/kas-worker.conf, and has no [Install]
 * section, so that it does not start at boot.
 */
function standbyUnit(unit: string): string {
  const [, body = ""] = /(\[Unit\][\s\S]*?)\n\[Install\]/.exec(unit) ?? [];
  const standby = body
    .replace("Description=kas worker", "Description=kas worker, while kas-worker is restarted")
    .replace("--listen 127.0.0.1:30001", "--listen 127.0.0.1:30002")
    .replace("User=kas-worker", "User=kas-worker-standby");
  return `# A second kas worker, which serves requests while kas-worker.service restarts.\n${standby}`;
}
