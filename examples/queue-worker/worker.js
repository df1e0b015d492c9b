// A small queue worker. The queue is a folder: each file is a job, and a worker takes a job by renaming its file.
// GET /healthz answers the health check. /drain takes the worker out of service without losing a job.
const { createServer } = require("node:http");
const { createHash } = require("node:crypto");
const { readdir, rename, rm } = require("node:fs/promises");
const { setTimeout: pause } = require("node:timers/promises");

const { HOST = "0.0.0.0", PORT = 8080, INSTANCE_ID = "local", QUEUE = "queue", JOB_MS = 2_000 } = process.env;

let draining = false; // POST /drain: take no more jobs
let busy = false; // takes a job, or works on one

/** Takes the first job of the queue. Returns undefined if the queue is empty, or another worker was faster. */
async function take() {
  const [first] = (await readdir(QUEUE).catch(() => [])).filter((name) => !name.includes(".taken-")).sort();
  if (first === undefined) return undefined;
  const taken = `${QUEUE}/${first}.taken-${INSTANCE_ID}`;
  return await rename(`${QUEUE}/${first}`, taken).then(() => taken, () => undefined);
}

/** Works on a job for JOB_MS of CPU time, in short pieces, so that the worker answers requests meanwhile. */
async function work() {
  for (let spent = 0; spent < Number(JOB_MS);) {
    const begun = process.cpuUsage().user;
    for (let i = 0; i < 5_000; i++) createHash("sha256").update(String(i)).digest();
    spent += (process.cpuUsage().user - begun) / 1_000;
    await pause(1);
  }
}

async function run() {
  for (;;) {
    busy = !draining;
    const job = busy ? await take() : undefined;
    if (job !== undefined) {
      await work();
      await rm(job);
    } else {
      busy = false;
      await pause(50);
    }
  }
}

const answers = {
  "GET /healthz": () => 200,
  "POST /drain": () => (draining = true, 202),
  "GET /drain": () => draining && !busy ? 200 : 409,
  "DELETE /drain": () => (draining = false, 204),
};

createServer(({ method, url }, response) => {
  response.writeHead(answers[`${method} ${url}`]?.() ?? 404).end();
}).listen(Number(PORT), HOST);

// At SIGTERM the worker finishes its job and ends.
process.on("SIGTERM", async () => {
  draining = true;
  while (busy) await pause(50);
  process.exit();
});

run();
