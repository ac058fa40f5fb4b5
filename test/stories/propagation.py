# SPDX-License-Identifier: Apache-2.0
"""What a watched service passes on of the trace context that it got.

    propagation.py http://HOST:PORT/next CASES            a service that fetches the URL after its '?'
    propagation.py http://HOST:PORT/call/{port}/x CASES   or this port of ours

Each case sends fields to the service, which calls back here, and looks at the fields that come along.
The cases are those of the W3C's Trace Context (level 1 and 2) and of B3. Prints one line a case.
"""

import http.server
import re
import socket
import sys
import threading
import urllib.parse

TRACE, SPAN = "12345678901234567890123456789012", "1234567890123456"
OTHER = "80f198ee56343ba864fe8b2a57d3eff7"
GOOD = f"00-{TRACE}-{SPAN}-01"
PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")

arrived = []
failed = 0


class Callback(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        arrived.append([(name.lower(), value) for name, value in self.headers.items()])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def call(fields):
    """Send a request with these fields; the fields of the call that it leads to."""
    arrived.clear()
    text = f"GET {path} HTTP/1.1\r\nHost: {target.netloc}\r\nConnection: close\r\n"
    text += "".join(f"{name}: {value}\r\n" for name, value in fields)
    with socket.create_connection((target.hostname, target.port), timeout=20) as s:
        s.sendall((text + "\r\n").encode("latin-1"))
        while s.recv(65536):
            pass
    assert len(arrived) == 1, f"{len(arrived)} calls arrived"
    return arrived[0]


def case(title, fields, check):
    global failed
    got = call(fields)
    good = check(got)
    failed += not good
    print(f"{'ok' if good else 'NOT ok'}: {title}" + ("" if good else f"\n    sent {fields}\n    got {got}"))


def values(got, name):
    return [value for key, value in got if key == name]


def one(got, name):
    return values(got, name)[0] if len(values(got, name)) == 1 else ""


def parent(got):
    m = PARENT.fullmatch(one(got, "traceparent"))
    return m.groups() if m and int(m[1], 16) and int(m[2], 16) else None


def goes_on(got):
    return parent(got) and parent(got)[0] == TRACE and parent(got)[1] != SPAN


def begins_anew(got):
    return parent(got) and parent(got)[0] not in (TRACE, "0" * 32) and not values(got, "tracestate")


def state(*members):
    return lambda got: goes_on(got) and [
        m.strip(" \t") for m in ",".join(values(got, "tracestate")).split(",") if m.strip(" \t")] == list(members)


def w3c():
    case("nothing came", [], begins_anew)
    case("a parent without state", [("traceparent", GOOD)], goes_on)
    case("two parents", [("traceparent", GOOD), ("traceparent", f"00-{OTHER}-{SPAN}-01")],
         lambda got: begins_anew(got) and parent(got)[0] != OTHER)
    for name in "trace-parent", "trace.parent":
        case(f"a field {name}", [(name, GOOD)], begins_anew)
    for name in "TraceParent", "TrAcEpArEnT", "TRACEPARENT":
        case(f"a field {name}", [(name, GOOD)], goes_on)
    for value in f"cc-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-later", f"\t {GOOD} \t", f"{GOOD} ":
        case(f"parent {value!r}", [("traceparent", value)], goes_on)
    for value in [f"{GOOD}.", f"{GOOD}-later", f"cc-{TRACE}-{SPAN}-01.later", f"ff-{TRACE}-{SPAN}-01",
                  f".0-{TRACE}-{SPAN}-01", f"0.-{TRACE}-{SPAN}-01", f"000-{TRACE}-{SPAN}-01",
                  f"0000-{TRACE}-{SPAN}-01", f"0-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01",
                  f"00-.{TRACE[1:]}-{SPAN}-01", f"00-{TRACE[:-1]}.-{SPAN}-01", f"00-{TRACE}3-{SPAN}-01",
                  f"00-{TRACE[:-1]}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-.{SPAN[1:]}-01",
                  f"00-{TRACE}-{SPAN[:-1]}.-01", f"00-{TRACE}-{SPAN}7-01", f"00-{TRACE}-{SPAN[:-1]}-01",
                  f"00-{TRACE}-{SPAN}-.0", f"00-{TRACE}-{SPAN}-0.", f"00-{TRACE}-{SPAN}-001",
                  f"00-{TRACE}-{SPAN}-1"]:
        case(f"parent {value!r}", [("traceparent", value)], begins_anew)

    def with_state(title, fields, check):
        case(title, [("traceparent", GOOD)] + fields, check)

    case("a state without a parent", [("tracestate", "foo=1")], begins_anew)
    for name in "trace-state", "trace.state":
        with_state(f"a field {name}", [(name, "foo=1")], state())
    for name in "TraceState", "TRACESTATE":
        with_state(f"a field {name}", [(name, "foo=1")], state("foo=1"))
    many = ["bar%02d=%02d" % (i, i) for i in range(1, 34)]
    in_parts = [("tracestate", ",".join(many[i:i + 10])) for i in range(0, 32, 10)]
    tenant, system = "t" * 241, "v" * 14
    keys = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
    value = "".join(chr(c) for c in range(0x20, 0x7f) if chr(c) not in ",=")
    for title, values_sent, kept in [
            ("two members", ["foo=1,bar=2"], ["foo=1", "bar=2"]),
            ("an empty one", [""], []),
            ("an empty one after", ["foo=1", ""], ["foo=1"]),
            ("an empty one before", ["", "foo=1"], ["foo=1"]),
            ("three fields", ["foo=1,bar=2", "rojo=1,congo=2", "baz=3"], ["foo=1", "bar=2", "rojo=1", "congo=2", "baz=3"]),
            ("the same twice", ["foo=1,foo=1"], []),
            ("the same key twice", ["foo=1,foo=2"], []),
            ("the same in two fields", ["foo=1", "foo=1"], []),
            ("the same key in two fields", ["foo=1", "foo=2"], []),
            ("all of a key and a value", [f"{keys}={value}"], [f"{keys}={value}"]),
            ("all of a tenant's", [f"{keys}@a-z0-9_-*/={value}"], [f"{keys}@a-z0-9_-*/={value}"]),
            ("blanks between", ["foo=1 \t , \t bar=2, \t baz=3"], ["foo=1", "bar=2", "baz=3"]),
            ("blanks around", ["\t foo=1 \t"], ["foo=1"]),
            ("a blank in a key", ["foo =1"], []), ("an upper-case key", ["FOO=1"], []), ("a dot in a key", ["foo.bar=1"], []),
            ("no system", ["foo@=1,bar=2"], []), ("no tenant", ["@foo=1,bar=2"], []),
            ("two ats", ["foo@@bar=1,bar=2"], []), ("two systems", ["foo@bar@baz=1,bar=2"], []),
            ("a key of 256", ["foo=1", "z" * 256 + "=1"], ["foo=1", "z" * 256 + "=1"]),
            ("a key of 257", ["foo=1", "z" * 257 + "=1"], []),
            ("a long tenant", ["foo=1", f"{tenant}@{system}=1"], ["foo=1", f"{tenant}@{system}=1"]),
            ("too long a tenant", ["foo=1", f"{tenant}t@v=1"], []),
            ("too long a system", ["foo=1", f"t@{system}v=1"], []),
            ("two equals signs", ["foo=bar=baz"], []), ("no value", ["foo=,bar=3"], [])]:
        with_state(title, [("tracestate", v) for v in values_sent], state(*kept))
    with_state("32 members", in_parts[:3] + [("tracestate", ",".join(many[30:32]))], state(*many[:32]))
    with_state("33 members", in_parts[:3] + [("tracestate", ",".join(many[30:33]))], state())
    seen = {parent(call([("traceparent", GOOD)])) for _ in range(3)}
    case("each call has its own id", [("traceparent", GOOD)], lambda got: len(seen | {parent(got)}) == 4)
    seen = {parent(call([])) for _ in range(3)}
    case("each trace, too", [], lambda got: len({trace for trace, _ in seen | {parent(got)}}) == 4)


def single(trace, how):
    return lambda got: bool(re.fullmatch(f"{trace}-(?!{SPAN})[0-9a-f]{{16}}-{how}", one(got, "b3")))


def multi(trace, sampled, flags=""):
    return lambda got: (re.fullmatch(trace, one(got, "x-b3-traceid")) and one(got, "x-b3-spanid") != SPAN and
                        one(got, "x-b3-sampled") == sampled and one(got, "x-b3-flags") == flags)


def anew(how):
    return lambda got: single("[0-9a-f]{32}", how)(got) and TRACE not in one(got, "b3")


def fields_of(trace=None, span=None, sampled=None, flags=None):
    names = ("X-B3-TraceId", trace), ("X-B3-SpanId", span), ("X-B3-Sampled", sampled), ("X-B3-Flags", flags)
    return [(name, value) for name, value in names if value]


def b3():
    case("nothing came", [], anew("1"))
    for how in "1", "0", "d":
        case(f"one field, {how}", [("b3", f"{TRACE}-{SPAN}-{how}")], single(TRACE, how))
        case(f"one field with its parent, {how}", [("b3", f"{TRACE}-{SPAN}-{how}-{SPAN}")], single(TRACE, how))
        case(f"{how} alone", [("b3", how)], anew(how))
    case("undecided", [("B3", f"{TRACE}-{SPAN}")], single(TRACE, "1"))
    case("a short trace id", [("b3", f"{TRACE[:16]}-{SPAN}-1")], single("0" * 16 + TRACE[:16], "1"))
    case("upper case", [("b3", f"{OTHER.upper()}-{SPAN}-1")], single(OTHER, "1"))
    case("several fields", fields_of(TRACE, SPAN, "1"), single(TRACE, "1"))
    case("several fields, no", fields_of(TRACE, SPAN, "0"), single(TRACE, "0"))
    case("several fields, debug", fields_of(TRACE, SPAN, None, "1"), single(TRACE, "d"))
    case("several fields, undecided", fields_of(TRACE, SPAN), single(TRACE, "1"))
    case("no, and nothing else", fields_of(sampled="0"), anew("0"))
    case("one goes before several", [("b3", f"{TRACE}-{SPAN}-1")] + fields_of(OTHER, SPAN, "0"), single(TRACE, "1"))
    case("several when one is bad", [("b3", "x")] + fields_of(TRACE, SPAN, "0"), single(TRACE, "0"))
    for value in f"{'0' * 32}-{SPAN}-1", f"{TRACE}-{'0' * 16}-1", f"{TRACE}-{SPAN}-2", f"{TRACE}1-{SPAN}-1", f"{TRACE}-{SPAN}-", TRACE:
        case(f"bad {value!r}", [("b3", value)], anew("1"))
    case("traceparent is not asked for", [("traceparent", GOOD)], lambda got: anew("1")(got) and not values(got, "traceparent"))


def b3multi():
    case("nothing came", [], multi("[0-9a-f]{32}", "1"))
    case("several fields", fields_of(TRACE, SPAN, "1"), multi(TRACE, "1"))
    case("several fields, no", fields_of(TRACE, SPAN, "0"), multi(TRACE, "0"))
    case("debug", fields_of(TRACE, SPAN, None, "1"), multi(TRACE, "", "1"))
    case("one field", [("b3", f"{TRACE}-{SPAN}-0")], multi(TRACE, "0"))
    case("their parent isn't passed on", fields_of(TRACE, SPAN, "1") + [("X-B3-ParentSpanId", SPAN)],
         lambda got: not values(got, "x-b3-parentspanid") and not values(got, "b3"))


# Of a service that records nothing: what came goes on as it is, and nothing else.

CONTEXT = re.compile(r"traceparent|tracestate|baggage|x-request-id|b3|x-b3-.*")


def passes(title, fields, besides=()):
    case(title, fields + list(besides), lambda got: sorted(f for f in got if CONTEXT.fullmatch(f[0])) == sorted(fields))


def passed():
    passes("nothing came", [])
    passes("a parent", [("traceparent", GOOD)])
    passes("one that isn't sampled", [("traceparent", f"00-{TRACE}-{SPAN}-00")])
    passes("one with a random id", [("traceparent", f"00-{TRACE}-{SPAN}-03")])
    passes("state and baggage", [("traceparent", GOOD), ("tracestate", "foo=1,bar=2"), ("baggage", "k=v,x=a%20b;p=1")])
    passes("baggage alone", [("baggage", "k=v")])
    passes("a bad parent", [], [("traceparent", f"00-{TRACE}-{SPAN}-0"), ("tracestate", "foo=1")])
    passes("a request id", [("traceparent", f"00-{OTHER}-{SPAN}-01")], [("x-request-id", "abc")])
    passes("another form", [], [("b3", f"{TRACE}-{SPAN}-1")])
    passes("nothing again", [])


def passed_long():
    passes("8,192 bytes of baggage", [("traceparent", GOOD), ("baggage", "k=" + "v" * 8190)])


def passed_b3():
    passes("nothing came", [])
    for how in "-1", "-0", "-d", "":
        passes(f"one field, {how}", [("b3", f"{TRACE}-{SPAN}{how}")], [("traceparent", GOOD)])


where = sys.argv[1] if "{" in sys.argv[1] else sys.argv[1] + "?{callback}"
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
callback = f"http://127.0.0.1:{server.server_port}/"
target = urllib.parse.urlsplit(where.format(callback=callback, port=server.server_port))
path = target.path + (f"?{target.query}" if target.query else "")
threading.Thread(target=server.serve_forever, daemon=True).start()
{"w3c": w3c, "b3": b3, "b3multi": b3multi,
 "passed": passed, "passed_long": passed_long, "passed_b3": passed_b3}[sys.argv[2]]()
sys.exit(failed > 0)
