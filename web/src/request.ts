// SPDX-License-Identifier: Apache-2.0
// Request: one line of a list of traces, in words: what was asked, and how it ended.

import type { TraceLine } from "./api";
import { plain, plural } from "./format";
import { h } from "./h";
import { tag } from "./parts";

// The route where there is one, else the path that was asked for.
export function requestWords(t: TraceLine): [string, string] {
	const where = t.route ?? t.path ?? (t.name === t.method ? "" : t.name);

	if (t.method && where)
		return [plain(t.method, 12), plain(where, 200)];
	return ["", plain(where || t.method, 200) || "(no name)"];
}

export function requestName(t: TraceLine): (Node | string)[] {
	const [method, where] = requestWords(t);

	return method ? [h("span.method", null, method), where] : [where];
}

export function requestStatus(t: TraceLine): HTMLElement {
	const code = t.http_status;
	const bad = t.status === "error" || (code ?? 0) >= 500;

	if (code)
		return code < 400 && !bad ? h("span.dim", null, code) : tag(bad ? "error" : "warn", code);
	if (bad)
		return tag("error", "error");
	return t.errors ? tag("warn", plural(t.errors, "error")) : h("span.dim", null, "ok");
}
