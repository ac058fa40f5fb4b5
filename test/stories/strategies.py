# SPDX-License-Identifier: Apache-2.0
"""strategies.py ANSWER ASKED: answers each GET with the file ANSWER, and notes what was asked in ASKED."""
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with open(sys.argv[2], "a") as asked:
            asked.write(self.path + "\n")
        with open(sys.argv[1], "rb") as answer:
            body = answer.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port)
server.serve_forever()
