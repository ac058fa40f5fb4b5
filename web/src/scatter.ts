// SPDX-License-Identifier: Apache-2.0
//
// Scatter: each trace of the list a point, when against how long, so that the slow and the failed
// stand out before anything is read. Durations on a logarithmic scale; errors are crosses.

import type { TraceLine } from "./api";
import { colour } from "./colour";
import { clock, duration, plain, since } from "./format";
import { h } from "./h";
import { requestWords } from "./request";
import { ink, pill, sheet, width } from "./ink";

const HEIGHT = 112;
const BOTTOM = 20;
const TOP = 10;

interface Point {
	x: number;
	y: number;
	t: TraceLine;
}

export function scatter(open: (traceId: string) => void) {
	const canvas = h("canvas", { "aria-hidden": "true" });
	const el = h("div.card.scatter", { hidden: true }, canvas);
	let lines: TraceLine[] = [];
	let points: Point[] = [];
	let near: Point | null = null;
	let paint = ink();

	function place(w: number, left: number): void {
		const first = lines[lines.length - 1].start_ns;
		const long = Math.max(1, since(lines[0].start_ns, first));
		const [low, high] = decades();

		points = lines.map((t) => ({
			t, x: left + (since(t.start_ns, first) / long) * (w - left - 16),
			y: HEIGHT - BOTTOM - ((Math.log10(Math.max(1, t.duration_ns)) - low) / (high - low)) * (HEIGHT - BOTTOM - TOP),
		}));
	}

	function decades(): [number, number] {
		const logs = lines.map((t) => Math.log10(Math.max(1, t.duration_ns)));
		const low = Math.floor(Math.min(...logs));

		return [low, Math.max(low + 1, Math.ceil(Math.max(...logs)))];
	}

	function draw(): void {
		const w = el.clientWidth;
		if (!w || lines.length < 2)
			return;
		const g = sheet(canvas, w, HEIGHT);
		const left = 66;
		place(w, left);
		axes(g, w, left);
		for (const p of points)
			dot(g, p, p === near);
		if (near)
			tell(g, w, near);
	}

	function axes(g: CanvasRenderingContext2D, w: number, left: number): void {
		const [low, high] = decades();
		const steps = high - low > 3 ? 2 : 1;

		g.font = `11px ${paint.font}`;
		g.textBaseline = "middle";
		for (let d = low; d <= high; d += steps) {
			const y = HEIGHT - BOTTOM - ((d - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
			const label = decade(d);
			g.fillStyle = paint.line;
			g.fillRect(left - 8, Math.round(y), w - left - 4, 1);
			g.fillStyle = paint.dim;
			g.fillText(label, left - 16 - width(g, label), y);
		}
		const end = clock(lines[0].start_ns).slice(0, 8);
		g.fillText(clock(lines[lines.length - 1].start_ns).slice(0, 8), left - 8, HEIGHT - 8);
		g.fillText(end, w - 16 - width(g, end), HEIGHT - 8);
	}

	const decade = (d: number) => {
		const unit = ["ns", "µs", "ms", "s"][Math.min(3, Math.max(0, Math.floor(d / 3)))];

		return `${10 ** (d - Math.min(3, Math.max(0, Math.floor(d / 3))) * 3)} ${unit}`;
	};

	function dot(g: CanvasRenderingContext2D, p: Point, big: boolean): void {
		const bad = p.t.status === "error" || p.t.errors > 0;

		if (bad) {
			g.strokeStyle = paint.error;
			g.lineWidth = 2;
			g.beginPath();
			g.moveTo(p.x - 3.5, p.y - 3.5);
			g.lineTo(p.x + 3.5, p.y + 3.5);
			g.moveTo(p.x + 3.5, p.y - 3.5);
			g.lineTo(p.x - 3.5, p.y + 3.5);
			g.stroke();
		} else {
			g.globalAlpha = big ? 1 : 0.65;
			g.fillStyle = colour(p.t.service);
			g.beginPath();
			g.arc(p.x, p.y, big ? 5 : 3.2, 0, 7);
			g.fill();
			g.globalAlpha = 1;
		}
	}

	function tell(g: CanvasRenderingContext2D, w: number, p: Point): void {
		const label = `${duration(p.t.duration_ns)}  ${plain(requestWords(p.t).join(" ").trim(), 60)}`;
		const wide = width(g, label) + 16;
		const x = Math.min(w - wide - 4, Math.max(4, p.x + 10));
		const y = Math.min(HEIGHT - 30, Math.max(2, p.y - 26));

		g.fillStyle = paint.text;
		pill(g, x, y, wide, 22, 5);
		g.fill();
		g.fillStyle = paint.bg;
		g.fillText(label, x + 8, y + 11.5);
	}

	function find(e: MouseEvent): Point | null {
		const box = canvas.getBoundingClientRect();
		let best: Point | null = null;
		let least = 15 * 15;

		for (const p of points) {
			const d = (p.x - e.clientX + box.left) ** 2 + (p.y - e.clientY + box.top) ** 2;
			if (d < least) {
				least = d;
				best = p;
			}
		}
		return best;
	}

	canvas.addEventListener("pointermove", (e) => {
		const now = find(e);
		canvas.classList.toggle("pointing", !!now);
		if (now !== near) {
			near = now;
			draw();
		}
	});
	canvas.addEventListener("pointerleave", () => {
		near = null;
		draw();
	});
	canvas.addEventListener("click", (e) => {
		const p = find(e);
		if (p)
			open(p.t.trace_id);
	});
	const sizes = new ResizeObserver(draw);
	sizes.observe(el);

	return {
		el,
		show(now: TraceLine[]) {
			lines = now;
			near = near && (now.some((t) => t.trace_id === near?.t.trace_id) ? near : null);
			draw();
		},
		repaint() {
			paint = ink();
			draw();
		},
		close: () => sizes.disconnect(),
	};
}
