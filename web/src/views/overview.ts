// SPDX-License-Identifier: Apache-2.0
// Overview: each service with its rate, errors and latency, and the routes of one of them.

import { get, Figures, RouteFigures, Run, Service, Status, TraceLine } from "../api";
import { colour } from "../colour";
import { follow } from "../follow";
import { ago, count, duration, percent, plain, plural, rate, whole } from "../format";
import { Child, fill, h, keyed, Row, text } from "../h";
import { empty, FIRST_COMMAND, serviceName, shortName, table, View } from "../parts";
import { amend, here, link } from "../place";
import { requestName, requestStatus } from "../request";
import { ordinary } from "../scale";

const WINDOWS: [string, string, number][] = [
	["1", "1 min", 60], ["5", "5 min", 300], ["15", "15 min", 900], ["60", "1 h", 3600], ["1440", "24 h", 86400],
];

export function overview(): View {
	const tiles = h("div.tiles");
	const body = h("tbody");
	const routeBody = h("tbody");
	const windows = h("div.segmented", { role: "group", "aria-label": "Time" }, WINDOWS.map(([id, label]) =>
		h("button", { type: "button", "data-window": id, onclick: () => amend({ minutes: id === "15" ? "" : id }) }, label)));
	const head: [string, string?][] = [["Service"], ["Rate", "n"], ["Requests", "n mid"], ["Errors", "n"], ["p50", "n mid"],
		["p95", "n"], ["p99", "n mid"], ["Latency", "wide mid"], ["Processes", "n mid"], ["Last", "n mid"]];
	const services = h("section.card", null, table(head, body, "Services"));
	const routesTitle = h("h2");
	const routes = h("section.card", { hidden: true }, routesTitle, table([["Route"], ["Rate", "n"], ["Requests", "n mid"],
		["Errors", "n"], ["p50", "n mid"], ["p95", "n"], ["p99", "n mid"], ["Latency", "wide mid"]], routeBody, "Routes"));
	const errorBody = h("tbody");
	const errors = h("section.card", { hidden: true }, h("h2", null, "Traces with errors"), table([["When", "when"], ["Service", "mid"],
		["Request"], ["Status", "n"], ["Duration", "n"]], errorBody, "Traces with errors"));
	const none = h("div");
	const el = h("div.page", null, h("div.headline", null, h("h1", null, "Overview"), windows), tiles, services, routes, errors, none);

	// What rows are drawn against; a row outlives many answers.
	let span = 1;
	let longestNow = 1;
	let longestRoute = 1;

	const seconds = () => (WINDOWS.find(([id]) => id === here().query.minutes) ?? WINDOWS[2])[2];

	async function look(signal: AbortSignal): Promise<void> {
		const run = here().query.run;
		const [rs, st] = await Promise.all([
			get<{ runs: Run[] }>("runs", { limit: 100 }, signal), get<Status>("status", {}, signal)]);
		const time = lived(rs.runs ?? [], run, st, Date.now());
		const p = { run, since_ns: time.since };
		const list = (await get<{ services: Service[] }>("services", p, signal)).services ?? [];
		const picked = here().query.service || (list.length === 1 ? list[0].service : "");
		const [r, e, any] = await Promise.all([
			get<{ routes: RouteFigures[] }>("routes", { ...p, service: picked }, signal),
			get<{ traces: TraceLine[] }>("traces", { ...p, service: picked, errors: 1, limit: 5 }, signal),
			list.length ? null : get<{ traces: TraceLine[] }>("traces", { run, limit: 1 }, signal)]);

		windows.hidden = time.over;
		show(list, (r.routes ?? []).sort((a, b) => b.count - a.count).slice(0, 50), picked, st, time.seconds);
		showErrors(e.traces ?? []);
		fill(none, list.length ? null : nothing(st, !!any?.traces?.length));
	}

	// What is counted: the window, or as much of it as there was something to watch; of a run that is
	// over, all of it.
	function lived(runs: Run[], run: string | undefined, st: Status, now: number): { since: string; seconds: number; over: boolean } {
		const ms = (ns: string | undefined) => Number(whole(ns) / 1000000n);
		const mine = runs.filter((r) => !run || r.id === run);
		const begun = Math.min(now, ...mine.map((r) => ms(r.started_ns)), run || !st.started_ns ? now : ms(st.started_ns));
		const ended = run && mine.length === 1 ? ms(mine[0].ended_ns) : 0;

		if (ended)
			return { since: mine[0].started_ns, seconds: Math.max(1, (ended - begun) / 1000), over: true };
		const age = (now - begun) / 1000;
		return { since: `${now - seconds() * 1000}000000`, seconds: Math.max(1, Math.min(seconds(), age || seconds())), over: false };
	}

	function show(list: Service[], rs: RouteFigures[], picked: string, st: Status, counted: number): void {
		span = counted;
		for (const b of windows.querySelectorAll("button"))
			b.setAttribute("aria-pressed", String(b.dataset.window === (here().query.minutes || "15")));
		services.hidden = !list.length;
		tiles.hidden = !list.length;
		showTiles(list, st);
		longestNow = ordinary(list.map((s) => s.p99_ns));
		keyed(body, list, (s) => s.service, serviceRow);
		for (const tr of body.children)
			tr.classList.toggle("picked", (tr as HTMLElement).dataset.service === picked && list.length > 1);
		routes.hidden = !rs.length;
		fill(routesTitle, picked ? "Routes of " : "Routes", picked ? serviceName(picked) : null, picked && list.length > 1 ?
			h("button.plain.small", { type: "button", onclick: () => amend({ service: "" }) }, "All") : null);
		longestRoute = ordinary(rs.map((r) => r.p99_ns));
		keyed(routeBody, rs, (r) => `${r.service} ${r.method} ${r.route}`, routeRow);
	}

	function showErrors(list: TraceLine[]): void {
		errors.hidden = !list.length;
		keyed(errorBody, list, (t) => t.trace_id, errorRow);
	}


	function nothing(st: Status, earlier: boolean): HTMLElement {
		const live = (st.processes ?? []).filter((p) => p.live);

		if (earlier)
			return h("div.empty", null, h("h2", null, "Nothing in this time"), h("p", null, "There are older requests: choose a longer time, or see all of them."),
				 h("p", null, h("a.plain", { href: link("traces") }, "All traces")));
		if (live.length)
			return empty("Waiting for the first request",
				     `${plural(live.length, "process", "processes")} ${live.length === 1 ? "is" : "are"} being watched: ` +
				     `${live.map((p) => plain(shortName(p.service), 40)).slice(0, 5).join(", ")}. Send one a request.`);
		return empty("No service yet", "Put oriel run before the command that starts your service, and it appears here.",
			     FIRST_COMMAND);
	}

	function showTiles(list: Service[], st: Status): void {
		const all = list.reduce((n, s) => n + s.count, 0);
		const bad = list.reduce((n, s) => n + s.errors, 0);
		const run = here().query.run;
		const mine = (st.processes ?? []).filter((p) => !run || p.run === run);
		const live = mine.filter((p) => p.live);
		const open = live.reduce((n, p) => n + (p.open_spans ?? 0), 0);
		const lost = mine.reduce((n, p) => n + (p.dropped ?? 0), 0);

		fill(tiles,
		     tile("Requests", rate(all / span), plural(all, "request")),
		     tile("Errors", percent(bad, all), bad ? plural(bad, "error") : "none", bad ? "bad" : ""),
		     tile("Slowest p95", duration(Math.max(0, ...list.map((s) => s.p95_ns))), slowest(list)),
		     tile("In flight", count(open), open ? "spans open now" : "nothing is open", "", link("in-flight")),
		     tile("Processes", count(live.length), lost ? h("span.bad", null, `${count(lost)} records lost`) : "nothing lost",
			  "", link("status")));
	}

	const following = follow(look, 2000);
	return {
		el,
		arrive: () => following.now(),
		close: () => following.stop(),
	};

	function serviceRow(): Row<Service> {
		const cells = figureCells();
		const processes = h("td.n.mid");
		const last = h("td.n.mid");
		const name = h("th", { scope: "row" });
		const tr = h("tr.link", null, name, ...cells.all, processes, last);

		tr.addEventListener("click", (e) => {
			if (!(e.target as Element).closest("a") && tr.dataset.service)
				amend({ service: tr.dataset.service });
		});
		return { el: tr, set(s) {
			if (tr.dataset.service !== s.service) {
				tr.dataset.service = s.service;
				fill(name, h("a", { href: link("traces", "", { service: s.service }) }, serviceName(s.service)));
			}
			cells.set(s, span, longestNow, { service: s.service });
			text(processes, s.processes ? count(s.processes) : "gone");
			text(last, ago(s.last_ns, Date.now()));
		} };
	}

	function routeRow(): Row<RouteFigures> {
		const cells = figureCells();
		const name = h("th", { scope: "row" });
		const tr = h("tr", null, name, ...cells.all);
		let was = "";

		return { el: tr, set(r) {
			const key = `${r.service} ${r.method} ${r.route}`;
			const where: Record<string, string> = { service: r.service, ...(r.route ? { route: r.route } : {}) };
			if (key !== was) {
				was = key;
				fill(name, h("a", { href: link("traces", "", where), title: plain(r.service) },
					     h("span.dot.before", { style: { background: colour(r.service) } }),
					     r.method ? h("span.method", null, plain(r.method, 12)) : null,
					     plain(r.route, 120) || h("span.dim", null, "without a route")));
			}
			cells.set(r, span, longestRoute, where);
		} };
	}
}

