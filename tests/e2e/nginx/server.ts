/**
 * Starts nginx on free ports with the configuration that provisioning installs.
 *
 * @module
 */
import autoscalerConf from "../../../nginx/kas-autoscaler.conf" with { type: "text" };
import tlsConf from "../../../nginx/kas-autoscaler-tls.conf" with { type: "text" };
import workerConf from "../../../nginx/kas-worker.conf" with { type: "text" };
import { start } from "../../support/kas.ts";

/** A running nginx. */
export interface Nginx extends AsyncDisposable {
  /** The URL in front of {@linkcode NginxOptions.worker}. */
  readonly worker: string;
  readonly autoscaler: string;
  /** The autoscaler's URL with TLS; "" without a certificate. */
  readonly tls: string;
  /** The access log of a site so far. */
  log(site: "worker" | "autoscaler"): Promise<string>;
}

/** An installed version of nginx. */
export interface Version {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The ports of the servers behind nginx. */
export interface NginxOptions {
  readonly worker?: number;
  readonly standby?: number;
  readonly autoscaler?: number;
  /** The address from which a load balancer connects. */
  readonly balancer?: string;
  /** The certificate and its key for TLS, in PEM format. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Returns a port of 127.0.0.1 that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * Starts nginx. Resolves once it listens, and rejects with its output if it ends. Only ports and paths differ from the installed
 * configuration.
 */
export async function startNginx({ path, env }: Version, options: NginxOptions = {}): Promise<Nginx> {
  const folder = await Deno.makeTempDir();
  const ports = { worker: freePort(), autoscaler: freePort(), tls: freePort() };
  const behind = { worker: freePort(), standby: freePort(), autoscaler: freePort(), ...options };
  const moved = (conf: string) =>
    conf
      .replaceAll("/var/log/nginx/", `${folder}/`)
      .replaceAll("/etc/kas/tls/", `${folder}/`)
      .replace("listen 30000;", `listen 127.0.0.1:${ports.worker};`)
      .replace("listen 10000;", `listen 127.0.0.1:${ports.autoscaler};`)
      .replace("listen 443 ssl;", `listen 127.0.0.1:${ports.tls} ssl;`)
      .replace("server 127.0.0.1:30001", `server 127.0.0.1:${behind.worker}`)
      .replace("server 127.0.0.1:30002", `server 127.0.0.1:${behind.standby}`)
      .replace("server 127.0.0.1:10001", `server 127.0.0.1:${behind.autoscaler}`);
  const write = (name: string, content: string) => Deno.writeTextFile(`${folder}/${name}`, content);
  // nginx's worker processes, which run as another user, write large bodies to files below this folder.
  await Deno.chmod(folder, 0o711);
  await Deno.mkdir(`${folder}/kas-autoscaler`);
  await Deno.mkdir(`${folder}/kas-worker`);
  if (options.balancer !== undefined) {
    for (const door of ["worker", "autoscaler"]) {
      await write(`kas-${door}/balancer.conf`, `set_real_ip_from ${options.balancer};\n`);
    }
  }
  await write("kas-worker.conf", moved(workerConf));
  await write("kas-autoscaler.conf", moved(autoscalerConf));
  if (options.tls !== undefined) {
    await write("kas-autoscaler/tls.conf", moved(tlsConf));
    await write("certificate.pem", options.tls.certificate);
    await write("key.pem", options.tls.key);
  }
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder}/${name};`
  );
  await write(
    "nginx.conf",
    `daemon off; pid ${folder}/pid; error_log stderr notice; worker_processes 2;
     events { worker_connections 512; }
     http { ${paths.join(" ")} include kas-worker.conf; include kas-autoscaler.conf; }`,
  );
  const nginx = start([path, "-c", `${folder}/nginx.conf`], env);
  await nginx.line(/start worker process \d/);
  return {
    worker: `http://127.0.0.1:${ports.worker}`,
    autoscaler: `http://127.0.0.1:${ports.autoscaler}`,
    tls: options.tls === undefined ? "" : `https://127.0.0.1:${ports.tls}`,
    log: (site) => Deno.readTextFile(`${folder}/kas-${site}.access.log`),
    [Symbol.asyncDispose]: async () => {
      await nginx[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
