// SPDX-License-Identifier: Apache-2.0
// Parts that several views draw: a service's name, a bar, an empty page, figures, tables.

import { colour } from "./colour";
import { plain, value } from "./format";
import { Child, fill, h } from "./h";
import { icon } from "./icons";
import { severity } from "./ink";
import { link } from "./place";
import type { Log, Values } from "./api";

export interface View {
	el: HTMLElement;
	arrive(): void;		// the query has changed
	repaint?(): void;	// the colours have changed
	key?(e: KeyboardEvent): void;
	close(): void;
}

// A service that nobody named is unknown_service:PROGRAM by the specification; here the program says it.
export function shortName(service: string): string {
	return service.replace(/^unknown_service:(?=.)/, "");
}

export function serviceName(name: string): HTMLElement {
	return h("span.service", { title: plain(name) },
		h("span.dot", { style: { background: colour(name) } }), h("span.service-name", null, plain(shortName(name), 120)));
}

// A dotted or snake_cased name that may go on in the next line after a dot or underscore.
export function broken(name: string): Child[] {
	return name.split(/(?<=[._/])(?=.)/).map((part, i) => i ? [h("wbr"), part] : part);
}

// What there is to see before anything is there: the next command.
export function empty(head: string, line: string, command?: string): HTMLElement {
	return h("div.empty", null, h("h2", null, head), h("p", null, line),
		command ? h("p", null, h("code.command", null, command)) : null);
}

export const FIRST_COMMAND = "oriel run -- ./your-service";

export function table(head: [string, string?][], body: HTMLElement, caption: string): HTMLTableElement {
	return h("table", { "aria-label": caption },
		h("thead", null, h("tr", null, head.map(([label, cls]) => h("th", { class: cls, scope: "col" }, label)))), body);
}

// A bar of a share of the whole; more than the whole is a full bar that is cut.
export function meter(share: number, hue?: string): HTMLElement {
	const inner = h(share > 1 ? "span.meter-fill.over" : "span.meter-fill", { style: { width: `${Math.max(0, Math.min(1, share)) * 100}%` } });

	if (hue)
		inner.style.background = hue;
	return h("span.meter", { "aria-hidden": "true" }, inner);
}

export function copyButton(what: string, label: string): HTMLElement {
	const button = h("button.icon-button.small", {
		type: "button", "aria-label": label, title: label,
		onclick: async () => {
			try {
				await navigator.clipboard.writeText(what);
				fill(button, icon("done"));
			} catch {
				button.title = "The browser does not let this page copy";
				fill(button, icon("close"));
			}
			setTimeout(() => fill(button, icon("copy")), 1500);
		},
	}, icon("copy"));

	return button;
}

export function tag(kind: string, ...words: Child[]): HTMLElement {
	return h(`span.tag.${kind}`, null, ...words);
}

export function severityTag(log: Log): HTMLElement {
	const kind = severity(log.severity);

	return tag(`${kind}.level`, plain(log.severity_text || kind.toUpperCase(), 12));
}

export function logBody(log: Log): string {
	const body = log.body === undefined ? "" : value(log.body);

	return body || log.event_name || "(no text)";
}

// The logger, unless it is the program's only one.
export function loggerName(log: Log): string {
	return log.scope && log.scope !== "oriel" ? log.scope : "";
}

// What the record says besides its text: not where in the program it was made.
export function saidBy(log: Log): [string, unknown][] {
	return Object.entries(log.attributes ?? {}).filter(([k]) => !k.startsWith("code."));
}

// "cart.c:42"
export function codePlace(log: Log): { text: string; title: string } | null {
	const a = log.attributes ?? {};
	const file = plain(value(a["code.file.path"] ?? ""), 200);

	if (!file)
		return null;
	const at = `${file}:${plain(value(a["code.line.number"] ?? ""), 10)}`;
	const name = a["code.function.name"];

	return { text: at.slice(at.lastIndexOf("/") + 1), title: name ? `${at}, in ${plain(value(name), 100)}` : at };
}

// Attributes as a definition list; a value that is long keeps its lines and scrolls.
export function valueList(values: Values | undefined): HTMLElement | null {
	const all = Object.entries(values ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

	if (!all.length)
		return null;
	return h("dl.values", null, all.map(([k, v]) => [
		h("dt", { title: plain(k) }, plain(k, 120)),
		h("dd", { class: typeof v }, value(v)),
	]));
}

export function traceLink(traceId: string, spanId?: string): string {
	return link("trace", traceId, spanId ? { span: spanId } : {});
}

// A field that tells its value a moment after the last key.
export function field(label: string, props: Record<string, unknown>, changed: (v: string) => void): HTMLInputElement {
	let timer = 0;
	const input = h("input", {
		"aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false", ...props,
		oninput: () => {
			clearTimeout(timer);
			timer = window.setTimeout(() => changed(input.value.trim()), 250);
		},
		onchange: () => {
			clearTimeout(timer);
			changed(input.value.trim());
		},
	});

	return input;
}

// Sets a field from the address, not while somebody types in it.
export function setField(el: HTMLInputElement | HTMLSelectElement, v: string): void {
	if (document.activeElement !== el && el.value !== v)
		el.value = v;
}

export function options(el: HTMLSelectElement, first: string, names: string[], picked: string): void {
	const want = ["", ...new Set(picked ? [...names, picked] : names)];
	const have = [...el.options].map((o) => o.value);

	if (want.length !== have.length || want.some((n, i) => n !== have[i]))
		fill(el, want.map((n) => h("option", { value: n }, n ? plain(shortName(n), 60) : first)));
	el.value = picked;
}

