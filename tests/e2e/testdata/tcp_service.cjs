// A TCP service: answers each line with the id of the instance, and ends when its connections have ended.
const { createServer } = require("node:net");

const { HOST, PORT, INSTANCE_ID } = process.env;
const server = createServer((socket) => {
  socket.on("error", () => {});
  // The answer takes a moment, so that a cut connection would lose it.
  socket.on("data", () => setTimeout(() => socket.end(`${INSTANCE_ID}\n`), 20));
});
server.listen(Number(PORT), HOST);
process.on("SIGTERM", () => server.close());
