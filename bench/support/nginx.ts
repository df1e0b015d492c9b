/**
 * Starts nginx in front of each server, with the same configuration that kas installs on an instance.
 *
 * @module
 */
import { type Running, start } from "../../tests/support/kas.ts";

const SITE = new URL("../../nginx/kas-worker.conf", import.meta.url);

/** The port on which nginx listens for a server, and the port of the server behind it. */
export interface Front {
  readonly name: string;
  readonly port: number;
  readonly behind: number;
}

/** Returns kas's site configuration with another server and other ports, and no other differences. */
export function siteFor(site: string, { name, port, behind }: Front, folder: string): string {
  return site
    .replace("listen 30000", `listen 127.0.0.1:${port}`)
    .replace("server 127.0.0.1:30001", `server 127.0.0.1:${behind}`)
    .replace(/^.*127\.0\.0\.1:30002.*\n/m, "")
    .replaceAll("/var/log/nginx/", `${folder}/${name}.`)
    .replaceAll("kas_worker", `site_${name}`);
}

/** Returns a site in which nginx itself gives the workers' answer. No server behind nginx can be faster. */
function alone(port: number): string {
  return `server {
    listen 127.0.0.1:${port};
    access_log off;
    location = /ping { default_type text/plain; return 200 "pong"; }
}`;
}

/** Starts nginx with one process per CPU. Resolves once it listens. */
export async function startNginx(fronts: readonly Front[], alonePort: number): Promise<Running> {
  const folder = await Deno.makeTempDir({ prefix: "kas-bench-nginx-" });
  const site = await Deno.readTextFile(SITE);
  const conf = `daemon off;
worker_processes ${navigator.hardwareConcurrency};
pid ${folder}/pid;
error_log stderr notice;
events { worker_connections 4096; }
http {
${
    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((it) => `${it}_temp_path ${folder}/${it};`).join(
      "\n",
    )
  }
${fronts.map((front) => siteFor(site, front, folder)).join("\n")}
${alone(alonePort)}
}`;
  await Deno.writeTextFile(`${folder}/nginx.conf`, conf);
  const nginx = start(["nginx", "-p", folder, "-c", `${folder}/nginx.conf`, "-e", "stderr"]);
  await nginx.line(/start worker process \d/);
  return {
    ...nginx,
    [Symbol.asyncDispose]: async () => {
      await nginx[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
