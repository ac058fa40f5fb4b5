# SPDX-License-Identifier: Apache-2.0
"""A receiver that writes down what came, a JSON line each: path, headers, the body's text, and what is in it
    if that is MessagePack (Debian's python3-msgpack).

    receiver.py FILE [PORT]     prints its port
"""
import gzip
import http.server
import json
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        came = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                "text": body.decode("utf-8", "replace").replace("\0", " ")}  # jq ends at NUL
        if self.headers.get("Content-Type") == "application/msgpack":
            import msgpack
            came["msgpack"] = msgpack.unpackb(body)
        with open(sys.argv[1], "a") as out:
            json.dump(came, out)
            out.write("\n")
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Receiver)
print(server.server_address[1], flush=True)
server.serve_forever()
