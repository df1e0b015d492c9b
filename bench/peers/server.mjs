// Node's http server: /ping on the main thread, /work on as many worker threads as there are CPUs, first come, first served.
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

function burn() {
  const begin = performance.now();
  const end = begin + 450 + Math.random() * 100;
  let w = 0;
  let i = 0;
  while (performance.now() < end) {
    for (const next = i + 2048; i < next; i++) {
      w = w ^ i;
      w = (w * i) % 65536;
    }
  }
  return `${w}\t${((performance.now() - begin) / 1000).toFixed(6)}`;
}

if (isMainThread) {
  const waiting = [];
  const free = [];
  const next = (worker) => {
    const response = waiting.shift();
    if (response === undefined) return free.push(worker);
    worker.once("message", (text) => {
      response.end(text);
      next(worker);
    });
    worker.postMessage("burn");
  };
  for (let n = 0; n < availableParallelism(); n++) next(new Worker(new URL(import.meta.url)));
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/plain");
    if (request.url === "/ping") response.end("pong");
    else if (request.url === "/work") {
      waiting.push(response);
      const worker = free.pop();
      if (worker !== undefined) next(worker);
    } else {
      response.statusCode = 404;
      response.end("not found");
    }
  });
  server.keepAliveTimeout = 75_000;
  server.listen(Number(process.argv[2]), "127.0.0.1");
} else {
  parentPort.on("message", () => parentPort.postMessage(burn()));
}
