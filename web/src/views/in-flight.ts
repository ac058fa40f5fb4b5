// SPDX-License-Identifier: Apache-2.0
// In flight: spans that have started and not ended, the oldest first, their clocks running.

import { get, Span } from "../api";
import { colour } from "../colour";
import { follow } from "../follow";
import { duration, plain, plural, whole } from "../format";
import { fill, h, keyed, Row, text } from "../h";
import { empty, meter, serviceName, table, traceLink, View } from "../parts";
import { here, ofRun } from "../place";
import { title } from "../title";
import { step } from "./traces";

export function inFlight(): View {
	const body = h("tbody");
	const list = h("section.card", null, table([["Running for", "n ticking-head"], ["Service"], ["Span"], ["", "wide mid"], ["Process", "n mid"]],
		body, "Spans that run now, oldest first"));
	const none = h("div");
	const said = h("span.dim");
	const el = h("div.page", null, h("div.headline", null, h("h1", null, "In flight"), said), list, none);
	let ahead = 0;		// the collector's clock less ours, in ms
	let spans: Span[] = [];
	let longest = 1;

	const age = (s: Span) => Math.max(0, (Date.now() + ahead) * 1e6 - Number(whole(s.start_ns)));

	async function look(signal: AbortSignal): Promise<void> {
		const a = await get<{ now_ns: string; spans: Span[] }>("in-flight", {}, signal);

		ahead = Number(whole(a.now_ns) / 1000000n) - Date.now();
		spans = (a.spans ?? []).filter(ofRun(here().query.run));
		show();
	}

	function show(): void {
		longest = Math.max(1e9, ...spans.map(age));
		keyed(body, spans, (s) => `${s.trace_id}${s.span_id}`, line);
		list.hidden = !spans.length;
		text(said, spans.length ? plural(spans.length, "span") + " open" : "");
		if (spans.length)
			fill(none);
		else if (!none.childElementCount)
			fill(none, empty("Nothing is in flight",
				"A request that is being served shows here while it runs; one that hangs stays on top."));
	}

	function line(first: Span): Row<Span> {
		let s = first;
		const took = h("td.n.ticking");
		const bar = h("td.wide.mid");
		const what = h("a.row-link", { href: traceLink(s.trace_id, s.span_id) }, plain(title(s), 200));
		const tr = h("tr.link", { onclick: (e: Event) => {
			if (!(e.target as Element).closest("a"))
				what.click();
		} }, took, h("td", null, serviceName(s.service)), h("td.what", null, what), bar, h("td.n.mid", null, s.pid ?? ""));

		return { el: tr, set(now) {
			s = now;
			text(took, duration(age(s)));
			tr.classList.toggle("slow", age(s) > 5e9);
			fill(bar, meter(age(s) / longest, colour(s.service)));
		} };
	}

	const following = follow(look, 1000);
	const ticker = window.setInterval(() => {
		if (!document.hidden && spans.length)
			show();
	}, 100);
	return {
		el,
		arrive: () => following.now(),
		key(e) {
			if (e.key === "ArrowDown" || e.key === "ArrowUp")
				step(body, e);
		},
		close() {
			clearInterval(ticker);
			following.stop();
		},
	};
}
