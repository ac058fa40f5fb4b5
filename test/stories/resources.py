# SPDX-License-Identifier: Apache-2.0
"""An OTLP/HTTP receiver that keeps the resources of the spans that it gets, for stories.

    resources.py FILE      prints its address; FILE gets a line of JSON for each resource that is new

Reads protobuf by itself, with nothing of Oriel's.
"""

import http.server
import json
import sys


def varint(b, at):
    n = shift = 0
    while True:
        n |= (b[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if b[at - 1] < 0x80:
            return n, at


def fields(b):
    at = 0
    while at < len(b):
        key, at = varint(b, at)
        if key & 7 == 0:
            value, at = varint(b, at)
        else:
            n, at = varint(b, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value, at = b[at:at + n], at + n
        yield key >> 3, value


def value_of(b):
    for number, value in fields(b):
        if number == 1:
            return value.decode()
        if number == 3:
            return value
        if number == 5:
            return [value_of(item) for _, item in fields(value)]


def resource_of(b):
    return {pair[1].decode(): value_of(pair[2]) for pair in (dict(fields(v)) for n, v in fields(b) if n == 1)}


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/v1/traces"):
            with open(sys.argv[1], "a+") as out:
                out.seek(0)
                known = out.read().splitlines()
                for _, of_resource in fields(body):
                    line = json.dumps(resource_of(dict(fields(of_resource))[1]), sort_keys=True)
                    if line not in known:
                        out.write(line + "\n")
                        known.append(line)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
