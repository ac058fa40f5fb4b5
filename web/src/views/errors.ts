// SPDX-License-Identifier: Apache-2.0
// Errors: a line a kind, seen last first; how often, since when, in which releases.

import { get, ErrorKind, Service } from "../api";
import { follow } from "../follow";
import { ago, count, day, plain, plural } from "../format";
import { fill, h, keyed, Row, text } from "../h";
import { icon } from "../icons";
import { empty, field, options, serviceName, setField, table, tag, View } from "../parts";
import { amend, here, link } from "../place";

export function errors(): View {
	const body = h("tbody");
	const list = h("section.card.list", null, table([["Error"], ["Service", "mid"], ["Count", "n"], ["Last seen", "n"], ["First seen", "n mid"],
		["Releases", "mid"]], body, "Kinds of errors, seen last first"));
	const none = h("div");
	const said = h("span.dim");
	const search = field("Search type, message, place", { type: "search", class: "search-input" }, (q) => amend({ q }));
	const service = h("select", { "aria-label": "Service", onchange: () => amend({ service: service.value }) });
	const bar = h("div.filters", { role: "search" }, h("label.search", null, icon("search"), search), service);
	const el = h("div.page", null, h("div.headline", null, h("h1", null, "Errors"), said), bar, list, none);
	let names: string[] = [];

	const following = follow(async (signal) => {
		const q = here().query;
		const a = await get<{ errors: ErrorKind[] }>("errors", { run: q.run, service: q.service, q: q.q, limit: 200 }, signal);

		show(a.errors ?? []);
	}, 2000);
	const known = follow(async (signal) => {
		const a = await get<{ services: Service[] }>("services", { run: here().query.run, since_ns: "0" }, signal);

		names = [...new Set((a.services ?? []).map((s) => s.service))].sort();
		set();
	}, 10000);

	function show(all: ErrorKind[]): void {
		const q = here().query;

		keyed(body, all, (e) => e.id, line);
		list.hidden = !all.length;
		text(said, all.length ? `${plural(all.length, "kind")}${all.length === 200 ? ", the newest" : ""}` : "");
		fill(none, all.length ? null : q.q || q.service || q.run ? empty("Nothing matches", "New errors that do will appear here.") :
			empty("No errors yet", "Crashes, exceptions of spans, and what oriel_error_here(\"PaymentRefused\", why) records appear here, grouped by kind."));
	}

	function set(): void {
		const q = here().query;

		setField(search, q.q ?? "");
		options(service, "All services", names, q.service ?? "");
	}

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

// Versions as people say them; what nobody named is left out.
export function releases(e: ErrorKind): string {
	const all = (e.releases ?? []).map((r) => r.version).filter((v) => v);

	return all.length > 3 ? `${all.slice(0, 2).join(", ")} and ${all.length - 2} more` : all.join(", ");
}

function line(e: ErrorKind): Row<ErrorKind> {
	const n = h("td.n.figure");
	const last = h("td.n");
	const first = h("td.n.mid");
	const which = h("td.mid");
	const el = h("tr.error-kind", null,
		h("td.error-what", null,
			h("a.error-type", { href: link("error", e.id) }, plain(e.type, 120)), e.crash ? tag("error", "crash") : null,
			e.message ? h("span.error-message", null, plain(e.message, 240)) : null,
			e.place ? h("span.error-place", null, plain(e.place, 160)) : null),
		h("td.mid", null, serviceName(e.service)), n, last, first, which);

	return {
		el,
		set(now) {
			const at = Date.now();

			text(n, count(now.count));
			text(last, ago(now.last_ns, at));
			last.title = day(now.last_ns);
			text(first, ago(now.first_ns, at));
			first.title = day(now.first_ns);
			text(which, releases(now));
		},
	};
}
