// SPDX-License-Identifier: Apache-2.0
// Shell: what surrounds every view: the mark, the ways to the views, the run, light or dark.

import { get, Run } from "./api";
import { follow } from "./follow";
import { ago, plain } from "./format";
import { fill, h, keyed, text } from "./h";
import { icon, mark } from "./icons";
import { amend, here, link } from "./place";

const VIEWS: [string, string][] = [
	["overview", "Overview"], ["traces", "Traces"], ["in-flight", "In flight"], ["logs", "Logs"], ["errors", "Errors"],
	["metrics", "Metrics"], ["status", "Status"],
];

export interface Shell {
	main: HTMLElement;
	arrived(view: string): void;
	trouble(wrong: string | null): void;
}

export function shell(repaint: () => void): Shell {
	const main = h("main", { id: "main", tabindex: "-1" });
	const ways = h("nav", { "aria-label": "Views" });
	const banner = h("div.banner", { role: "status", hidden: true });
	const links = VIEWS.map(([view, label]) => h("a.way", { "data-view": view }, label));

	ways.append(...links);
	document.body.append(
		h("a.skip", { href: "#main", onclick: (e: Event) => {
			e.preventDefault();
			main.focus();
		} }, "Skip to the content"),
		h("header.top", null, h("a.home", { href: "#/", "aria-label": "Oriel" }, mark(), h("span", null, "Oriel")),
			ways, h("div.tools", null, runs(), theme(repaint))),
		banner, main);

	return {
		main,
		arrived(view) {
			for (const a of links) {
				const at = a.dataset.view as string;
				a.setAttribute("href", link(at));
				if (at === (view === "trace" ? "traces" : view === "error" ? "errors" : view)) {
					a.setAttribute("aria-current", "page");
					ways.scrollLeft = a.offsetLeft - ways.offsetLeft - 60;
				} else {
					a.removeAttribute("aria-current");
				}
			}
		},
		trouble(wrong) {
			banner.hidden = wrong === null;
			if (wrong !== null)
				fill(banner, h("span.pulse"), wrong[0].toUpperCase() + wrong.slice(1), ". Trying again by itself.");
		},
	};
}

function runs(): HTMLElement {
	const select = h("select.quiet", {
		"aria-label": "Run", title: "Show one run of oriel run, or all",
		onchange: () => amend({ run: select.value, span: "" }, "push"),
	});

	function show(list: Run[]): void {
		const picked = here().query.run ?? "";
		const known = picked && !list.some((r) => r.id === picked);
		const lines = [{ id: "", label: "All runs" }, ...list.map((r) => ({ id: r.id, label: lineOf(r) }))];
		if (known)
			lines.push({ id: picked, label: `Run ${picked.slice(0, 8)}` });
		keyed(select, lines, (l) => l.id, (l) => {
			const el = h("option", { value: l.id });
			return { el, set: (now) => text(el, now.label) };
		});
		select.value = picked;
	}
	let last: Run[] = [];
	show(last);
	follow(async (signal) => {
		last = (await get<{ runs: Run[] }>("runs", { limit: 30 }, signal)).runs ?? [];
		show(last);
	}, 5000);
	window.addEventListener("hashchange", () => show(last));
	return select;
}

function lineOf(r: Run): string {
	const when = r.ended_ns ? `${r.status ?? "ended"}, ${ago(r.ended_ns, Date.now())}` : "running";

	// Without the folder of the program, which all of them may share.
	return `${plain(r.command.replace(/^[^\s'"]*\/(?=[^\s\/])/, ""), 48)} (${when})`;
}

/* ---- light and dark: the system's choice, until the reader makes one ---- */

const SHELF = "oriel.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function chosen(): string | null {
	try {
		const t = localStorage.getItem(SHELF);
		return t === "light" || t === "dark" ? t : null;
	} catch {
		return null;
	}
}

const current = () => chosen() ?? (dark.matches ? "dark" : "light");

function theme(repaint: () => void): HTMLElement {
	const button = h("button.icon-button", { type: "button", onclick: toggle });

	function apply(): void {
		const now = current();
		document.documentElement.dataset.theme = now;
		const label = now === "dark" ? "Light colours" : "Dark colours";
		button.setAttribute("aria-label", label);
		button.title = label;
		fill(button, icon(now === "dark" ? "sun" : "moon"));
		repaint();
	}

	function toggle(): void {
		const next = current() === "dark" ? "light" : "dark";
		try {
			if (next === (dark.matches ? "dark" : "light"))
				localStorage.removeItem(SHELF);
			else
				localStorage.setItem(SHELF, next);
		} catch {
			// then it lasts until the page is left
		}
		document.documentElement.dataset.theme = next;
		apply();
	}
	dark.addEventListener("change", apply);
	apply();
	return button;
}
