// SPDX-License-Identifier: Apache-2.0
//
// Main: the address decides which view is on; a view stays while only its query changes.
// Adding a view is a file in views/ and a row here (and in the shell's list of ways).

import { onTrouble } from "./follow";
import { fill } from "./h";
import { View } from "./parts";
import { here, Place } from "./place";
import { shell } from "./shell";
import { error } from "./views/error";
import { errors } from "./views/errors";
import { inFlight } from "./views/in-flight";
import { logs } from "./views/logs";
import { metrics } from "./views/metrics";
import { overview } from "./views/overview";
import { status } from "./views/status";
import { trace } from "./views/trace";
import { traces } from "./views/traces";

const VIEWS: Record<string, (p: Place) => View> = {
	overview, traces, logs, errors, metrics, status,
	"in-flight": inFlight,
	trace: (p) => trace(p.id),
	error: (p) => error(p.id),
};

let view: View | null = null;
let which = "";
const frame = shell(() => view?.repaint?.());

function arrive(): void {
	const place = here();
	const make = VIEWS[place.view] ?? overview;
	const now = `${place.view}/${place.id}`;

	frame.arrived(place.view);
	if (now === which) {
		view?.arrive();
		return;
	}
	view?.close();
	which = now;
	view = make(place);
	fill(frame.main, view.el);
	document.title = `${place.id ? place.id.slice(0, 8) + " · " : ""}Oriel`;
	window.scrollTo(0, 0);
}

onTrouble((wrong) => frame.trouble(wrong));
window.addEventListener("hashchange", arrive);
document.addEventListener("keydown", (e) => {
	const typing = /^(INPUT|SELECT|TEXTAREA)$/.test((e.target as Element)?.tagName ?? "");

	if (e.altKey || e.ctrlKey || e.metaKey || e.defaultPrevented || (typing && e.key !== "Escape"))
		return;
	if (typing)
		(e.target as HTMLElement).blur();
	else
		view?.key?.(e);
});
arrive();
