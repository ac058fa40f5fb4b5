// SPDX-License-Identifier: Apache-2.0
//
// Trace: one request from end to end: the waterfall, and beside it what is known of one span.
// While a span is open, or the trace is young, it is asked for again.

import { get, Refusal, Trace } from "../api";
import { follow } from "../follow";
import { clock, count, day, duration, plain, plural, whole } from "../format";
import { fill, h } from "../h";
import { icon } from "../icons";
import { copyButton, empty, serviceName, tag, View } from "../parts";
import { amend, here, link } from "../place";
import { spanPanel } from "../span";
import { grow, Tree } from "../tree";
import { logTable, shareTable, spanTable } from "../trace-tables";
import { title } from "../title";
import { waterfall } from "../waterfall";

const SHEETS: [string, string][] = [["", "Waterfall"], ["table", "Table"], ["time", "Self time"], ["logs", "Logs"]];
const YOUNG_MS = 30000;

export function trace(id: string): View {
	const select = (span: string) => amend({ span }, here().query.span ? "replace" : "push");
	const fall = waterfall(select);
	const head = h("div.trace-head");
	const tabs = h("div.segmented", { role: "group", "aria-label": "How to show it" });
	const sheet = h("div.trace-sheet");
	const side = h("aside.side", { "aria-label": "The chosen span", hidden: true });
	const el = h("div.page.trace", null, head, h("div.trace-body", null, sheet, side));
	let tree: Tree | null = null;
	let last: Trace | null = null;
	let seen = "";
	let shown = "";
	let more = 500;
	let told = "";		// what the panel shows, and of which span
	let toldOf = "";
	let asked = 0;

	// Nothing more comes for a trace that is whole and old; a large one is asked for less often.
	function settled(): boolean {
		if (!last || !tree)
			return false;
		if (Date.now() - asked < tree.twigs.length)
			return true;
		return !tree.open && Date.now() - Number(whole(last.start_ns) / 1000000n) > YOUNG_MS + last.duration_ns / 1e6;
	}

	async function look(signal: AbortSignal): Promise<void> {
		if (settled())
			return;
		asked = Date.now();
		try {
			last = await get<Trace>(`traces/${encodeURIComponent(id)}`, {}, signal);
		} catch (e) {
			if (!(e instanceof Refusal) || (e.status !== 404 && e.status !== 400))
				throw e;
			missing(e.message);
			return;
		}
		const now = JSON.stringify([last.spans.length, last.logs?.length, last.duration_ns, last.spans.filter((s) => s.open).length]);
		if (now === seen && !tree?.open)
			return;
		seen = now;
		tree = grow({ spans: last.spans ?? [], logs: last.logs ?? [] });
		shown = "";
		show();
	}

	function missing(why: string): void {
		if (tree)
			return;
		fill(head);
		fill(sheet, empty("This trace isn't here", `${why}. It may belong to another collector, or be older than what the store keeps.`));
	}

	function show(): void {
		if (!tree || !last)
			return;
		const q = here().query;
		const what = `${q.sheet ?? ""} ${more}`;

		header(tree);
		if (what !== shown) {
			shown = what;
			keepScroll(sheet, body(tree, q.sheet ?? ""));
			if (!q.sheet)
				fall.show(tree);
		}
		fall.select(q.span ?? "");
		sideOf(tree, q.span ?? "");
	}

	// A trace that grows is drawn again under the reader's eyes: what was scrolled stays so.
	function keepScroll(place: HTMLElement, now: HTMLElement): void {
		const before = place.firstElementChild;
		const top = before?.scrollTop ?? 0;

		if (before === now)
			return;
		fill(place, now);
		if (before?.className === now.className)
			now.scrollTop = top;
	}

	function body(t: Tree, which: string): HTMLElement {
		if (which === "table")
			return spanTable(t, more, (n) => {
				more = n;
				show();
			});
		if (which === "time")
			return shareTable(t, select);
		if (which === "logs")
			return logTable(t);
		return fall.el;
	}

	function header(t: Tree): void {
		const root = t.twigs[0];
		const logs = last?.logs?.length ?? 0;

		fill(tabs, SHEETS.map(([sheetId, label]) => h("button", {
			type: "button", "aria-pressed": String((here().query.sheet ?? "") === sheetId),
			onclick: () => amend({ sheet: sheetId }),
		}, sheetId === "logs" ? `${label} ${count(logs)}` : label)));
		fill(head,
		     h("div.trace-title", null,
		       h("a.icon-button", { href: link("traces"), "aria-label": "Back to the list", title: "Back to the list (Esc)" }, icon("back")),
		       h("h1", null, root ? plain(title(root.span), 200) : "Trace"),
		       t.open ? tag("live", h("span.pulse"), "running") : null,
		       t.errors ? tag("error", plural(t.errors, "error")) : null),
		     h("div.facts", null,
		       h("span", null, h("b", null, duration(t.duration))),
		       h("span", null, plural(t.twigs.length, "span")),
		       h("span", null, `${day(String(t.zero))} ${clock(String(t.zero))}`),
		       h("span.id", null, h("code", null, id.slice(0, 64)), copyButton(id, "Copy the trace id"))),
		     h("div.trace-bar", null, h("div.legend", null, t.services.slice(0, 12).map(serviceName),
						t.services.length > 12 ? `and ${t.services.length - 12} more` : null), tabs));
	}

	function sideOf(t: Tree, spanId: string): void {
		const twig = t.byId.get(spanId);

		side.hidden = !twig;
		el.classList.toggle("with-side", !!twig);
		const now = twig ? JSON.stringify([twig.span, twig.logs.length, twig.self]) : "";
		if (now === told)
			return;
		const top = spanId === toldOf ? side.scrollTop : 0;
		told = now;
		toldOf = spanId;
		fill(side, twig ? spanPanel(t, twig, () => amend({ span: "" })) : null);
		side.scrollTop = top;
	}

	const following = follow(look, 1000);
	return {
		el,
		arrive: show,
		repaint: () => fall.redraw(),
		key(e) {
			if (e.key === "Escape") {
				if (here().query.span)
					amend({ span: "" });
				else
					location.hash = link("traces");
			} else if (/^(Arrow|j$|k$|Page|Home|End)/.test(e.key) && !here().query.sheet &&
				   !/^(INPUT|SELECT)$/.test(document.activeElement?.tagName ?? "") && !side.contains(document.activeElement)) {
				const tree1 = fall.el.querySelector<HTMLElement>("[role=tree]");
				if (tree1 && document.activeElement !== tree1) {
					tree1.focus();
					tree1.dispatchEvent(new KeyboardEvent("keydown", { key: e.key }));
					e.preventDefault();
				}
			}
		},
		close() {
			following.stop();
			fall.close();
		},
	};
}
