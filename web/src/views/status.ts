// SPDX-License-Identifier: Apache-2.0
// Status: the collector itself: what it watches, where it sends, and all that was ever lost.

import { get, Counter, Destination, Process, Status } from "../api";
import { follow } from "../follow";
import { ago, bytes, count, plain } from "../format";
import { Child, fill, h } from "../h";
import { broken, empty, FIRST_COMMAND, serviceName, table, tag, View } from "../parts";

const LOSS = /drop|lost|loss|bad$|truncat|overflow|corrupt|invalid|unstarted/i;

export function status(): View {
	const body = h("div.stack");
	const el = h("div.page", null, h("div.headline", null, h("h1", null, "Status")), body);
	let was = "";

	const following = follow(async (signal) => {
		const s = await get<Status>("status", {}, signal);
		const now = JSON.stringify({ ...s, now_ns: s.now_ns.slice(0, -9) });

		if (now !== was && !String(getSelection()))
			show(s);
		was = now;
	}, 1000);

	function show(s: Status): void {
		fill(body, collector(s), processes(s.processes ?? []), destinations(s.destinations ?? []), counters(s.losses ?? [], s.counters ?? []));
	}

	return { el, arrive: () => following.now(), close: () => following.stop() };
}

function collector(s: Status): HTMLElement {
	const facts: [string, Child][] = [
		["Version", s.version], ["Process", s.pid], ["Started", s.started_ns ? ago(s.started_ns, Date.now()) : "–"], ["Address", s.address],
		["Segments", h("code", null, s.run_dir)], ["Data", s.data_dir ? h("code", null, s.data_dir) : "not kept (--store none)"],
	];

	return h("section.card.padded", null, h("dl.facts-grid", null, facts.map(([k, v]) => h("div", null, h("dt", null, k), h("dd", null, v)))));
}

function processes(list: Process[]): HTMLElement {
	if (!list.length)
		return empty("No process is watched", "Put oriel run before the command that starts your service.", FIRST_COMMAND);
	const live = [...list].sort((a, b) => Number(b.live ?? false) - Number(a.live ?? false) || (a.service < b.service ? -1 : 1));
	return h("section.card", null, h("h2", null, "Processes"), table([["Service"], ["State"], ["Process", "n"], ["Program", "mid"],
		["Started", "n mid"], ["Memory", "n mid"], ["Records", "n"], ["Open", "n"], ["Lost", "n"]], h("tbody", null, live.map((p) => h("tr", null,
		h("th", { scope: "row" }, serviceName(p.service)), h("td", null, p.live ? tag("ok", "live") : tag("debug", "gone")),
		h("td.n", null, p.pid), h("td.mid", null, h("code", { title: p.program ?? "" }, plain(p.program, 60))),
		h("td.n.mid", null, ago(p.started_ns, Date.now())), h("td.n.mid", null, p.segment_bytes ? bytes(p.segment_bytes) : ""),
		h("td.n", null, count(p.records ?? 0)), h("td.n", null, count(p.open_spans ?? 0)), h("td.n", null, lost(p.dropped ?? 0))))), "Processes"));
}

function lost(n: number): HTMLElement {
	return n ? h("b.bad", null, count(n)) : h("span.dim", null, "0");
}

function destinations(list: Destination[]): HTMLElement {
	if (!list.length)
		return h("section.card.padded", null, h("h2", null, "Destinations"), h("p.dim", null, "Nothing leaves this machine. ",
			h("code", null, "OTEL_EXPORTER_OTLP_ENDPOINT"), " sends to a collector or vendor as well."));
	return h("section.card", null, h("h2", null, "Destinations"), table([["Destination"], ["State"], ["Signals", "mid"], ["Endpoint", "mid"], ["Queued", "n"],
		["Sent", "n"], ["Lost", "n"]], h("tbody", null, list.map((d) => h("tr", null,
		h("th", { scope: "row" }, plain(d.name, 60)),
		h("td", null, d.failing ? tag("error", "failing") : tag("ok", "well"), d.failing && d.why ? h("div.why", null, plain(d.why, 300)) : null),
		h("td.mid", null, (d.signals ?? []).join(", ")), h("td.mid", null, h("code", null, plain(d.endpoint, 120))),
		h("td.n", null, count(d.queued)), h("td.n", null, count(d.sent)), h("td.n", null, lost(d.dropped))))), "Destinations"));
}

// What services say they lost stands here only when it happened.
function counters(losses: Counter[], list: Counter[]): HTMLElement {
	const bad = losses.filter((c) => c.value > 0).concat(list.filter((c) => c.value > 0 && (LOSS.test(c.name) || /\blost\b/i.test(c.about ?? ""))));
	const rest = list.filter((c) => !bad.includes(c));

	return h("section.card", null, h("h2", null, "Counters ", bad.length ? tag("error", "losses") : tag("ok", "nothing lost")),
		table([["Counter"], ["Value", "n"], ["Unit", "mid"], ["What it counts"]], h("tbody", null, [...bad, ...rest].map((c) => h("tr", {
			class: bad.includes(c) ? "failed" : undefined }, h("th", { scope: "row" }, h("code", null, broken(plain(c.name, 80)))),
		h("td.n", null, bad.includes(c) ? h("b.bad", null, count(c.value)) : c.value ? count(c.value) : h("span.dim", null, "0")), h("td.mid.dim", null, plain(c.unit, 20)),
		h("td.dim.body", null, plain(c.about, 300))))), "Counters"));
}
