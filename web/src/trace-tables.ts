// SPDX-License-Identifier: Apache-2.0
// Trace tables: the same trace as rows to read: every span, self time by name, its logs.

import type { Log } from "./api";
import { colour } from "./colour";
import { clock, count, duration, percent, plain, plural, since, value, whole } from "./format";
import { h } from "./h";
import { empty, logBody, meter, saidBy, serviceName, severityTag, table, tag, traceLink } from "./parts";
import { shares, Tree, Twig } from "./tree";
import { title } from "./title";

export function spanTable(t: Tree, most: number, more: (n: number) => void): HTMLElement {
	const rows = t.twigs.slice(0, most).map((x) => h("tr", null,
		h("th", { scope: "row" }, h("span", { style: { "padding-left": `${Math.min(x.depth, 12) * 12}px` } },
			h("a", { href: traceLink(x.span.trace_id, x.span.span_id) }, plain(title(x.span), 200)))),
		h("td.mid", null, serviceName(x.span.service)), h("td.n", null, "+" + duration(x.start)),
		h("td.n", null, duration(x.end - x.start)), h("td.n", null, duration(x.self)),
		h("td", null, state(x)), h("td.n.mid", null, x.logs.length ? count(x.logs.length) : "")));
	const left = t.twigs.length - rows.length;

	return h("div.card.scrolling", null, table([["Span"], ["Service", "mid"], ["Starts", "n"], ["Duration", "n"], ["Own", "n"],
		["Status"], ["Logs", "n mid"]], h("tbody", null, rows), "Spans"),
	left > 0 ? h("div.foot", null, h("button.plain", { type: "button", onclick: () => more(most + 1000) },
		`Show more (${plural(left, "span")} left)`)) : null);
}

function state(t: Twig): HTMLElement | string {
	if (t.span.open)
		return tag("live", "running");
	return t.span.status === "error" ? tag("error", "error") : t.lost ? tag("debug", "parent not here") : h("span.dim", null, t.span.status === "ok" ? "ok" : "–");
}

export function shareTable(t: Tree, select: (spanId: string) => void): HTMLElement {
	const all = shares(t.twigs);
	const whole_ = all.reduce((n, s) => n + s.self, 0);
	const rows = all.slice(0, 500).map((s) => h("tr", null,
		h("th", { scope: "row" }, h("button.text", { type: "button", title: "Show the one with the most time of its own",
			onclick: () => select(s.longest.span.span_id) }, plain(s.name, 200) || "(no name)")),
		h("td.mid", null, serviceName(s.service)), h("td.n", null, count(s.count)),
		h("td.n", null, s.errors ? h("span.bad", null, count(s.errors)) : h("span.dim", null, "0")),
		h("td.n", null, duration(s.total)), h("td.n", null, duration(s.self)),
		h("td.wide", null, h("span.bar-cell", null, meter(s.self / (whole_ || 1), colour(s.service)),
			h("span.took", null, percent(s.self, whole_))))));

	return h("div.card.scrolling", null, table([["Name"], ["Service", "mid"], ["Spans", "n"], ["Errors", "n"], ["Total", "n"],
		["Own time", "n"], ["Share", "wide"]], h("tbody", null, rows), "Self time by name"));
}

export function logTable(t: Tree): HTMLElement {
	const logs: [Log, Twig | undefined][] = t.loose.map((l) => [l, undefined]);

	for (const x of t.twigs)
		for (const l of x.logs)
			logs.push([l, x]);
	if (!logs.length)
		return h("div.card", null, empty("No logs on this trace", "Log records that carry its trace id show here and as points on their span."));
	logs.sort(([a], [b]) => (whole(a.time_ns) < whole(b.time_ns) ? -1 : 1));
	return h("div.card.scrolling", null, table([["Time", "when"], ["Level"], ["Message"], ["Span", "mid"]],
		h("tbody", null, logs.slice(0, 2000).map(([l, x]) => h("tr", null,
			h("td.when", { title: clock(l.time_ns) }, "+" + duration(since(l.time_ns, t.zero))), h("td", null, severityTag(l)),
			h("td.body", null, h("span.said", null, logBody(l).slice(0, 4000)),
			  saidBy(l).slice(0, 12).map(([k, v]) => h("span.pair", null, h("span.pair-key", null, plain(k, 60)), plain(value(v), 120)))),
			h("td.mid", null, x ? h("a", { href: traceLink(x.span.trace_id, x.span.span_id) }, plain(title(x.span), 80)) : "")))), "Logs"));
}
