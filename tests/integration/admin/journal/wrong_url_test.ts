import { assertEquals } from "@std/assert";
import { fleet } from "../../../unit/admin/fleet.ts";
import { runWords } from "../../../unit/cli/captured.ts";
import { admin } from "../../../../src/admin/command.ts";

/** A server that answers every request, and its URL. */
function server(answer: (path: string) => Response) {
  const running = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(new URL(request.url).pathname),
  );
  return {
    url: `http://127.0.0.1:${running.addr.port}`,
    [Symbol.asyncDispose]: () => running.shutdown(),
  };
}

/** A URL at which no server listens. */
function closedUrl(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}`;
}

/** Runs `kas admin` for an autoscaler at a URL. Returns the exit status and stderr. */
async function failure(words: string, url: string): Promise<[status: number, err: string]> {
  const root = { name: "kas", summary: "kas", commands: [admin] };
  const { status, out, err } = await runWords(root, ["admin", ...words.split(" "), "--url", url]);
  assertEquals(out, "");
  return [status, err];
}

const PAGE = "<html>\n<head><title>404 Not Found</title></head></html>";
const html = (status: number) => new Response(PAGE, { status, headers: { "content-type": "text/html" } });

/** The commands that read the journal of a running autoscaler, and the page that they request first. */
const READERS = [
  ["activities", "activities"],
  ["activities --records", "decisions"],
  ["explain --last", "decisions"],
] as const;

Deno.test("if no server answers at --url, the error names the URL once and the reason", async () => {
  const url = closedUrl();
  for (const [words] of READERS) {
    assertEquals(await failure(words, url), [
      1,
      `kas: Cannot reach an autoscaler at ${url}: connection refused\n`,
    ]);
  }
});

Deno.test("if another server answers at --url, the error says so without its page", async () => {
  await using f = await fleet();
  for (const status of [200, 404]) {
    await using other = server(() => html(status));
    for (const [words, page] of READERS) {
      assertEquals(await failure(words, other.url), [
        1,
        `kas: Cannot read /${page} of ${other.url}: the server there is no autoscaler of kas (HTTP status ${status})\n`,
      ]);
    }
  }
  const [status, err] = await failure("activities", f.sandbox.url);
  assertEquals([status, err.replace(/\d+\)\n/, "N)\n")], [
    1,
    `kas: Cannot read /activities of ${f.sandbox.url}: the server there is no autoscaler of kas (HTTP status N)\n`,
  ]);
});

Deno.test("if a proxy passes on only /ping of the autoscaler, the error says so", async () => {
  const pong = () => new Response("pong", { headers: { "kas-fleet": "kas" } });
  await using nginx = server((path) => path === "/ping" ? pong() : html(404));
  assertEquals(await failure("activities", nginx.url), [
    1,
    `kas: Cannot read /activities of ${nginx.url}: a proxy such as nginx answers with HTTP status 404. ` +
    "It passes on only messages and /ping\n",
  ]);
});

Deno.test("if the autoscaler does not have the fleet of --fleet, the error has its answer and status 4", async () => {
  const pong = () => new Response("pong", { headers: { "kas-fleet": "web,jobs" } });
  const unknown = () =>
    new Response("this autoscaler does not have this fleet; its fleets: web, jobs", { status: 404 });
  await using kas = server((path) => path === "/ping" ? pong() : unknown());
  assertEquals(await failure("activities --fleet wep", kas.url), [
    4,
    `kas: Cannot read /activities of ${kas.url}: this autoscaler does not have this fleet; its fleets: web, jobs (HTTP status 404)\n`,
  ]);
});
