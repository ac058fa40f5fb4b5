// SPDX-License-Identifier: Apache-2.0
// Metrics: each series as it stands now; a histogram is drawn as its buckets.

import { get, Metric } from "../api";
import { colour } from "../colour";
import { follow } from "../follow";
import { duration, figure, plain, plural, value } from "../format";
import { fill, h, keyed, Row, svg, text } from "../h";
import { broken, empty, field, serviceName, setField, table, View } from "../parts";
import { amend, here, ofRun } from "../place";
import { icon } from "../icons";

export function metrics(): View {
	const body = h("tbody");
	const list = h("section.card", null, table([["Metric"], ["Service", "mid"], ["Value", "n"], ["", "histogram-head"]],
		body, "Metrics"));
	const none = h("div");
	const said = h("span.dim");
	const search = field("Filter by name or attribute", { type: "search", class: "search-input" }, (q) => amend({ q }));
	const el = h("div.page", null, h("div.headline", null, h("h1", null, "Metrics"), said),
		h("div.filters", { role: "search" }, h("label.search", null, icon("search"), search)), list, none);

	async function look(signal: AbortSignal): Promise<void> {
		const all = ((await get<{ metrics: Metric[] }>("metrics", {}, signal)).metrics ?? []).filter(ofRun(here().query.run));
		const q = (here().query.q ?? "").toLowerCase();
		const some = all.filter((m) => !unused(m)).filter((m) => !q || key(m).toLowerCase().includes(q));

		some.sort((a, b) => (key(a) < key(b) ? -1 : 1));
		keyed(body, some.slice(0, 1000), key, line);
		list.hidden = !some.length;
		text(said, some.length ? plural(some.length, "series", "series") : "");
		fill(none, some.length ? null : all.length ? empty("Nothing matches", "No series has that in its name or attributes.") :
			empty("No metrics yet", "http.server.request.duration comes by itself with the first request; " +
			      "oriel_add() in a service that links liboriel adds its own."));
	}

	const following = follow(look, 2000);
	setField(search, here().query.q ?? "");
	return {
		el,
		arrive() {
			setField(search, here().query.q ?? "");
			following.now();
		},
		close: () => following.stop(),
	};
}

// The overflow series stand ready in case; they say something once something is in them.
function unused(m: Metric): boolean {
	return m.attributes?.["otel.metric.overflow"] === true && !(m.kind === "histogram" || m.kind === "summary" ? m.count : m.value);
}

function key(m: Metric): string {
	return `${m.name} ${m.service} ${m.instance ?? ""} ${JSON.stringify(m.attributes ?? {})}`;
}

function line(first: Metric): Row<Metric> {
	const v = h("td.n");
	const drawing = h("td.histogram-cell");
	const el = h("tr", null,
		h("th.metric", { scope: "row", title: plain(first.description, 400) }, h("span.said", null, broken(plain(first.name, 160))),
		  Object.entries(first.attributes ?? {}).map(([k, a]) =>
			  h("span.pair", null, h("span.pair-key", null, plain(k, 60)), plain(value(a), 80)))),
		h("td.mid", null, serviceName(first.service)), v, drawing);
	let was = "";

	return { el, set(m) {
		const now = JSON.stringify([m.value, m.count, m.sum, m.buckets, m.quantiles]);
		if (now === was)
			return;
		was = now;
		if (m.kind === "histogram") {
			fill(v, h("b", null, figure(m.count)), h("span.dim.mid", null, m.count ? ` · mean ${amount((m.sum ?? 0) / m.count, m.unit)}` : ""));
			fill(drawing, histogram(m));
		} else if (m.kind === "summary") {
			fill(v, h("b", null, figure(m.count)), h("span.dim.mid", null, (m.quantiles ?? []).map((q) =>
				` · p${+(q.quantile * 100).toFixed(3)} ${amount(Number(q.value), m.unit)}`).join("")));
		} else {
			fill(v, h("b", null, figure(m.value)), h("span.dim", null, unit(m.unit)));
		}
	} };
}

function unit(u: string | undefined): string {
	return !u || u === "1" ? "" : " " + plain(u, 20).replace(/[{}]/g, "");
}

function amount(v: number, u: string | undefined): string {
	return u === "s" ? duration(v * 1e9) : u === "ms" ? duration(v * 1e6) : figure(v) + unit(u);
}

function histogram(m: Metric): Node | string {
	const buckets = (m.buckets ?? []).slice(0, 64);
	const most = Math.max(1, ...buckets);
	const bounds = m.bounds ?? [];
	const wide = 8;

	if (!buckets.length)
		return "";
	return svg("svg", { class: "histogram", viewBox: `0 0 ${buckets.length * wide} 28`, width: buckets.length * wide, height: 28, preserveAspectRatio: "none",
		role: "img", "aria-label": `${m.count} values in ${buckets.length} buckets` },
	...buckets.map((n, i) => {
		const high = n ? Math.max(1.5, (n / most) * 26) : 0.75;
		const bar = svg("rect", { x: i * wide, y: 28 - high, width: wide - 1.5, height: high, fill: n ? colour(m.service) : "currentColor",
			opacity: n ? 1 : 0.3 });
		const told = svg("title", {});
		told.textContent = `${i ? amount(bounds[i - 1], m.unit) : "up"} to ${i < bounds.length ? amount(bounds[i], m.unit) : "∞"}: ${n}`;
		bar.appendChild(told);
		return bar;
	}));
}
