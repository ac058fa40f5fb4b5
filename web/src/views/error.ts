// SPDX-License-Identifier: Apache-2.0
// Error: one kind: where it happens, the last one in full, its newest traces, its releases.

import { get, ErrorDetail, Frame, Log, Refusal } from "../api";
import { follow } from "../follow";
import { ago, clock, count, day, plain, plural, value } from "../format";
import { Child, fill, h } from "../h";
import { copyButton, empty, serviceName, severityTag, table, tag, traceLink, valueList, View } from "../parts";
import { link } from "../place";

const SYSTEM = /^(libc\.so|libc-|libstdc\+\+|libgcc_s|ld-linux|liboriel)/;
const OWN = new Set(["oriel.frames", "oriel.registers", "oriel.modules", "oriel.breadcrumbs", "exception.stacktrace", "exception.type",
	"exception.message", "oriel.crash"]);

export function error(id: string): View {
	const body = h("div.stack");
	const el = h("div.page", null, h("p.back", null, h("a", { href: link("errors") }, "← Errors")), body);
	let was = "";

	const following = follow(async (signal) => {
		try {
			const e = await get<ErrorDetail>(`errors/${encodeURIComponent(id)}`, {}, signal);
			const now = JSON.stringify(e);

			if (now !== was && !String(getSelection()))
				show(e);
			was = now;
		} catch (wrong) {
			if (!(wrong instanceof Refusal))
				throw wrong;
			fill(body, empty("No such error", "It may have been too long ago: the 2,000 kinds that were seen last are kept."));
		}
	}, 3000);

	function show(e: ErrorDetail): void {
		const a = e.record?.attributes ?? {};

		fill(body, head(e), frames(a["oriel.frames"], a["exception.stacktrace"]), registers(a["oriel.registers"]), seen(e),
			crumbs(a["oriel.breadcrumbs"]), said(e.record), releases(e));
	}

	return { el, arrive: () => following.now(), close: () => following.stop() };
}

function head(e: ErrorDetail): HTMLElement {
	const last = e.record?.attributes?.["exception.message"] ?? e.seen?.[0]?.message;
	const at = Date.now();
	const facts: [string, Child][] = [
		["Service", serviceName(e.service)], ["Count", count(e.count)],
		["Last seen", h("time", { title: day(e.last_ns) }, ago(e.last_ns, at))],
		["First seen", h("time", { title: day(e.first_ns) }, ago(e.first_ns, at))],
	];
	const a = e.record?.attributes ?? {};

	if (a["thread.id"] !== undefined)
		facts.push(["Thread", plain(`${value(a["thread.name"] ?? "")} ${value(a["thread.id"])}`.trim(), 60)]);
	return h("section.card.padded.error-head", null,
		h("h1", null, plain(e.type, 160), e.crash ? tag("error", "crash") : null),
		last ? h("p.error-last", null, plain(value(last), 600)) : null,
		e.place ? h("p.error-place", null, plain(e.place, 200)) : null,
		h("dl.facts-grid", null, facts.map(([k, v]) => h("div", null, h("dt", null, k), h("dd", null, v)))));
}

function section(name: string, ...inner: Child[]): HTMLElement {
	return h("section.card", null, h("h2", null, name), ...inner);
}

function baseName(path: string): string {
	return path.slice(path.lastIndexOf("/") + 1);
}

// A record may come from anywhere, and hold anything under these names.
function objects(list: unknown): Record<string, unknown>[] {
	return Array.isArray(list) ? list.filter((o) => o && typeof o === "object") : [];
}

function word(v: unknown): string {
	return v === undefined || v === null ? "" : value(v);
}

function frameOf(o: Record<string, unknown>): Frame {
	return { address: word(o.address), function: word(o.function) || "??", file: word(o.file), line: Number(o.line) || 0, inlined: o.inlined === true,
		module: word(o.module), build_id: word(o.build_id) };
}

// Innermost first. What is the system's stands back.
function frames(list: unknown, trace: unknown): Child {
	const all = objects(list).map(frameOf);
	const whole = typeof trace === "string" ? trace : "";

	if (!all.length)
		return whole ? section("Stack", h("pre.stack-text", null, whole)) : null;
	return h("section.card", null,
		h("div.card-head", null, h("h2", null, "Backtrace"), whole ? copyButton(whole, "Copy the backtrace") : null),
		h("ol.frames", null, all.slice(0, 200).map((f) => {
			const module = baseName(f.module);
			const place = f.file ? `${baseName(f.file)}:${f.line || "?"}` : "";

			return h(SYSTEM.test(module) ? "li.frame.system" : "li.frame", { title: [f.address, f.file, f.build_id].filter(Boolean).join("\n") },
				h("span.frame-name", null, plain(f.function, 200)),
				place ? h("span.frame-place", null, plain(place, 120)) : null,
				h("span.frame-module", null, plain(module, 80), f.inlined ? " inlined" : ""));
		})));
}

function registers(map: unknown): Child {
	const all = map && typeof map === "object" ? Object.entries(map as Record<string, unknown>) : [];

	if (!all.length)
		return null;
	return h("section.card", null, h("details", null, h("summary", null, h("h2", null, "Registers")),
		h("dl.registers", null, all.map(([k, v]) => h("div", null, h("dt", null, plain(k, 12)), h("dd", null, plain(value(v), 24)))))));
}

function seen(e: ErrorDetail): Child {
	const all = e.seen ?? [];

	if (!all.length)
		return null;
	return section("Where it happened", table([["Time", "when"], ["Message"], ["Trace"]], h("tbody", null, all.map((o) => h("tr", null,
		h("td.when", null, h("time", { title: day(o.time_ns) }, clock(o.time_ns))), h("td", null, plain(o.message, 300)),
		h("td", null, o.trace_id ? h("a.to-seen", { href: traceLink(o.trace_id, o.span_id) }, h("code", null, o.trace_id.slice(0, 8))) : "")))),
	`The newest ${plural(all.length, "occurrence")}`));
}

function crumbs(list: unknown): Child {
	const all = objects(list);

	if (!all.length)
		return null;
	return section("Just before", table([["Time", "when"], ["Level", "when"], ["Message"]], h("tbody", null, all.map((c) => h("tr", null,
		h("td.when", null, /^\d+$/.test(word(c.time_ns)) ? clock(word(c.time_ns)) : ""),
		h("td", null, severityTag({ severity: Number(c.severity) || 0 } as Log)), h("td", null, plain(word(c.message), 300))))),
	"The last log records before it"));
}

function said(record: Log | undefined): Child {
	const rest = Object.entries(record?.attributes ?? {}).filter(([k]) => !OWN.has(k));
	const list = valueList(Object.fromEntries(rest));

	return list ? section("The last one said", h("div.said-all", null, list)) : null;
}

function releases(e: ErrorDetail): Child {
	const all = (e.releases ?? []).filter((r) => r.version);

	if (!all.length)
		return null;
	return section("Releases", table([["Version"], ["Count", "n"], ["First seen", "n mid"], ["Last seen", "n"]], h("tbody", null, all.map((r) => h("tr", null,
		h("th", { scope: "row" }, plain(r.version, 60)), h("td.n", null, count(r.count)),
		h("td.n.mid", { title: day(r.first_ns) }, ago(r.first_ns, Date.now())), h("td.n", { title: day(r.last_ns) }, ago(r.last_ns, Date.now()))))), "Releases"));
}
