// SPDX-License-Identifier: Apache-2.0
//
// Place: where the reader is, kept in the address after the #, so that a link shows what its sender
// saw and the back button goes back.
//
//     #/traces?service=shop&errors=1      #/trace/4bf9…4736?span=00f0…02b7&run=…

export interface Place {
	view: string;
	id: string;
	query: Record<string, string>;
}

export function parse(hash: string): Place {
	const [path, search] = cut(hash.replace(/^#?\/?/, ""), "?");
	const [view, id] = cut(path, "/");
	const query: Record<string, string> = {};

	new URLSearchParams(search).forEach((v, k) => {
		if (v !== "")
			query[k] = v;
	});
	return { view: view || "overview", id: decode(id), query };
}

export function format(p: Place): string {
	const s = new URLSearchParams();

	for (const [k, v] of Object.entries(p.query))
		if (v)
			s.set(k, v);
	const search = s.toString();

	return `#/${p.view}${p.id ? "/" + encodeURIComponent(p.id) : ""}${search ? "?" + search : ""}`;
}

function cut(s: string, at: string): [string, string] {
	const i = s.indexOf(at);

	return i < 0 ? [s, ""] : [s.slice(0, i), s.slice(i + 1)];
}

function decode(s: string): string {
	try {
		return decodeURIComponent(s);
	} catch {
		return s;
	}
}

// A link to another view. The run that was picked goes with the reader.
export function link(view: string, id = "", query: Record<string, string> = {}): string {
	const run = here().query.run;

	return format({ view, id, query: run ? { run, ...query } : query });
}

// For lists that come whole: what belongs to the run that was picked, or all.
export function ofRun(run: string | undefined): (of: { run?: string }) => boolean {
	return (of) => !run || of.run === run;
}

export function here(): Place {
	return parse(location.hash);
}

export function go(p: Place, how: "push" | "replace" = "push"): void {
	const hash = format(p);

	if (hash === location.hash)
		return;
	if (how === "push") {
		location.hash = hash;
	} else {
		history.replaceState(null, "", hash);
		window.dispatchEvent(new HashChangeEvent("hashchange"));
	}
}

// Changes some of the query and keeps the rest; "" takes a word out.
export function amend(change: Record<string, string>, how: "push" | "replace" = "replace"): void {
	const p = here();

	go({ ...p, query: { ...p.query, ...change } }, how);
}
