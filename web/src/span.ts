// SPDX-License-Identifier: Apache-2.0
// Span: all that is known of one, in the panel beside the waterfall.

import { clock, duration, percent, plain, since } from "./format";
import { Child, h } from "./h";
import { icon } from "./icons";
import { copyButton, logBody, serviceName, severityTag, tag, traceLink, valueList } from "./parts";
import type { Tree, Twig } from "./tree";
import { title } from "./title";

const ENDS: Record<string, string> = {
	abandoned: "Ended with the span around it: nobody ended it.",
	orphaned: "Its process was gone before it ended.",
};

export function spanPanel(tree: Tree, t: Twig, shut: () => void): HTMLElement {
	const s = t.span;
	const took = t.end - t.start;

	return h("div.panel", null,
		h("div.panel-head", null,
		  h("h2", null, title(t.span).slice(0, 500)),
		  h("button.icon-button", { type: "button", "aria-label": "Close", title: "Close (Esc)", onclick: shut }, icon("close"))),
		h("div.panel-line", null, serviceName(s.service), tag("plain", s.kind || "internal"),
		  s.status === "error" ? tag("error", "error") : s.status === "ok" ? tag("ok", "ok") : null,
		  s.open ? tag("live", h("span.pulse"), "running") : null),
		s.status_message ? h("p.message", null, s.status_message) : null,
		s.end && ENDS[s.end] ? h("p.message", null, ENDS[s.end]) : null,
		t.lost ? h("p.note", null, "Its parent ", h("code", null, s.parent_id ?? ""),
			   " is not in this trace: it belongs to a system that isn't watched, or hasn't arrived.") : null,
		h("dl.timing", null, pair("Duration", duration(took) + (s.open ? " so far" : "")),
		  pair("Own", took ? `${duration(t.self)} (${percent(t.self, took)})` : duration(t.self)), pair("Starts at", "+" + duration(t.start))),
		section("Attributes", valueList(s.attributes)),
		section(`Logs`, logs(tree, t)),
		section("Events", events(tree, t)),
		section("Links", links(t)),
		section("Identity", identity(t)),
		dropped(t));
}

function pair(k: string, v: Child): HTMLElement {
	return h("div", null, h("dt", null, k), h("dd", null, v));
}

function section(head: string, body: HTMLElement | null): HTMLElement | null {
	return body ? h("section", null, h("h3", null, head), body) : null;
}

function logs(tree: Tree, t: Twig): HTMLElement | null {
	if (!t.logs.length)
		return null;
	return h("ol.notes", null, t.logs.slice(0, 200).map((l) => h("li", null,
		h("div.note-head", null, severityTag(l), h("span.dim", null, "+" + duration(since(l.time_ns, tree.zero)))),
		h("div.note-body", null, logBody(l)), valueList(l.attributes))));
}

function events(tree: Tree, t: Twig): HTMLElement | null {
	if (!t.span.events?.length)
		return null;
	return h("ol.notes", null, t.span.events.slice(0, 200).map((e) => h("li", null,
		h("div.note-head", null, h("b", null, plain(e.name, 200)), h("span.dim", null, "+" + duration(since(e.time_ns, tree.zero)))),
		valueList(e.attributes))));
}

function links(t: Twig): HTMLElement | null {
	if (!t.span.links?.length)
		return null;
	return h("ol.notes", null, t.span.links.slice(0, 100).map((l) => h("li", null,
		h("a", { href: traceLink(l.trace_id, l.span_id) }, h("code", null, plain(l.trace_id, 64))), valueList(l.attributes))));
}

function identity(t: Twig): HTMLElement {
	const s = t.span;
	const rows: [string, string | number | undefined][] = [
		["Span", s.span_id], ["Parent", s.parent_id], ["Started", clock(s.start_ns)], ["Process", s.pid], ["Thread", s.thread_id],
		["Instance", s.instance], ["Scope", s.scope && s.scope_version ? `${s.scope} ${s.scope_version}` : s.scope], ["Trace state", s.trace_state],
	];

	return h("dl.values", null, rows.filter(([, v]) => v !== undefined && v !== "").map(([k, v]) => [
		h("dt", null, k), h("dd", null, String(v), k === "Span" ? copyButton(s.span_id, "Copy the span id") : null)]));
}

function dropped(t: Twig): HTMLElement | null {
	const lost = Object.entries(t.span.dropped ?? {}).filter(([, n]) => n > 0);

	return lost.length ? h("p.message", null, `Too much for the span's limits, left out: ${lost.map(([k, n]) => `${n} ${k}`).join(", ")}.`) : null;
}