function errorRow(t: TraceLine): Row<TraceLine> {
	const when = h("td.when");
	const what = h("a.row-link", { href: link("trace", t.trace_id) }, requestName(t));
	const took = h("td.n");
	const tr = h("tr.link.failed", { onclick: (e: Event) => {
		if (!(e.target as Element).closest("a"))
			what.click();
	} }, when, h("td.mid", null, serviceName(t.service)), h("td.what", null, what),
	h("td.n", null, requestStatus(t)), took);

	return { el: tr, set(now) {
		text(when, ago(now.start_ns, Date.now()));
		text(took, duration(now.duration_ns));
	} };
}

function slowest(list: Service[]): string {
	const s = list.reduce<Service | null>((m, x) => (!m || x.p95_ns > m.p95_ns ? x : m), null);

	return s ? plain(shortName(s.service), 40) : "";
}

function tile(label: string, figure: string, line: Child, cls = "", href = ""): HTMLElement {
	return h(href ? "a.tile" : "div.tile", href ? { href } : null, h("span.tile-label", null, label),
		h(`span.tile-figure${cls ? "." + cls : ""}`, null, figure), h("span.tile-line", null, line));
}

// The columns that services and routes share, with the spread from p50 to p99 drawn.
function figureCells() {
	const [r, n, e, a, b, c] = ["n", "n mid", "n", "n mid", "n", "n mid"].map((cls) => h("td", { class: cls }));
	const spread = h("td.wide.mid");
	let drawn = "";

	return { all: [r, n, e, a, b, c, spread], set(f: Figures, seconds: number, most: number, where: Record<string, string>) {
		text(r, rate(f.count / seconds));
		text(n, count(f.count));
		if (f.errors)
			fill(e, h("a.bad", { href: link("traces", "", { ...where, errors: "1" }) }, percent(f.errors, f.count)));
		else
			fill(e, h("span.dim", null, "0 %"));
		text(a, duration(f.p50_ns));
		text(b, duration(f.p95_ns));
		text(c, duration(f.p99_ns));
		const now = `${f.service} ${f.p50_ns} ${f.p95_ns} ${f.p99_ns} ${most}`;
		if (now !== drawn) {
			drawn = now;
			fill(spread, latency(f, most));
		}
	} };
}

function latency(f: Figures, most: number): HTMLElement {
	const m = h("span.spread", { title: `p50 ${duration(f.p50_ns)}, p95 ${duration(f.p95_ns)}, p99 ${duration(f.p99_ns)}` });
	const at = (v: number) => `${Math.max(0, Math.min(1, v / most)) * 100}%`;

	for (const [cls, v] of [["p99", f.p99_ns], ["p95", f.p95_ns], ["p50", f.p50_ns]] as [string, number][])
		m.append(h(`span.${cls}`, { style: { width: at(v), background: colour(f.service) } }));
	return m;
}

