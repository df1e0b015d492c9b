// A small web server: GET / uses a little CPU, GET /healthz answers the load balancer's health check.
const { createServer } = require("node:http");
const { createHash } = require("node:crypto");

const { HOST = "0.0.0.0", PORT = 8080, INSTANCE_ID = "this machine" } = process.env;

const server = createServer((request, response) => {
  if (request.url === "/healthz") return response.end("ok\n");
  const until = process.cpuUsage().user + 50_000; // 50 ms of CPU
  let hash = "";
  while (process.cpuUsage().user < until) hash = createHash("sha256").update(hash).digest("hex");
  response.end(`${hash} from ${INSTANCE_ID}\n`);
});

server.listen(Number(PORT), HOST);
process.on("SIGTERM", () => server.close()); // finishes the requests in progress
