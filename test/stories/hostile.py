#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a server what no client should, and prints what it answers, without what differs from one
time to the next: dates, and the request id's field.

    hostile.py http|evhttp|fastcgi HOST:PORT PATH

evhttp answers one, two or three of three requests that come at once, as it happens to read them; so it
is not asked that.
"""
import re
import socket
import struct
import sys

kind, address, path = sys.argv[1:]
host, port = address.rsplit(":", 1)


def connect():
    return socket.create_connection((host, int(port)), timeout=3)


def same_ever(answer):
    answer = re.sub(rb"(?im)^date: .*\r\n", b"", answer)
    answer = re.sub(rb"(?im)^x-request-id: .*\r\n", b"", answer)
    # What a server says of the moment or of the length of such fields, civetweb's among them.
    return re.sub(rb"(?im)^(expires|last-modified): .*\r\n", b"", answer)


def read_all(s):
    """None: reset before anything came."""
    data = b""
    try:
        while piece := s.recv(65536):
            data += piece
    except ConnectionResetError:
        return data or None
    except socket.timeout:
        pass
    return data


def ask(request):
    """On a connection of its own, to its end. What a reset takes away is asked for again."""
    data = None
    for _ in range(5):
        with connect() as s:
            try:
                s.sendall(request)
                s.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError, OSError):
                pass
            data = read_all(s)
        if data is not None:
            break
    return same_ever(data or b"")


def request(method=b"GET", target=None, fields=b"", name=b"x"):
    target = path.encode() if target is None else target
    return (method + b" " + target + b" HTTP/1.1\r\nHost: " + name + b"\r\n" + fields
            + b"Connection: close\r\n\r\n")


def parent(text):
    return b"traceparent: " + text + b"\r\n"


def http():
    yield "1 MB field", ask(request(fields=b"A: " + b"a" * 1000000 + b"\r\n"))[:40]
    yield "many fields", ask(request(fields=b"".join(b"A%d: b\r\n" % i for i in range(100))))
    yield "NUL in the path", ask(request(target=b"/a\0b"))
    yield "0xFF in the path", ask(request(target=b"/\xff\xfe%ff%00"))
    yield "IPv6 host", ask(request(name=b"[::1]:8080"))
    for bad in (b"", b"00", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"ff-" + b"a" * 500,
                b"00-\xff\0-x-01", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01-more"):
        yield f"traceparent {bad[:9]}", ask(request(fields=parent(bad)))
    yield "two traceparents", ask(request(fields=parent(b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01") * 2))
    yield "bad ids", ask(request(fields=b"X-Request-ID: a b\r\nX-Request-ID: \xff\r\n"))
    yield "no such version", ask(b"GET / HTTP/9.9\r\n\r\n")
    yield "garbage", ask(b"\0\1\2\3\r\n\r\n")
    if kind != "evhttp":
        yield "pipelined", ask(request().replace(b"close", b"keep-alive") * 2 + request())
    yield "methods", b"".join(sorted({ask(request(method=b"M%d" % i)) for i in range(1000)}))
    yield "hosts", b"".join(sorted({ask(request(name=b"h%d.example:%d" % (i, i))) for i in range(1000)}))
    for size in range(0, len(request()), 7):
        with connect() as s:
            s.sendall(request()[:size])
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    yield "after aborts", ask(request())


def record(kind, data):
    return struct.pack(">BBHHBB", 1, kind, 1, len(data), 0, 0) + data


def fcgi(**variables):
    pairs = b"".join(struct.pack(">II", len(k) | 1 << 31, len(v) | 1 << 31) + k.encode() + v
                     for k, v in {"REQUEST_URI": path.encode(), **variables}.items())
    params = b"".join(record(4, pairs[i:i + 60000]) for i in range(0, len(pairs), 60000))
    with connect() as s:
        s.sendall(record(1, struct.pack(">HB5x", 1, 0)) + params + record(4, b"") + record(5, b""))
        data = read_all(s) or b""
    out = b""
    while len(data) >= 8:
        _, what, _, n, pad, _ = struct.unpack(">BBHHBB", data[:8])
        out += data[8:8 + n] if what == 6 else b""
        data = data[8 + n + pad:]
    return same_ever(out)


def fastcgi():
    get = {"REQUEST_METHOD": b"GET"}
    yield "nothing at all", fcgi()
    yield "1 MB field", fcgi(HTTP_A=b"a" * 1000000, **get)
    yield "NUL in the path", fcgi(DOCUMENT_URI=b"/a\0b", **get)
    yield "0xFF in the path", fcgi(DOCUMENT_URI=b"/\xff\xfe", **get)
    yield "IPv6 host", fcgi(HTTP_HOST=b"[::1]:8080", **get)
    yield "bad numbers", fcgi(REMOTE_ADDR=b"1.2.3", REMOTE_PORT=b"99999999999999999999", **get)
    yield "bad parent", fcgi(HTTP_TRACEPARENT=b"00-\xff", HTTP_=b"x", HTTP_X_REQUEST_ID=b"a b", **get)
    yield "methods", b"".join(sorted({fcgi(REQUEST_METHOD=b"M%d" % i) for i in range(1000)}))
    yield "hosts", b"".join(sorted({fcgi(HTTP_HOST=b"h%d:%d" % (i, i), **get) for i in range(1000)}))
    for size in range(0, 64, 5):
        with connect() as s:
            s.sendall((record(1, struct.pack(">HB5x", 1, 0)) + record(4, b"\x0e\x03REQUEST_METHODGET"))[:size])
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    yield "after aborts", fcgi(**get)


for name, answer in fastcgi() if kind == "fastcgi" else http():
    print(name, len(answer), answer)
