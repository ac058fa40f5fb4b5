// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert";
import { test } from "node:test";
import { query } from "../src/api";
import { pick } from "../src/colour";
import { filtersOf, queryOf, questionOf } from "../src/filters";
import { ago, bytes, count, duration, figure, percent, plain, rate, short, since, value } from "../src/format";
import { format, parse } from "../src/place";
import { clamp, ordinary, ticks } from "../src/scale";
import { title } from "../src/title";

test("durations have three figures and the unit that fits", () => {
	assert.deepEqual([0, 850, 999.6, 12345, 1834000, 99960000, 999600000, 2.4e9, 59.996e9, 72e9, 3720e9, 90000e9].map(duration),
		["0 ns", "850 ns", "1.00 µs", "12.3 µs", "1.83 ms", "100 ms", "1.00 s", "2.40 s", "1 m 0 s", "1 m 12 s", "1 h 2 m", "1 d 1 h"]);
	assert.equal(duration(-1500), "−1.50 µs");
	assert.equal(duration(undefined), "–");
	assert.equal(duration(NaN), "–");
});

test("a ruler's words lose their zeros and nothing else", () => {
	assert.deepEqual(["5.00 ms", "1.50 s", "100 ms", "0.25 µs", "10.0 s", "2 m 10 s", "10 m 0 s"].map(short),
		["5 ms", "1.5 s", "100 ms", "0.25 µs", "10 s", "2 m 10 s", "10 m"]);
	assert.equal(bytes(1048576), "1 MiB");
});

test("times of 19 digits are subtracted exactly", () => {
	assert.equal(since("1763712345000000001", "1763712345000000000"), 1);
	assert.equal(since("not a number", "0"), 0);
});

test("how long ago is told from the reader's clock and is never negative", () => {
	assert.equal(ago("10000000000", 9000), "now");
	assert.equal(ago("10000000000", 70000), "1 min ago");
});

test("counts, shares and rates", () => {
	assert.equal(count(1234567), "1\u202f234\u202f567");
	assert.equal(percent(1, 100000), "< 0.1 %");
	assert.equal(percent(0, 0), "0 %");
	assert.deepEqual([0, 0.05, 0.5, 5, 1234].map(rate), ["0 /s", "3.00 /min", "0.50 /s", "5.0 /s", "1\u202f234 /s"]);
	assert.deepEqual([3, -3, 12.345678, undefined].map(figure), ["3", "−3", "12.35", "–"]);
});

test("foreign text stays one line and in its direction", () => {
	assert.equal(plain("a\nb\u202egnp.exe"), "a·b·gnp.exe");
	assert.equal(plain("x".repeat(400), 3), "xxx…");
	assert.equal(value("abc\u202egnp\nsecond"), "abc\\u202egnp\nsecond");
	assert.equal(value({ a: [1, null] }), '{"a":[1,null]}');
});

test("a place survives the address and back", () => {
	const p = { view: "trace", id: "ab/c?d", query: { span: "00f0", q: "a&b=c #1" } };

	assert.deepEqual(parse(format(p)), p);
	assert.deepEqual(parse(""), { view: "overview", id: "", query: {} });
	assert.deepEqual(parse("#/trace/%zz"), { view: "trace", id: "%zz", query: {} });
});

test("filters survive the address and back, and empty ones leave no word", () => {
	const f = filtersOf({ service: "shop", errors: "1", min_ms: "2.5", q: "a b" });

	assert.deepEqual(filtersOf(queryOf(f)), f);
	assert.deepEqual(questionOf(f), { service: "shop", errors: "1", min_ms: "2.5", q: "a b" });
	assert.equal(query(questionOf(f)), "?service=shop&q=a+b&min_ms=2.5&errors=1");
});

test("filters that make no sense do not reach the collector", () => {
	assert.deepEqual(questionOf(filtersOf({ min_ms: "fast", status: "9999", errors: "yes" })), {});
});

test("ticks are round, inside, and few", () => {
	assert.deepEqual(ticks({ from: 0, to: 100 }, 5), [0, 20, 40, 60, 80, 100]);
	assert.deepEqual(ticks({ from: 13, to: 27 }, 3), [15, 20, 25]);
	assert.deepEqual(ticks({ from: 5, to: 5 }, 3), [5]);
	assert.deepEqual(ticks({ from: 0, to: 1168e9 }, 6), [0, 300e9, 600e9, 900e9]);
	assert.ok(ticks({ from: 0, to: 1e18 }, 7).length < 15);
});

test("a zoom stays inside the trace and keeps a least width", () => {
	assert.deepEqual(clamp({ from: -5, to: 20 }, { from: 0, to: 100 }, 10), { from: 0, to: 25 });
	assert.deepEqual(clamp({ from: 99, to: 99 }, { from: 0, to: 100 }, 10), { from: 90, to: 100 });
});

test("one slow trace does not make the others dots", () => {
	assert.equal(ordinary([1, 2, 3]), 3);
	assert.ok(ordinary([...Array(99).fill(10), 100000]) < 100);
	assert.equal(ordinary([]), 1);
});

test("services get hues of their own while there are any", () => {
	const taken: number[] = [];

	for (let i = 0; i < 16; i++)
		taken.push(pick(`service-${i}`, taken));
	assert.equal(new Set(taken).size, 16);
	assert.equal(pick("shop", []), pick("shop", []));
});

test("an HTTP span is more than its method", () => {
	const named = (name: string, attributes: Record<string, unknown>) => title({ name, attributes } as never);

	assert.equal(named("GET", { "http.request.method": "GET", "http.route": "/a" }), "GET /a");
	assert.equal(named("GET", { "http.request.method": "GET", "url.full": "http://h:1/b/c?d#e" }), "GET /b/c");
	assert.equal(named("GET /a", { "http.request.method": "GET", "http.route": "/a" }), "GET /a");
	assert.equal(named("", {}), "(no name)");
});
