/**
 * The files that make a host a worker, a control node or both: nginx's configuration, systemd's units and the settings, all
 * embedded in the executable.
 *
 * @module
 */
import autoscalerConf from "../../nginx/kas-autoscaler.conf" with { type: "text" };
import tlsConf from "../../nginx/kas-autoscaler-tls.conf" with { type: "text" };
import workerConf from "../../nginx/kas-worker.conf" with { type: "text" };
import autoscalerUnit from "../../systemd/kas-autoscaler.service" with { type: "text" };
import workerUnit from "../../systemd/kas-worker.service" with { type: "text" };
import sysusers from "../../systemd/kas.sysusers" with { type: "text" };

/** What a host is to be. */
export type Role = "worker" | "autoscaler" | "both";

/** A file of a host. */
export interface HostFile {
  readonly path: string;
  /** Permission bits, such as `0o644`. */
  readonly mode: number;
  /** The owner is root. */
  readonly group: "root" | "kas";
  readonly content: string;
}

/** What differs from host to host. */
export interface HostSettings {
  /** Of `/etc/kas/kas.json`: the settings by their flags' names without dashes. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** PEM of the certificate chain and of its key, where SNS is to come over HTTPS. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
}

/** The group that may read the settings; a host has it once `systemd-sysusers` has read {@linkcode SYSUSERS}. */
export const SYSUSERS = "/etc/sysusers.d/kas.conf";

/**
 * The files of a role in the order in which they are to be written: `/etc/sysusers.d/kas.conf` first, after which
 * `systemd-sysusers` makes the group kas, the one that the settings belong to.
 *
 * The units to enable are {@linkcode unitsOf}'s; `kas-worker-standby` is not among them, as it runs only while `kas-worker`
 * is restarted.
 */
export function filesOf(role: Role, { settings, tls }: HostSettings): readonly HostFile[] {
  const file = (
    path: string,
    content: string,
    mode = 0o644,
    group: HostFile["group"] = "root",
  ): HostFile => ({
    path,
    mode,
    group,
    content,
  });
  return [
    file(SYSUSERS, sysusers),
    file("/etc/kas/kas.json", `${JSON.stringify(settings, undefined, 2)}\n`, 0o640, "kas"),
    ...(role === "autoscaler" ? [] : [
      file("/etc/nginx/conf.d/kas-worker.conf", workerConf),
      file("/etc/systemd/system/kas-worker.service", workerUnit),
      file("/etc/systemd/system/kas-worker-standby.service", standby(workerUnit)),
    ]),
    ...(role === "worker" ? [] : [
      ...(tls === undefined ? [] : [
        file("/etc/kas/tls/certificate.pem", tls.certificate),
        file("/etc/kas/tls/key.pem", tls.key, 0o600),
        file("/etc/nginx/kas-autoscaler/tls.conf", tlsConf),
      ]),
      file("/etc/nginx/conf.d/kas-autoscaler.conf", autoscalerConf),
      file("/etc/systemd/system/kas-autoscaler.service", autoscalerUnit),
    ]),
  ];
}

/** The units that a role's host runs, without `.service`. */
export function unitsOf(role: Role): readonly string[] {
  return [
    ...(role === "autoscaler" ? [] : ["kas-worker"]),
    ...(role === "worker" ? [] : ["kas-autoscaler"]),
  ];
}

/**
 * The worker's unit again, on the port that nginx/kas-worker.conf has as its backup, and not for a start at boot: it serves
 * while `kas-worker` is restarted.
 */
function standby(unit: string): string {
  const [, body = ""] = /(\[Unit\][\s\S]*?)\n\[Install\]/.exec(unit) ?? [];
  const own = body
    .replace("Description=kas worker", "Description=kas worker, while kas-worker is restarted")
    .replace("--listen 127.0.0.1:30001", "--listen 127.0.0.1:30002")
    .replace("User=kas-worker", "User=kas-worker-standby");
  return `# kas-worker.service again, to serve while that one is restarted.\n${own}`;
}
