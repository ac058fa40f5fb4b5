// SPDX-License-Identifier: Apache-2.0
// Scale: a stretch of time laid over a stretch of pixels, and where its ticks stand.

export interface Stretch {
	from: number;
	to: number;
}

const SECOND = 1e9;
const CLOCK = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400].map((s) => s * SECOND);

function stepOf(rough: number): number {
	const power = 10 ** Math.floor(Math.log10(rough));

	if (rough > 20 * SECOND)
		return CLOCK.find((s) => s >= rough * 0.999) ?? Math.ceil(rough / (86400 * SECOND)) * 86400 * SECOND;
	return [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough * 0.999) ?? 10 * power;
}

// About `n` ticks, in nanoseconds, inside the stretch: at 1, 2 or 5 times a power of ten, and as a
// clock is divided where it is minutes and hours.
export function ticks(s: Stretch, n: number): number[] {
	const span = s.to - s.from;

	if (!(span > 0) || n < 1)
		return [s.from];
	const step = stepOf(span / n);
	const out: number[] = [];

	for (let i = Math.ceil(s.from / step - 1e-9); i * step <= s.to * (1 + 1e-12) && out.length < 100; i++)
		out.push(i * step);
	return out;
}

// A stretch no shorter than `least`, kept inside the whole.
export function clamp(s: Stretch, whole: Stretch, least: number): Stretch {
	const room = whole.to - whole.from;
	const long = Math.min(room, Math.max(least, s.to - s.from));
	const from = Math.min(Math.max(whole.from, s.from), whole.to - long);

	return { from, to: from + long };
}

// The bars' full length: the longest duration but for the outliers, which would make all others dots.
export function ordinary(durations: number[]): number {
	const all = [...durations].sort((a, b) => a - b);
	const most = all[all.length - 1] ?? 1;
	const usual = all[Math.floor((all.length - 1) * 0.9)] ?? 1;

	return Math.max(1, most > usual * 3 ? usual * 1.5 : most);
}
