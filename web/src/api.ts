// SPDX-License-Identifier: Apache-2.0
// What the collector answers (doc/api.md), and how to ask.

export type Values = Record<string, unknown>;

export interface Span {
	span_id: string;
	parent_id?: string;
	trace_id: string;
	service: string;
	instance?: string;
	pid?: number;
	name: string;
	kind: string;
	status: string;
	status_message?: string;
	start_ns: string;
	duration_ns: number;
	open?: boolean;
	end?: string;
	scope?: string;
	scope_version?: string;
	thread_id?: number;
	trace_state?: string;
	attributes?: Values;
	events?: { time_ns: string; name: string; attributes?: Values }[];
	links?: { trace_id: string; span_id: string; attributes?: Values }[];
	dropped?: Record<string, number>;
	run?: string;
}

export interface Log {
	time_ns: string;
	severity: number;
	severity_text?: string;
	body?: unknown;
	event_name?: string;
	service: string;
	pid?: number;
	trace_id?: string;
	span_id?: string;
	scope?: string;
	thread_id?: number;
	attributes?: Values;
	run?: string;
}

export interface Trace {
	trace_id: string;
	start_ns: string;
	duration_ns: number;
	spans: Span[];
	logs: Log[];
}

export interface TraceLine {
	trace_id: string;
	service: string;
	name: string;
	kind: string;
	method?: string;
	route?: string;
	path?: string;
	http_status?: number;
	status: string;
	start_ns: string;
	duration_ns: number;
	spans: number;
	errors: number;
	logs: number;
	services: string[];
	root?: boolean;
	run?: string;
}

export interface Release {
	version: string;
	count: number;
	first_ns: string;
	last_ns: string;
}

// A kind of error.
export interface ErrorKind {
	id: string;
	service: string;
	type: string;
	message?: string;
	place?: string;
	crash?: boolean;
	count: number;
	first_ns: string;
	last_ns: string;
	releases?: Release[];
}

export interface ErrorDetail extends ErrorKind {
	seen?: { time_ns: string; message?: string; trace_id?: string; span_id?: string; run?: string }[];
	record?: Log;
}

export interface Frame {
	address: string;
	function: string;
	file: string;
	line: number;
	inlined: boolean;
	module: string;
	build_id: string;
}

export interface Figures {
	service: string;
	count: number;
	errors: number;
	p50_ns: number;
	p95_ns: number;
	p99_ns: number;
	max_ns: number;
	last_ns: string;
}

export interface Service extends Figures {
	processes?: number;
}

export interface RouteFigures extends Figures {
	method?: string;
	route?: string;
}

export interface Run {
	id: string;
	command: string;
	pid: number;
	started_ns: string;
	ended_ns?: string;
	status?: string;
}

export interface Process {
	pid: number;
	service: string;
	instance?: string;
	run?: string;
	program?: string;
	started_ns: string;
	segment_bytes?: number;
	records?: number;
	dropped?: number;
	open_spans?: number;
	live?: boolean;
}

export interface Destination {
	name: string;
	signals?: string[];
	endpoint?: string;
	queued: number;
	sent: number;
	dropped: number;
	failing?: boolean;
	why?: string;
}

export interface Counter {
	name: string;
	unit?: string;
	value: number;
	about?: string;
}

export interface Status {
	version: string;
	pid: number;
	started_ns: string;
	now_ns: string;
	address: string;
	run_dir: string;
	data_dir?: string;
	processes?: Process[];
	destinations?: Destination[];
	losses?: Counter[];
	counters?: Counter[];
}

export interface Metric {
	service: string;
	instance?: string;
	run?: string;
	name: string;
	unit?: string;
	kind: string;
	description?: string;
	attributes?: Values;
	time_ns: string;
	value?: number;
	count?: number;
	sum?: number;
	min?: number;
	max?: number;
	bounds?: number[];
	buckets?: number[];
	quantiles?: { quantile: number; value: number | string }[];
}

export class Refusal extends Error {
	constructor(readonly status: number, message: string) {
		super(message);
	}
}

export type Parameters = Record<string, string | number | undefined>;

export function query(p: Parameters): string {
	const s = new URLSearchParams();

	for (const [k, v] of Object.entries(p))
		if (v !== undefined && v !== "")
			s.set(k, String(v));
	const all = s.toString();

	return all ? "?" + all : "";
}

export async function get<T>(path: string, p: Parameters = {}, signal?: AbortSignal): Promise<T> {
	let answer: Response;

	try {
		answer = await fetch(`/api/${path}${query(p)}`, { signal, headers: { Accept: "application/json" } });
	} catch (e) {
		if (signal?.aborted)
			throw e;
		throw new Refusal(0, "the collector does not answer");
	}
	if (!answer.ok)
		throw new Refusal(answer.status, await reason(answer));
	try {
		return await answer.json() as T;
	} catch (e) {
		if (signal?.aborted)
			throw e;
		throw new Refusal(answer.status, "the collector's answer was cut short or is not JSON");
	}
}

async function reason(answer: Response): Promise<string> {
	try {
		const said = await answer.json();

		if (typeof said.error === "string")
			return said.error;
	} catch {
		// not JSON: the status must do
	}
	return `the collector answered ${answer.status}`;
}
