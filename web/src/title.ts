// SPDX-License-Identifier: Apache-2.0
// Title: what a span is called on the page: an HTTP one is more than "GET".

import type { Span } from "./api";

export function title(s: Span): string {
	const a = s.attributes ?? {};
	const where = [a["http.route"], a["url.template"], a["url.path"], path(a["url.full"])].find((x) => typeof x === "string" && x);

	if (where && s.name && s.name === a["http.request.method"])
		return `${s.name} ${where}`;
	return s.name || "(no name)";
}

function path(url: unknown): string {
	const cut = typeof url === "string" ? /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url) : null;

	return cut ? cut[1] : "";
}
