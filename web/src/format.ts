// SPDX-License-Identifier: Apache-2.0
//
// How figures read. Times come as strings of nanoseconds, too long for a number: subtract them with
// since(), which is exact, and only then make a number of them.

export function since(later: string | bigint, earlier: string | bigint): number {
	return Number(whole(later) - whole(earlier));
}

export function whole(ns: string | bigint | undefined): bigint {
	if (typeof ns === "bigint")
		return ns;
	return ns && /^-?\d{1,30}$/.test(ns) ? BigInt(ns) : 0n;
}

function digits(v: number): string {
	return v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2);
}

// Three figures that count, in the unit that fits: 850 ns, 12.3 µs, 1.83 ms, 2.40 s, 1 m 12 s.
export function duration(ns: number | undefined): string {
	if (ns === undefined || !Number.isFinite(ns))
		return "–";
	if (ns < 0)
		return "−" + duration(-ns);
	if (ns < 999.5)
		return `${Math.round(ns)} ns`;
	if (ns < 999.5e3)
		return `${digits(ns / 1e3)} µs`;
	if (ns < 999.5e6)
		return `${digits(ns / 1e6)} ms`;
	if (ns < 59.995e9)
		return `${digits(ns / 1e9)} s`;
	return clockwork(Math.round(ns / 1e9));
}

function clockwork(s: number): string {
	if (s < 3600)
		return `${Math.floor(s / 60)} m ${s % 60} s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} m`;
	return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

const two = (n: number) => String(n).padStart(2, "0");

function date(ns: string): Date {
	return new Date(Number(whole(ns) / 1000000n));
}

// 14:03:09.512 in the reader's own time zone.
export function clock(ns: string): string {
	const d = date(ns);

	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.` +
		String(d.getMilliseconds()).padStart(3, "0");
}

export function day(ns: string): string {
	const d = date(ns);

	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

export function ago(ns: string, nowMs: number): string {
	const s = Math.max(0, Math.round((nowMs - Number(whole(ns) / 1000000n)) / 1000));

	if (s < 2)
		return "now";
	if (s < 60)
		return `${s} s ago`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ago`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ago`;
	return `${Math.floor(s / 86400)} d ago`;
}

export function count(n: number): string {
	return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function plural(n: number, noun: string, many = noun + "s"): string {
	return `${count(n)} ${n === 1 ? noun : many}`;
}

export function percent(part: number, of: number): string {
	if (!of || !part)
		return "0 %";
	const p = (100 * part) / of;

	return p < 0.1 ? "< 0.1 %" : p < 9.95 ? `${p.toFixed(1)} %` : `${p.toFixed(0)} %`;
}

export function rate(perSecond: number): string {
	if (perSecond > 0 && perSecond < 0.095)
		return `${digits(perSecond * 60)} /min`;
	return `${perSecond === 0 ? "0" : perSecond < 0.995 ? perSecond.toFixed(2) : perSecond < 9.95 ? perSecond.toFixed(1) : count(perSecond)} /s`;
}

export function bytes(n: number): string {
	if (n < 1024)
		return `${n} B`;
	if (n < 1024 * 1024)
		return short(`${digits(n / 1024)} KiB`);
	return short(`${digits(n / 1024 / 1024)} MiB`);
}

// Without zeros that say nothing: 5.00 ms is 5 ms on a ruler.
export function short(s: string): string {
	return s.replace(/(\.\d*?)0+ /, "$1 ").replace(". ", " ").replace(/(\d [mhd]) 0 [smh]$/, "$1");
}

// A number of a metric: whole ones whole, others with four figures.
export function figure(v: number | undefined): string {
	if (v === undefined)
		return "–";
	if (Number.isInteger(v) && Math.abs(v) < 1e15)
		return v < 0 ? "−" + count(-v) : count(v);
	return Number(v.toPrecision(4)).toString();
}

// One line of foreign text: cut, and without what could break a line or turn the reading direction.
export function plain(s: string | undefined, most = 300): string {
	if (!s)
		return "";
	const cut = s.length > most ? s.slice(0, most) + "…" : s;

	return cut.replace(/[\u0000-\u001f\u007f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "\u00b7");
}

// An attribute's value as text. What can't be seen, or would turn the reading direction and so make
// text look like other text, is written as its code.
export function value(v: unknown): string {
	const s = typeof v === "string" ? v : JSON.stringify(v) ?? "";

	return s.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
		(c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}
