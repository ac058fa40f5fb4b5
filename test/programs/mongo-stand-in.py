#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for MongoDB's server, which Debian doesn't have: enough of the wire protocol (OP_MSG, and
OP_QUERY for the handshake) for a driver to connect, to insert and find documents in memory, and to be
told of errors. Prints its port; ends with its standard input."""
import socketserver
import struct
import sys
import threading


def encode(document):
    out = b""
    items = enumerate(document) if isinstance(document, list) else document.items()
    for name, value in items:
        kind, data = encode_value(value)
        out += bytes([kind]) + str(name).encode() + b"\0" + data
    return struct.pack("<i", len(out) + 5) + out + b"\0"


def encode_value(value):
    if isinstance(value, bool):
        return 0x08, bytes([value])
    if isinstance(value, float):
        return 0x01, struct.pack("<d", value)
    if isinstance(value, int):
        return (0x10, struct.pack("<i", value)) if -2**31 <= value < 2**31 else (0x12, struct.pack("<q", value))
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return 0x02, struct.pack("<i", len(text)) + text
    if isinstance(value, bytes):
        return 0x07, value
    return (0x04 if isinstance(value, list) else 0x03), encode(value)


FIXED = {0x06: 0, 0x0A: 0, 0x08: 1, 0x10: 4, 0x01: 8, 0x09: 8, 0x11: 8, 0x12: 8, 0x07: 12, 0x13: 16}


def decode(data, is_list=False):
    out, at, end = {}, 4, struct.unpack_from("<i", data)[0] - 1
    while at < end:
        kind, stop = data[at], data.index(b"\0", at + 1)
        name, at = data[at + 1:stop].decode(), stop + 1
        if kind in FIXED:
            raw = data[at:at + FIXED[kind]]
            out[name] = decode_fixed(kind, raw)
            at += len(raw)
            continue
        n = struct.unpack_from("<i", data, at)[0]
        if kind == 0x02:
            out[name], at = data[at + 4:at + 3 + n].decode(), at + 4 + n
        elif kind in (0x03, 0x04):
            out[name], at = decode(data[at:at + n], kind == 0x04), at + n
        elif kind == 0x05:
            out[name], at = None, at + 5 + n
        else:
            raise ValueError(kind)
    return list(out.values()) if is_list else out


def decode_fixed(kind, raw):
    form = {0x01: "<d", 0x10: "<i", 0x12: "<q", 0x08: "?"}.get(kind)
    return struct.unpack(form, raw)[0] if form else raw


HELLO = {"ismaster": True, "isWritablePrimary": True, "maxBsonObjectSize": 16777216,
         "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000, "minWireVersion": 0,
         "maxWireVersion": 17, "readOnly": False, "ok": 1.0}


class Store:
    def __init__(self):
        self.lock, self.collections, self.cursors = threading.Lock(), {}, {}

    def insert(self, command):
        there, errors = self.collections.setdefault(command["insert"], []), []
        for i, document in enumerate(command["documents"]):
            if any(d.get("name") == document.get("name") for d in there):
                errors.append({"index": i, "code": 11000,
                               "errmsg": 'E11000 duplicate key: "%s"' % document.get("name")})
            else:
                there.append(document)
        reply = {"n": len(command["documents"]) - len(errors), "ok": 1.0}
        return {**reply, "writeErrors": errors} if errors else reply

    def find(self, command):
        name = command["find"]
        found = list(self.collections.get(name, []))
        n = command.get("batchSize", 101)
        cursor = 0
        if len(found) > n:
            cursor = len(self.cursors) + 1
            self.cursors[cursor] = found[n:]
        return {"cursor": {"id": cursor + 2**40 if cursor else 0, "ns": command["$db"] + "." + name,
                           "firstBatch": found[:n]}, "ok": 1.0}

    def more(self, command):
        return {"cursor": {"id": 0, "ns": command["$db"] + "." + command["collection"],
                           "nextBatch": self.cursors.pop(command["getMore"] - 2**40)}, "ok": 1.0}

    def answer(self, command):
        name = next(iter(command))
        if name.lower() in ("hello", "ismaster"):
            return HELLO
        with self.lock:
            if name == "insert":
                return self.insert(command)
            if name == "find":
                return self.find(command)
            if name == "getMore":
                return self.more(command)
            if name == "drop":
                self.collections.pop(command["drop"], None)
                return {"ok": 1.0}
        if name in ("ping", "endSessions", "killCursors"):
            return {"ok": 1.0}
        if name == "aggregate":
            return {"ok": 0.0, "code": 40324, "codeName": "Location40324",
                    "errmsg": "Unrecognized pipeline stage name: 'secret'"}
        if name == "hangUp":
            return None
        return {"ok": 0.0, "code": 59, "codeName": "CommandNotFound", "errmsg": "no such command"}


STORE = Store()


class Connection(socketserver.BaseRequestHandler):
    def read(self, n):
        out = b""
        while len(out) < n:
            piece = self.request.recv(n - len(out))
            if not piece:
                return None
            out += piece
        return out

    def command(self, body):
        command, at = {}, 4
        while at < len(body):
            n = struct.unpack_from("<i", body, at + 1)[0]
            if body[at] == 0:
                command.update(decode(body[at + 1:at + 1 + n]))
            else:
                stop = body.index(b"\0", at + 5)
                name, documents, i = body[at + 5:stop].decode(), [], stop + 1
                while i < at + 1 + n:
                    m = struct.unpack_from("<i", body, i)[0]
                    documents.append(decode(body[i:i + m]))
                    i += m
                command[name] = documents
            at += 1 + n
        return command

    def handle(self):
        while True:
            head = self.read(16)
            if not head:
                return
            size, request, _, code = struct.unpack("<iiii", head)
            body = self.read(size - 16)
            if code == 2004:
                out, kind = struct.pack("<iqii", 8, 0, 0, 1) + encode(HELLO), 1
            else:
                answer = STORE.answer(self.command(body))
                if answer is None:
                    return
                out, kind = struct.pack("<iB", 0, 0) + encode(answer), 2013
            self.request.sendall(struct.pack("<iiii", 16 + len(out), 1, request, kind) + out)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


with Server(("127.0.0.1", 0), Connection) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
