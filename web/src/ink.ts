// SPDX-License-Identifier: Apache-2.0
// Ink: the page's colours and type as a canvas needs them, and text that fits its place.

export interface Ink {
	text: string;
	dim: string;
	faint: string;
	line: string;
	bg: string;
	raise: string;
	hover: string;
	accent: string;
	error: string;
	warn: string;
	font: string;
}

export function ink(): Ink {
	const style = getComputedStyle(document.documentElement);
	const v = (name: string) => style.getPropertyValue(`--${name}`).trim();

	return {
		text: v("text"), dim: v("dim"), faint: v("faint"), line: v("line"), bg: v("surface"), raise: v("raise"),
		hover: v("hover"), accent: v("accent"), error: v("error"), warn: v("warn"), font: v("font"),
	};
}

// Sizes a canvas for the screen's real pixels; the context draws in CSS pixels.
export function sheet(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
	const ratio = window.devicePixelRatio || 1;
	const w = Math.round(width * ratio);
	const h = Math.round(height * ratio);

	if (canvas.width !== w || canvas.height !== h) {
		canvas.width = w;
		canvas.height = h;
		canvas.style.width = `${width}px`;
		canvas.style.height = `${height}px`;
	}
	const g = canvas.getContext("2d") as CanvasRenderingContext2D;
	g.setTransform(ratio, 0, 0, ratio, 0, 0);
	g.clearRect(0, 0, width, height);
	return g;
}

const widths = new Map<string, number>();

export function width(g: CanvasRenderingContext2D, s: string): number {
	const key = g.font + s;
	let w = widths.get(key);

	if (w === undefined) {
		if (widths.size > 20000)
			widths.clear();
		widths.set(key, w = g.measureText(s).width);
	}
	return w;
}

export function fit(g: CanvasRenderingContext2D, s: string, room: number): string {
	if (room < 8)
		return "";
	if (width(g, s) <= room)
		return s;
	let low = 0;
	let high = s.length;

	while (low < high) {
		const mid = (low + high + 1) >> 1;
		if (g.measureText(s.slice(0, mid) + "…").width <= room)
			low = mid;
		else
			high = mid - 1;
	}
	return low ? s.slice(0, low) + "…" : "";
}

export function severity(n: number): "debug" | "info" | "warn" | "error" {
	return n >= 17 ? "error" : n >= 13 ? "warn" : n >= 9 || n === 0 ? "info" : "debug";
}

// A path with round corners on the left and, unless it says otherwise, on the right.
export function pill(g: CanvasRenderingContext2D, x: number, y: number, w: number, high: number, r: number,
		     right = r): void {
	g.beginPath();
	g.moveTo(x + r, y);
	g.arcTo(x + w, y, x + w, y + high, right);
	g.arcTo(x + w, y + high, x, y + high, right);
	g.arcTo(x, y + high, x, y, r);
	g.arcTo(x, y, x + w, y, r);
	g.closePath();
}
