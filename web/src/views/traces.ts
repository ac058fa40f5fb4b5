// SPDX-License-Identifier: Apache-2.0
//
// Traces: the list that fills while requests arrive.
//
// The first answer gives the newest; from then on its cursor asks for what is new or has changed.
// When more has come than one answer holds, the list begins anew at the newest: it would never catch
// up with a busy service. "Older" asks backwards by time. At most MOST lines are kept.

import { get, RouteFigures, Service, TraceLine } from "../api";
import { follow, Following } from "../follow";
import { ago, clock, count, day, duration, plural, whole } from "../format";
import { anyFilter, Filters, filtersOf, queryOf, questionOf } from "../filters";
import { fill, h, keyed, Row, text } from "../h";
import { icon } from "../icons";
import { empty, field, FIRST_COMMAND, meter, options, serviceName, setField, table, tag, traceLink, View } from "../parts";
import { requestName, requestStatus } from "../request";
import { ordinary } from "../scale";
import { scatter } from "../scatter";
import { amend, go, here } from "../place";
import { colour } from "../colour";

const PAGE = 100;
const STEP = 500;
const MOST = 1000;

interface Answer {
	cursor: string;
	traces: TraceLine[];
}

export function traces(): View {
	const lines = new Map<string, TraceLine>();
	const body = h("tbody");
	const chart = scatter((id) => go({ view: "trace", id, query: keepRun() }));
	const list = h("section.card.list", null, table([["Time", "when"], ["Service", "mid"], ["Request"], ["Status", "n"],
		["Duration", "wide"], ["Spans", "n mid"], ["Logs", "n mid"]], body, "Traces, newest first"));
	const none = h("div");
	const foot = h("div.foot");
	const bar = filterBar();
	const el = h("div.page", null, h("div.headline", null, h("h1", null, "Traces"), bar.said), bar.el, chart.el, list, none, foot);
	let cursor = "";
	let asked = "";
	let more = false;
	let longest = 1;
	let following: Following;

	const filters = () => filtersOf(here().query);
	const keepRun = () => (here().query.run ? { run: here().query.run } : {}) as Record<string, string>;

	async function look(signal: AbortSignal): Promise<void> {
		const f = filters();
		const question = JSON.stringify(questionOf(f));
		const fresh = question !== asked || !cursor;
		const a = await get<Answer>("traces", { ...questionOf(f), limit: fresh ? PAGE : STEP, after: fresh ? "" : cursor }, signal);
		if (!fresh && a.traces.length >= STEP) {
			cursor = "";
			await look(signal);
			return;
		}
		if (fresh) {
			lines.clear();
			asked = question;
			more = a.traces.length === PAGE;
		}
		cursor = a.cursor || cursor;
		if (!fresh && !a.traces.length)
			return;
		for (const t of a.traces)
			lines.set(t.trace_id, t);
		show(!fresh);
	}

	async function older(): Promise<void> {
		const last = sorted()[lines.size - 1];
		if (!last)
			return;
		const a = await get<Answer>("traces", {
			...questionOf(filters()), limit: PAGE, until_ns: String(whole(last.start_ns) + 1n),
		});
		more = a.traces.length === PAGE;
		for (const t of a.traces)
			lines.set(t.trace_id, t);
		show(false, true);
	}

	function sorted(): TraceLine[] {
		return [...lines.values()].sort((a, b) => {
			const d = whole(b.start_ns) - whole(a.start_ns);
			return d > 0n ? 1 : d < 0n ? -1 : a.trace_id < b.trace_id ? -1 : 1;
		});
	}

	function show(glow: boolean, all = false): void {
		let now = sorted();
		if (!all && now.length > MOST) {
			for (const t of now.slice(MOST))
				lines.delete(t.trace_id);
			now = now.slice(0, MOST);
			more = true;
		}
		longest = ordinary(now.map((t) => t.duration_ns));
		keyed(body, now, (t) => t.trace_id, () => line(() => longest), glow ? (r) => r.el.classList.add("new") : undefined);
		list.hidden = !now.length;
		chart.show(now);
		chart.el.hidden = now.length < 2;
		text(bar.said, now.length ? `${more ? "The newest " : ""}${plural(now.length, "trace")}` : "");
		fill(none, now.length ? null : nothing(filters()));
		fill(foot, more ? h("button.plain", { type: "button", onclick: () => void older().catch(() => following.now()) },
			"Older traces") : null);
	}

	// A collector that was away may be another one now, which counts from the start.
	following = follow((signal) => look(signal).catch((e) => {
		cursor = signal.aborted ? cursor : "";
		throw e;
	}), 1000);
	const names = follow(async (signal) => bar.know(signal), 10000);
	bar.set(filters());
	return {
		el,
		arrive() {
			bar.set(filters());
			following.now();
			names.now();
		},
		repaint: () => chart.repaint(),
		key(e) {
			if (e.key === "/") {
				e.preventDefault();
				bar.search.focus();
			} else if (e.key === "ArrowDown" || e.key === "ArrowUp") {
				step(body, e);
			}
		},
		close() {
			following.stop();
			names.stop();
			chart.close();
		},
	};
}

