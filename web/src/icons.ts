// SPDX-License-Identifier: Apache-2.0
// The page's own pictures, as paths on a 16 by 16 sheet; the mark is an oriel window.

import { svg } from "./h";

const PATHS = {
	copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
	done: "M3 8.5l3.2 3.2L13 4.8",
	close: "M4 4l8 8M12 4l-8 8",
	moon: "M13.2 9.8A5.6 5.6 0 0 1 6.2 2.8a5.6 5.6 0 1 0 7 7z",
	sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 0 0 0-5.6zM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M3.2 12.8l1-1M11.8 4.2l1-1",
	search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zM10.3 10.3l3.4 3.4",
	back: "M9.8 3.5L5.3 8l4.5 4.5",
};

export function icon(name: keyof typeof PATHS): SVGElement {
	return svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
		svg("path", { d: PATHS[name] }));
}

// Three lights of a bay window, the roof above and the corbel below.
export function mark(): SVGElement {
	const pane = (cls: string, d: string) => svg("path", { class: cls, d });

	return svg("svg", { viewBox: "0 0 32 32", class: "mark", "aria-hidden": "true" },
		pane("mark-wall", "M4.5 9.5L11 5h10l6.5 4.5z"),
		pane("mark-left", "M5.5 11.2l5-.9v12.4l-5-.9z"),
		pane("mark-mid", "M12 10.2h8v12.6h-8z"),
		pane("mark-right", "M26.5 11.2l-5-.9v12.4l5-.9z"),
		pane("mark-wall", "M5.5 23.2l6 1.1h9l6-1.1-7.7 5.3h-5.6z"));
}
