// SPDX-License-Identifier: Apache-2.0
// What narrows a list of traces: from the address, to the address, to the question asked of the API.

import type { Parameters } from "./api";

export interface Filters {
	run: string;
	service: string;
	route: string;
	q: string;
	minMs: string;
	status: string;
	errors: boolean;
}

type Query = Record<string, string>;

export function filtersOf(query: Query): Filters {
	return {
		run: query.run ?? "",
		service: query.service ?? "",
		route: query.route ?? "",
		q: query.q ?? "",
		minMs: /^\d{1,9}(\.\d{1,6})?$/.test(query.min_ms ?? "") ? query.min_ms : "",
		status: /^[1-5]\d\d$/.test(query.status ?? "") ? query.status : "",
		errors: query.errors === "1",
	};
}

// Every word is there, empty when it doesn't filter, so that the result can be laid over a query.
export function queryOf(f: Filters): Query {
	return {
		run: f.run, service: f.service, route: f.route, q: f.q, min_ms: f.minMs, status: f.status,
		errors: f.errors ? "1" : "",
	};
}

export function questionOf(f: Filters): Parameters {
	const p: Parameters = {};

	for (const [k, v] of Object.entries(queryOf(f)))
		if (v)
			p[k] = v;
	return p;
}

export function anyFilter(f: Filters): boolean {
	return !!(f.service || f.route || f.q || f.minMs || f.status || f.errors);
}
