import { assert, assertEquals } from "@std/assert";
import { siteFor } from "../../../../bench/support/nginx.ts";

Deno.test("the benchmark uses kas's nginx configuration and changes only its ports, its name and its log folder", async () => {
  const site = await Deno.readTextFile(new URL("../../../../nginx/kas-worker.conf", import.meta.url));
  const changed = siteFor(site, { name: "peer", port: 4_000, behind: 4_001 }, "/tmp/logs");
  assert(changed.includes("listen 127.0.0.1:4000"), changed);
  assert(changed.includes("server 127.0.0.1:4001"), changed);
  assertEquals(changed.match(/^[^#]*\b3000[0-2]\b|kas_worker|\/var\/log/gm), null);
  const lines = (text: string) =>
    text.split("\n").filter((line) => /keepalive|timeout|proxy_(set|http|next)/.test(line));
  assertEquals(lines(changed), lines(site));
});
