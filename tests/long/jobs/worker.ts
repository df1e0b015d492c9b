/**
 * A queue worker as a process: it takes one job after another from a queue that is never empty, and writes each beginning and end of a job
 * to stderr. At SIGTERM it ends at once, and loses its job.
 *
 *     deno run -A worker.ts HOST:PORT LONGEST_JOB_MS
 *
 * `POST /drain`: take no more jobs. The process ends after its job. `GET /drain` answers 200 if it has no job, and 409 before. `DELETE
 * /drain`: take jobs again.
 *
 * @module
 */

const [listen = "", longest = ""] = Deno.args;
const [hostname = "", port] = listen.split(":");

/** How long the last answer before the end may take to reach its reader, in ms. */
const LAST_ANSWER = 50;

let isDraining = false;
let isWorking = false;

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

async function work(): Promise<void> {
  if (isWorking) return;
  isWorking = true;
  while (!isDraining) {
    say("begun");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * Number(longest)));
    say("finished");
  }
  isWorking = false;
  setTimeout(() => isDraining && Deno.exit(), LAST_ANSWER);
}

Deno.serve({ hostname, port: Number(port), onListen: () => {} }, ({ method, url }) => {
  if (new URL(url).pathname !== "/drain") return new Response("healthy");
  if (method === "GET") return new Response(null, { status: isDraining && !isWorking ? 200 : 409 });
  isDraining = method === "POST";
  if (!isDraining) void work();
  return new Response(null, { status: 202 });
});
void work();
