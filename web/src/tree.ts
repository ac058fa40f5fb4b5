// SPDX-License-Identifier: Apache-2.0
//
// Tree: the spans of a trace in reading order.
//
// What arrives can be incomplete and wrong: a parent that was never seen (another system, lost, not
// there yet), the same span twice, spans that are each other's parent. Each span still appears once:
// one without its parent stands at the top and says so; a ring is cut at its earliest span. Nothing
// here recurses, so a chain of 100,000 spans is only long.
//
// All times are nanoseconds after the earliest start in the trace.

import type { Log, Span, Trace } from "./api";
import { since, whole } from "./format";

export interface Twig {
	span: Span;
	parent: Twig | null;
	children: Twig[];
	depth: number;
	size: number;		// itself and all below it
	start: number;
	end: number;
	self: number;		// its duration without what its children cover
	lost: boolean;		// names a parent that isn't here
	errorsBelow: number;
	logs: Log[];
}

export interface Tree {
	twigs: Twig[];		// parents before children
	byId: Map<string, Twig>;
	zero: bigint;
	duration: number;
	services: string[];	// in order of appearance
	errors: number;
	open: number;
	loose: Log[];		// logs whose span isn't here
}

export function grow(trace: Pick<Trace, "spans" | "logs">): Tree {
	const byId = new Map<string, Twig>();
	const zero = earliest(trace);

	for (const span of trace.spans)
		plant(byId, span, zero);
	for (const t of byId.values())
		attach(byId, t);
	const twigs = order(byId);
	measure(twigs);
	const loose = hang(byId, trace.logs);
	let duration = 0;
	for (const t of twigs)
		duration = Math.max(duration, t.end);
	for (const log of trace.logs)
		duration = Math.max(duration, since(log.time_ns, zero));
	return {
		twigs, byId, zero, duration, loose,
		services: [...new Set(twigs.map((t) => t.span.service))],
		errors: twigs.filter((t) => t.span.status === "error").length,
		open: twigs.filter((t) => t.span.open).length,
	};
}

function earliest(trace: Pick<Trace, "spans" | "logs">): bigint {
	let zero: bigint | undefined;

	for (const s of trace.spans) {
		const at = whole(s.start_ns);
		if (zero === undefined || at < zero)
			zero = at;
	}
	if (zero === undefined)
		for (const l of trace.logs) {
			const at = whole(l.time_ns);
			if (zero === undefined || at < zero)
				zero = at;
		}
	return zero ?? 0n;
}

function plant(byId: Map<string, Twig>, span: Span, zero: bigint): void {
	const before = byId.get(span.span_id);

	if (before && !before.span.open)
		return;
	const start = since(span.start_ns, zero);
	byId.set(span.span_id, {
		span, parent: null, children: [], depth: 0, size: 1, start,
		end: start + Math.max(0, span.duration_ns || 0), self: 0, lost: false, errorsBelow: 0, logs: [],
	});
}

function attach(byId: Map<string, Twig>, t: Twig): void {
	const id = t.span.parent_id;
	const parent = id ? byId.get(id) : undefined;

	if (parent === t)
		return;
	if (parent) {
		t.parent = parent;
		parent.children.push(t);
	} else {
		t.lost = !!id;
	}
}

const earlier = (a: Twig, b: Twig) => a.start - b.start || b.end - a.end;

function order(byId: Map<string, Twig>): Twig[] {
	const all = [...byId.values()].sort(earlier);
	const seen = new Set<Twig>();
	const out: Twig[] = [];

	for (const t of all)
		t.children.sort(earlier);
	for (const t of all)
		if (!t.parent)
			walk(t, seen, out);
	for (const t of all)
		if (!seen.has(t))
			walk(cutRing(t), seen, out);
	return out;
}

// From a span that no root reaches, upwards leads into a ring: its earliest member becomes a root.
function cutRing(t: Twig): Twig {
	const path = new Set<Twig>();
	let at = t;

	while (!path.has(at)) {
		path.add(at);
		at = at.parent as Twig;
	}
	let first = at;
	for (let m = at.parent as Twig; m !== at; m = m.parent as Twig)
		if (earlier(m, first) < 0)
			first = m;
	const parent = first.parent as Twig;
	parent.children = parent.children.filter((c) => c !== first);
	first.parent = null;
	first.lost = true;
	return first;
}

function walk(root: Twig, seen: Set<Twig>, out: Twig[]): void {
	const stack = [root];

	for (let t = stack.pop(); t; t = stack.pop()) {
		if (seen.has(t))
			continue;
		seen.add(t);
		t.depth = t.parent ? t.parent.depth + 1 : 0;
		out.push(t);
		for (let i = t.children.length - 1; i >= 0; i--)
			stack.push(t.children[i]);
	}
}

function measure(twigs: Twig[]): void {
	for (let i = twigs.length - 1; i >= 0; i--) {
		const t = twigs[i];
		let free = 0;
		for (const [from, to] of gaps(t))
			free += to - from;
		t.self = free;
		if (t.parent) {
			t.parent.size += t.size;
			t.parent.errorsBelow += t.errorsBelow + (t.span.status === "error" ? 1 : 0);
		}
	}
}

// The parts of a span in which none of its children ran: where it worked itself.
export function gaps(t: Twig): [number, number][] {
	const out: [number, number][] = [];
	let at = t.start;

	for (const c of t.children) {
		if (c.start >= t.end)
			break;
		if (c.start > at)
			out.push([at, c.start]);
		at = Math.max(at, c.end);
	}
	if (at < t.end)
		out.push([at, t.end]);
	return out;
}

function hang(byId: Map<string, Twig>, logs: Log[]): Log[] {
	const loose: Log[] = [];

	for (const log of logs) {
		const t = log.span_id ? byId.get(log.span_id) : undefined;
		if (t)
			t.logs.push(log);
		else
			loose.push(log);
	}
	return loose;
}

export interface Share {
	service: string;
	name: string;
	count: number;
	errors: number;
	total: number;
	self: number;
	longest: Twig;
}

// Where the time of a trace went: self time by service and name, the largest first.
export function shares(twigs: Twig[]): Share[] {
	const by = new Map<string, Share>();

	for (const t of twigs) {
		const { service, name, status } = t.span;
		const key = `${service}\u0000${name}`;
		let s = by.get(key);
		if (!s)
			by.set(key, s = { service, name, count: 0, errors: 0, total: 0, self: 0, longest: t });
		s.count++;
		s.errors += status === "error" ? 1 : 0;
		s.total += t.end - t.start;
		s.self += t.self;
		if (t.self > s.longest.self)
			s.longest = t;
	}
	return [...by.values()].sort((a, b) => b.self - a.self);
}

// The rows that show when some subtrees are folded.
export function unfolded(twigs: Twig[], folded: Set<string>): Twig[] {
	if (!folded.size)
		return twigs;
	const out: Twig[] = [];

	for (let i = 0; i < twigs.length; i++) {
		out.push(twigs[i]);
		if (folded.has(twigs[i].span.span_id))
			i += twigs[i].size - 1;
	}
	return out;
}