// Up and down lead from one row's link to the next.
export function step(body: HTMLElement, e: KeyboardEvent): void {
	const links = [...body.querySelectorAll<HTMLAnchorElement>("a.row-link")];
	const at = links.indexOf(document.activeElement as HTMLAnchorElement);
	const typing = /^(INPUT|SELECT)$/.test(document.activeElement?.tagName ?? "");

	if (typing || !links.length)
		return;
	e.preventDefault();
	const to = at < 0 ? 0 : e.key === "ArrowDown" ? at + 1 : at - 1;
	links[Math.max(0, Math.min(links.length - 1, to))].focus();
}

function nothing(f: Filters): HTMLElement {
	if (anyFilter(f))
		return h("div.empty", null, h("h2", null, "Nothing matches"), h("p", null, "New traces that do will appear here."),
			 h("p", null, h("button.plain", { type: "button", onclick: () =>
				 amend({ service: "", route: "", q: "", min_ms: "", status: "", errors: "" }, "push") }, "Clear the filters")));
	return empty("No traces yet", "Start a service under oriel run and send it a request: it shows here at once.", FIRST_COMMAND);
}

function line(most: () => number): Row<TraceLine> {
	const when = h("time");
	const service = h("td.mid");
	const what = h("a.row-link");
	const others = h("span.others");
	const status = h("td.n");
	const took = h("span.took");
	const bar = h("td.wide");
	const spans = h("td.n.mid");
	const logs = h("td.n.mid");
	const tr = h("tr.link", null, h("td.when", null, when), service, h("td.what", null, what, others), status, bar, spans, logs);
	let was = "";

	tr.addEventListener("click", (e) => {
		if (!(e.target as Element).closest("a") && !String(getSelection()))
			what.click();
	});
	return { el: tr, set(t) {
		const now = JSON.stringify(t) + most();
		if (now === was)
			return;
		was = now;
		text(when, clock(t.start_ns));
		when.title = `${day(t.start_ns)} ${clock(t.start_ns)}, ${ago(t.start_ns, Date.now())}`;
		fill(service, serviceName(t.service));
		what.href = traceLink(t.trace_id);
		fill(what, requestName(t));
		fill(others, (t.services ?? []).filter((s) => s !== t.service).slice(0, 3).map((s) =>
			serviceName(s)),
		     t.root === false ? tag("debug", "partial") : null);
		fill(status, requestStatus(t));
		text(took, duration(t.duration_ns));
		fill(bar, h("span.bar-cell", null, meter(t.duration_ns / most(), colour(t.service)), took));
		text(spans, count(t.spans));
		text(logs, t.logs ? count(t.logs) : "");
		tr.classList.toggle("failed", t.status === "error" || t.errors > 0);
	} };
}

function filterBar() {
	const set = (change: Record<string, string>) => amend(change);
	const search = field("Search names and attributes", { type: "search", class: "search-input" }, (q) => set({ q }));
	const service = h("select", { "aria-label": "Service", onchange: () => set({ service: service.value, route: "" }) });
	const route = h("select", { "aria-label": "Route", onchange: () => set({ route: route.value }) });
	const min = field("Min ms", { inputmode: "decimal", class: "short", title: "At least this many milliseconds" }, (v) => set({ min_ms: v }));
	const status = field("Status", { inputmode: "numeric", class: "short", maxlength: "3", title: "HTTP status, such as 500" },
			     (v) => set({ status: v }));
	const errors = h("input", { type: "checkbox", onchange: () => set({ errors: errors.checked ? "1" : "" }) });
	const el = h("div.filters", { role: "search" }, h("label.search", null, icon("search"), search), service, route, min, status,
		h("label.check", null, errors, "Errors only"));
	const said = h("span.dim");
	let services: string[] = [];
	let routes: string[] = [];

	function show(f: Filters): void {
		setField(search, f.q);
		setField(min, f.minMs);
		setField(status, f.status);
		errors.checked = f.errors;
		options(service, "All services", services, f.service);
		options(route, "All routes", routes, f.route);
	}

	return {
		el, said, search, set: show,
		async know(signal: AbortSignal): Promise<void> {
			const f = filtersOf(here().query);
			const [s, r] = await Promise.all([
				get<{ services: Service[] }>("services", { run: f.run, since_ns: "0" }, signal),
				get<{ routes: RouteFigures[] }>("routes", { run: f.run, service: f.service, since_ns: "0" }, signal)]);
			services = (s.services ?? []).map((x) => x.service).sort();
			routes = (r.routes ?? []).map((x) => x.route ?? "").filter(Boolean).sort();
			show(filtersOf({ ...here().query, ...queryOf(filtersOf(here().query)) }));
		},
	};
}
