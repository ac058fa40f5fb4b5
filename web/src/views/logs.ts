// SPDX-License-Identifier: Apache-2.0
// Logs: newest first, filling as they are written; each leads to the span that it was written in.

import { get, Log, Service } from "../api";
import { follow } from "../follow";
import { ago, clock, day, plain, plural, value, whole } from "../format";
import { fill, h, keyed, Row, text } from "../h";
import { icon } from "../icons";
import {
	codePlace, empty, field, logBody, loggerName, options, saidBy, serviceName, setField, severityTag, table, traceLink, valueList, View,
} from "../parts";
import { amend, here } from "../place";
import { severity } from "../ink";

const MOST = 1000;
const STEP = 1000;
const LEVELS: [string, string][] = [["", "Every level"], ["9", "Info and up"], ["13", "Warnings and up"], ["17", "Errors"]];

interface Kept {
	key: string;
	log: Log;
}

export function logs(): View {
	const body = h("tbody");
	const list = h("section.card.list", null, table([["Time", "when"], ["Level"], ["Service", "mid"], ["Message"]], body, "Logs, newest first"));
	const none = h("div");
	const said = h("span.dim");
	const search = field("Search the text, or a trace id", { type: "search", class: "search-input" }, (q) => amend({ q }));
	const service = h("select", { "aria-label": "Service", onchange: () => amend({ service: service.value }) });
	const level = h("select", { "aria-label": "Level", onchange: () => amend({ level: level.value }) },
		LEVELS.map(([v, l]) => h("option", { value: v }, l)));
	const pause = h("button.plain", { type: "button", "aria-pressed": "false", onclick: () => hold(!held) }, "Pause");
	const bar = h("div.filters", { role: "search" }, h("label.search", null, icon("search"), search), service, level, pause);
	const el = h("div.page", null, h("div.headline", null, h("h1", null, "Logs"), said), bar, list, none);
	let kept: Kept[] = [];
	let cursor = "";
	let asked = "";
	let names: string[] = [];
	let held = false;

	const question = () => {
		const q = here().query;

		const trace = /^[0-9a-f]{32}$/.test(q.q ?? "");

		return { run: q.run, service: q.service, q: trace ? "" : q.q, trace_id: trace ? q.q : "", min_severity: /^\d{1,2}$/.test(q.level ?? "") ? q.level : undefined };
	};

	async function look(signal: AbortSignal): Promise<void> {
		const q = question();
		const fresh = JSON.stringify(q) !== asked || !cursor || !!q.trace_id;

		if (held && !fresh)
			return;
		const a = await get<{ cursor: string; logs: Log[] }>("logs", { ...q, limit: fresh && !q.trace_id ? 200 : STEP, after: fresh ? "" : cursor }, signal);

		// More than one answer holds: begin anew at the newest rather than fall behind for good.
		if (!fresh && a.logs.length >= STEP) {
			cursor = "";
			await look(signal);
			return;
		}
		if (fresh) {
			kept = q.trace_id && JSON.stringify(q) === asked ? kept : [];
			asked = JSON.stringify(q);
		}
		cursor = a.cursor || cursor;
		if (!fresh && !a.logs.length)
			return;
		take(a.logs ?? []);
		show(!fresh);
	}

	// Equal records are told apart by their number, so that a line written twice shows twice.
	function take(now: Log[]): void {
		const seen = new Map<string, number>();
		const have = new Set(kept.map((k) => k.key));

		for (const log of now) {
			const base = `${log.time_ns} ${log.pid} ${log.thread_id} ${log.span_id} ${logBody(log).slice(0, 200)}`;
			const n = seen.get(base) ?? 0;
			seen.set(base, n + 1);
			const key = `${base} ${n}`;
			if (!have.has(key))
				kept.push({ key, log });
		}
		kept.sort((a, b) => (whole(a.log.time_ns) < whole(b.log.time_ns) ? 1 : -1));
		kept.length = Math.min(kept.length, MOST);
	}

	function show(glow: boolean): void {
		keyed(body, kept, (k) => k.key, (k) => line(k.log), glow ? (r) => r.el.classList.add("new") : undefined);
		list.hidden = !kept.length;
		text(said, kept.length ? `${plural(kept.length, "record")}${kept.length === MOST ? ", the newest" : ""}` : "");
		const q = question();
		fill(none, kept.length ? null : q.q || q.trace_id || q.service || q.min_severity ?
			empty("Nothing matches", "New records that do will appear here.") :
			empty("No logs yet", "oriel_info(\"order placed\") in a service that links liboriel writes here, beside the span that it is in."));
	}

	// What comes meanwhile is there when it goes on.
	function hold(still: boolean): void {
		held = still;
		pause.setAttribute("aria-pressed", String(held));
		text(pause, held ? "Go on" : "Pause");
		if (!held)
			following.now();
	}

	function set(): void {
		const q = here().query;

		setField(search, q.q ?? "");
		level.value = LEVELS.some(([v]) => v === q.level) ? q.level : "";
		options(service, "All services", names, q.service ?? "");
	}

	// A collector that was away may be another one now, which counts from the start.
	const following = follow((signal) => look(signal).catch((e) => {
		cursor = signal.aborted ? cursor : "";
		throw e;
	}), 1000);
	const known = follow(async (signal) => {
		const a = await get<{ services: Service[] }>("services", { run: here().query.run, since_ns: "0" }, signal);
		names = [...new Set([...(a.services ?? []).map((s) => s.service), ...kept.map((k) => k.log.service)])].sort();
		set();
	}, 10000);
	set();
	return {
		el,
		arrive() {
			set();
			following.now();
		},
		key(e) {
			if (e.key === "/") {
				e.preventDefault();
				search.focus();
			}
		},
		close() {
			following.stop();
			known.stop();
		},
	};
}

function line(log: Log): Row<Kept> {
	const pairs = saidBy(log);
	const logger = loggerName(log);
	const place = codePlace(log);
	const kind = severity(log.severity);
	const more = h("button.text.more", { type: "button", "aria-expanded": "false", onclick: unfold }, "all");
	const body = h("td.body", null, logger ? h("span.logger", { title: "Logger" }, plain(logger, 60)) : null,
		h("span.said", null, logBody(log).slice(0, 2000)),
		pairs.slice(0, 12).map(([k, v]) => h("span.pair", null, h("span.pair-key", null, plain(k, 60)), plain(value(v), 120))),
		place ? h("span.place", { title: place.title }, place.text) : null,
		log.trace_id ? h("a.to-trace", { href: traceLink(log.trace_id, log.span_id) }, "trace") : null,
		pairs.length ? more : null);
	const el = h(`tr.log.${kind}`, null,
		h("td.when", null, h("time", { title: `${day(log.time_ns)}, ${ago(log.time_ns, Date.now())}` }, clock(log.time_ns))),
		h("td", null, severityTag(log)), h("td.mid", null, serviceName(log.service)), body);
	let all: HTMLElement | null = null;

	function unfold(): void {
		if (all) {
			all.remove();
			all = null;
		} else {
			all = valueList(log.attributes);
			if (all)
				body.append(all);
		}
		more.setAttribute("aria-expanded", String(!!all));
		text(more, all ? "less" : "all");
	}
	return { el, set: () => undefined };
}
