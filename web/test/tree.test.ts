// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert";
import { test } from "node:test";
import type { Log, Span } from "../src/api";
import { gaps, grow, shares, unfolded } from "../src/tree";

const ZERO = 1763712345000000000n;

function span(id: string, parent: string, start: number, duration: number, more: Partial<Span> = {}): Span {
	return { span_id: id, parent_id: parent || undefined, trace_id: "t", service: "shop", name: id, kind: "internal",
		status: "unset", start_ns: String(ZERO + BigInt(start)), duration_ns: duration, ...more };
}

function log(span_id: string | undefined, at: number): Log {
	return { time_ns: String(ZERO + BigInt(at)), severity: 9, service: "shop", span_id };
}

const tree = (spans: Span[], logs: Log[] = []) => grow({ spans, logs });
const names = (spans: Span[]) => tree(spans).twigs.map((t) => `${"  ".repeat(t.depth)}${t.span.span_id}`);

test("parents stand before their children, and those in order of time", () => {
	assert.deepEqual(names([span("c", "a", 50, 10), span("b", "a", 10, 10), span("d", "b", 12, 2), span("a", "", 0, 100)]),
		["a", "  b", "    d", "  c"]);
});

test("a span whose parent is missing stands at the top and says so", () => {
	const t = tree([span("a", "gone", 0, 10), span("b", "a", 1, 2)]);

	assert.deepEqual(t.twigs.map((x) => [x.span.span_id, x.depth, x.lost]), [["a", 0, true], ["b", 1, false]]);
});

test("a ring is cut at its earliest span, and each span appears once", () => {
	const t = tree([span("r", "", 0, 9), span("y", "x", 5, 1), span("x", "z", 4, 1), span("z", "y", 6, 1), span("leaf", "z", 7, 1)]);

	assert.deepEqual(t.twigs.map((x) => x.span.span_id), ["r", "x", "y", "z", "leaf"]);
	assert.equal(t.twigs[1].depth, 0);
	assert.equal(t.twigs[1].lost, true);
	assert.equal(t.twigs[1].size, 4);
});

test("a branch that hangs on a ring, seen before it, does not lose the ring", () => {
	const t = tree([span("twig", "a", 0, 1), span("a", "b", 1, 1), span("b", "a", 2, 1)]);

	assert.equal(t.twigs.length, 3);
	assert.deepEqual(t.twigs.map((x) => x.span.span_id), ["a", "twig", "b"]);
});

test("a span that is its own parent is a root", () => {
	assert.deepEqual(names([span("a", "a", 0, 5)]), ["a"]);
});

test("the same span twice is one, and what has ended beats what was open", () => {
	const t = tree([span("a", "", 0, 5, { open: true }), span("a", "", 0, 9), span("a", "", 0, 7, { open: true })]);

	assert.equal(t.twigs.length, 1);
	assert.equal(t.twigs[0].end, 9);
	assert.equal(t.open, 0);
});

test("a chain of 100,000 spans is only long", () => {
	const spans = Array.from({ length: 100000 }, (_, i) => span(`s${i}`, i ? `s${i - 1}` : "", i, 200000 - 2 * i));
	const t = tree(spans);

	assert.equal(t.twigs.length, 100000);
	assert.equal(t.twigs[99999].depth, 99999);
	assert.equal(t.twigs[0].size, 100000);
});

test("self time is what no child covers, however children overlap or outlive", () => {
	const t = tree([span("a", "", 0, 100), span("b", "a", 10, 30), span("c", "a", 20, 30), span("d", "a", 90, 500)]);
	const a = t.twigs[0];

	assert.deepEqual(gaps(a), [[0, 10], [50, 90]]);
	assert.equal(a.self, 50);
	assert.equal(t.duration, 590);
});

test("a child that began before its parent takes only what lies inside", () => {
	const t = tree([span("a", "", 10, 10), span("b", "a", 0, 15)]);

	assert.equal(t.byId.get("a")?.self, 5);
});

test("errors below a fold are counted", () => {
	const t = tree([span("a", "", 0, 9), span("b", "a", 1, 5, { status: "error" }), span("c", "b", 2, 1, { status: "error" })]);

	assert.equal(t.byId.get("a")?.errorsBelow, 2);
	assert.equal(t.byId.get("b")?.errorsBelow, 1);
	assert.deepEqual(unfolded(t.twigs, new Set(["b"])).map((x) => x.span.span_id), ["a", "b"]);
});

test("a log hangs on its span; one whose span isn't here is kept apart", () => {
	const t = tree([span("a", "", 0, 9)], [log("a", 4), log("zz", 5), log(undefined, 40)]);

	assert.equal(t.twigs[0].logs.length, 1);
	assert.equal(t.loose.length, 2);
	assert.equal(t.duration, 40);
});

test("a trace of logs alone begins at the first log", () => {
	const t = tree([], [log(undefined, 70), log(undefined, 20)]);

	assert.equal(t.zero, ZERO + 20n);
	assert.equal(t.duration, 50);
});

test("shares add up self time by service and name, and know the worst span", () => {
	const s = shares(tree([span("a", "", 0, 100), span("b", "a", 0, 30, { name: "q" }), span("c", "a", 40, 50, { name: "q", status: "error" })]).twigs);

	assert.deepEqual(s.map((x) => [x.name, x.count, x.errors, x.self, x.longest.span.span_id]), [["q", 2, 1, 80, "c"], ["a", 1, 0, 20, "a"]]);
});

test("nanoseconds keep their last digit", () => {
	assert.equal(tree([span("a", "", 0, 9), span("b", "a", 1, 1)]).twigs[1].start, 1);
});
