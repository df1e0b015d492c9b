"""The predecessor's worker: five processes share one listening socket, and each handles one request at a time."""
import os
import random
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

PROCESSES = 5


def work():
    begin = time.time()
    end = begin + random.uniform(0.45, 0.55)
    w = 0
    i = 0
    while time.time() < end:
        for i in range(i, i + 1000):
            w = w ^ i
            w = (w * i) % 65536
    return "%d\t%f" % (w, time.time() - begin)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/ping":
            self.answer(200, "pong")
        elif self.path == "/work":
            self.answer(200, work())
        else:
            self.answer(404, "not found")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Server(HTTPServer):
    request_queue_size = 1024


def end(children):
    for child in children:
        os.kill(child, signal.SIGTERM)
    os._exit(0)


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
children = []
for _ in range(PROCESSES - 1):
    child = os.fork()
    if child == 0:
        children = []
        break
    children.append(child)
signal.signal(signal.SIGTERM, lambda *_: end(children))
server.serve_forever()
