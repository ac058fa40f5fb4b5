// SPDX-License-Identifier: Apache-2.0
//
// Waterfall: a trace over time, one row a span.
//
//     name ▾ indented by depth        |0        |200 µs      |400 µs       ruler
//       ▾ GET /orders                 ████████████████████████████  1.8 ms
//           SELECT orders                 ▒▒▒▒████▒▒  •        log on its span
//
// One canvas lies over a scroller and draws only the rows that show, so 100,000 spans scroll like
// ten. Strong parts of a bar are the span's own time, pale ones wait for children; a bar with an
// open end still runs; errors carry a mark as well as a colour. Dragging along the bars zooms.
//
// For keyboards and screen readers the scroller is a tree whose active item is one hidden element,
// rewritten as the selection moves; the page's table view has all the rest.

import { colour } from "./colour";
import { duration, plain, plural, short, since } from "./format";
import { h, text } from "./h";
import { fit, ink, pill, severity, sheet, width } from "./ink";
import { clamp, Stretch, ticks } from "./scale";
import { shortName } from "./parts";
import { title } from "./title";
import { gaps, Tree, Twig, unfolded } from "./tree";

const RULER = 28;
const BAR = 12;
const STACK_BELOW = 620;	// narrower than this the name goes above its bar

export interface Waterfall {
	el: HTMLElement;
	show(tree: Tree): void;
	select(id: string): void;
	redraw(): void;
	close(): void;
}

interface Form {
	stacked: boolean;
	row: number;
	name: number;		// width of the names' column
	left: number;		// where bars begin and end
	right: number;
	width: number;
	height: number;
}

export function waterfall(chosen: (id: string) => void): Waterfall {
	const canvas = h("canvas", { "aria-hidden": "true" });
	const spacer = h("div.waterfall-space");
	const active = h("div.unseen", { id: "waterfall-active", role: "treeitem" });
	const scroller = h("div.waterfall-scroll", {
		tabindex: "0", role: "tree", "aria-label": "Spans of this trace",
		"aria-activedescendant": "waterfall-active",
	}, spacer, active);
	const reset = h("button.plain.reset", { type: "button", title: "Also: double click, Escape, 0",
		onclick: () => magnify(null) }, "Whole trace");
	const el = h("div.waterfall", null, scroller, canvas, reset);
	const folded = new Set<string>();
	let tree: Tree | null = null;
	let rows: Twig[] = [];
	let selected = "";
	let hovered = -1;
	let zoom: Stretch | null = null;
	let drag: { from: number; to: number; moved: boolean } | null = null;
	let frame = 0;
	let paint = ink();

	const all = (): Stretch => ({ from: 0, to: Math.max(1, tree?.duration ?? 1) });
	const view = (): Stretch => zoom ?? all();

	function form(): Form {
		const w = scroller.clientWidth;
		const stacked = w < STACK_BELOW;
		const name = stacked ? 0 : Math.round(Math.min(460, Math.max(220, w * 0.34)));

		return {
			stacked, row: stacked ? 42 : 26, name, left: name + (stacked ? 12 : 14),
			right: w - (stacked ? 18 : tree?.open ? 122 : 72), width: w, height: scroller.clientHeight,
		};
	}

	function later(): void {
		if (!frame)
			frame = requestAnimationFrame(() => {
				frame = 0;
				draw();
			});
	}

	function lay(): void {
		rows = tree ? unfolded(tree.twigs, folded) : [];
		// The height that the rows would like; what the page has room for is the page's business.
		const high = RULER + rows.length * form().row + 6;
		spacer.style.height = `${high}px`;
		el.style.setProperty("--rows-height", `${high}px`);
		later();
	}

	/* ---- drawing ---- */

	function draw(): void {
		const f = form();
		if (!f.width || !f.height || !tree)
			return;
		const g = sheet(canvas, f.width, f.height);
		const s = view();
		const first = Math.max(0, Math.floor((scroller.scrollTop) / f.row));
		const last = Math.min(rows.length, Math.ceil((scroller.scrollTop + f.height - RULER) / f.row) + 1);

		g.textBaseline = "middle";
		g.save();
		g.beginPath();
		g.rect(0, RULER, f.width, f.height - RULER);
		g.clip();
		for (let i = first; i < last; i++)
			ground(g, f, i, RULER + i * f.row - scroller.scrollTop);
		grid(g, f, s);
		for (let i = first; i < last; i++)
			line(g, f, s, rows[i], RULER + i * f.row - scroller.scrollTop);
		g.restore();
		ruler(g, f, s);
	}

	const x = (f: Form, s: Stretch, t: number) => f.left + ((t - s.from) / (s.to - s.from)) * (f.right - f.left);

	function ground(g: CanvasRenderingContext2D, f: Form, i: number, y: number): void {
		const picked = rows[i].span.span_id === selected;

		if (!picked && i !== hovered)
			return;
		g.fillStyle = picked ? paint.raise : paint.hover;
		g.fillRect(0, y, f.width, f.row);
		if (picked) {
			g.fillStyle = paint.accent;
			g.fillRect(0, y, 3, f.row);
		}
	}

	function marks(f: Form, s: Stretch): number[] {
		return ticks(s, Math.max(2, Math.floor((f.right - f.left) / 110)));
	}

	function grid(g: CanvasRenderingContext2D, f: Form, s: Stretch): void {
		g.fillStyle = paint.line;
		for (const t of marks(f, s))
			g.fillRect(Math.round(x(f, s, t)), RULER, 1, f.height);
		if (!f.stacked)
			g.fillRect(f.name, RULER, 1, f.height);
	}

	function ruler(g: CanvasRenderingContext2D, f: Form, s: Stretch): void {
		g.font = `11px ${paint.font}`;
		g.fillStyle = paint.dim;
		for (const t of marks(f, s)) {
			const label = t === 0 ? "0" : short(duration(t));
			const at = x(f, s, t);
			const w = width(g, label);
			const room = Math.min(at - (t === 0 || at < f.left + w / 2 ? 0 : w / 2), f.width - w - 6);
			g.fillText(label, room, RULER / 2);
		}
		if (!f.stacked) {
			g.fillText(fit(g, plural(rows.length, "row"), f.name - 30), 14, RULER / 2);
		}
		g.fillStyle = paint.line;
		g.fillRect(0, RULER - 1, f.width, 1);
		if (drag?.moved) {
			const [a, b] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
			g.globalAlpha = 0.14;
			g.fillStyle = paint.accent;
			g.fillRect(a, 0, b - a, f.height);
			g.globalAlpha = 1;
			g.fillRect(a, 0, 1, f.height);
			g.fillRect(b, 0, 1, f.height);
		}
	}

	function line(g: CanvasRenderingContext2D, f: Form, s: Stretch, t: Twig, y: number): void {
		const middle = f.stacked ? y + 29 : y + f.row / 2;

		if (f.stacked)
			name(g, f, t, y + 12, f.width - 12);
		else
			name(g, f, t, middle, f.name - 8);
		g.save();
		g.beginPath();
		g.rect(f.stacked ? 0 : f.name + 1, y, f.width, f.row);
		g.clip();
		bar(g, f, s, t, middle);
		points(g, f, s, t, middle);
		g.restore();
	}

	const indent = (f: Form, t: Twig) => {
		const step = f.stacked ? 9 : 14;
		const deepest = f.stacked ? 8 : Math.floor((f.name - 130) / step);

		return 10 + Math.min(t.depth, deepest) * step;
	};

	function name(g: CanvasRenderingContext2D, f: Form, t: Twig, middle: number, right: number): void {
		let at = indent(f, t);

		if (t.children.length)
			caret(g, at + 4, middle, folded.has(t.span.span_id));
		at += 14;
		g.fillStyle = colour(t.span.service);
		pill(g, at, middle - 6, 4, 12, 2);
		g.fill();
		at += 10;
		if (t.span.status === "error") {
			alarm(g, at + 5, middle);
			at += 16;
		}
		if (f.stacked) {
			g.font = `11px ${paint.font}`;
			const took = duration(t.end - t.start);
			const w = width(g, took);
			g.fillStyle = paint.dim;
			g.fillText(took, right - w, middle);
			right -= w + 10;
		}
		g.font = `${t.parent ? "" : "600 "}12.5px ${paint.font}`;
		const label = fit(g, plain(title(t.span)), right - at);
		g.fillStyle = t.span.status === "error" ? paint.error : paint.text;
		g.fillText(label, at, middle + 0.5);
		at += width(g, label) + 8;
		if (right - at > 30) {
			g.font = `11px ${paint.font}`;
			g.fillStyle = paint.dim;
			g.fillText(fit(g, aside(t), right - at), at, middle + 0.5);
		}
	}

	// What the names' column says beside a name: the service where it changes, what a fold hides.
	function aside(t: Twig): string {
		const words: string[] = [];

		if (t.lost)
			words.push("parent not here");
		if (t.parent?.span.service !== t.span.service)
			words.push(plain(shortName(t.span.service), 60));
		if (folded.has(t.span.span_id))
			words.push(`+${t.size - 1}${t.errorsBelow ? `, ${plural(t.errorsBelow, "error")}` : ""}`);
		return words.join(" · ");
	}

	function caret(g: CanvasRenderingContext2D, cx: number, cy: number, shut: boolean): void {
		g.fillStyle = paint.dim;
		g.beginPath();
		if (shut) {
			g.moveTo(cx - 2, cy - 4);
			g.lineTo(cx + 3, cy);
			g.lineTo(cx - 2, cy + 4);
		} else {
			g.moveTo(cx - 4, cy - 2);
			g.lineTo(cx + 4, cy - 2);
			g.lineTo(cx, cy + 3);
		}
		g.fill();
	}

	function alarm(g: CanvasRenderingContext2D, cx: number, cy: number): void {
		g.fillStyle = paint.error;
		g.beginPath();
		g.arc(cx, cy, 6, 0, 7);
		g.fill();
		g.fillStyle = paint.bg;
		g.fillRect(cx - 0.75, cy - 3.5, 1.5, 4.5);
		g.fillRect(cx - 0.75, cy + 2, 1.5, 1.5);
	}

	function bar(g: CanvasRenderingContext2D, f: Form, s: Stretch, t: Twig, middle: number): void {
		const a = Math.max(-20, x(f, s, t.start));
		const b = Math.min(f.width + 20, x(f, s, t.end));
		const w = Math.max(2, b - a);
		const top = middle - BAR / 2;

		g.fillStyle = colour(t.span.service);
		g.save();
		pill(g, a, top, w, BAR, Math.min(3, w / 2), t.span.open ? 0 : undefined);
		g.clip();
		g.globalAlpha = 0.38;
		g.fillRect(a, top, w, BAR);
		g.globalAlpha = 1;
		for (const [from, to] of gaps(t)) {
			const left = x(f, s, from);
			g.fillRect(left, top, Math.max(w <= 2 ? 2 : 0.75, x(f, s, to) - left), BAR);
		}
		if (t.span.status === "error") {
			g.fillStyle = paint.error;
			g.fillRect(a, top + BAR - 3, w, 3);
		}
		g.restore();
		if (t.span.open)
			running(g, b, top, colour(t.span.service));
		if (!f.stacked)
			took(g, f, t, a, a + w, middle);
	}

	// An open end: the bar goes on in steps that thin out.
	function running(g: CanvasRenderingContext2D, at: number, top: number, hue: string): void {
		g.fillStyle = hue;
		for (let i = 0; i < 3; i++) {
			g.globalAlpha = 0.8 - i * 0.25;
			g.fillRect(at + 2 + i * 5, top, 3, BAR);
		}
		g.globalAlpha = 1;
	}

	function took(g: CanvasRenderingContext2D, f: Form, t: Twig, a: number, b: number, middle: number): void {
		const label = duration(t.end - t.start) + (t.span.open ? " so far" : "");

		g.font = `11px ${paint.font}`;
		g.fillStyle = paint.dim;
		const w = width(g, label);
		const after = b + (t.span.open ? 22 : 7);
		if (after + w < f.width - 4) {
			g.fillText(label, Math.max(after, f.left), middle);
		} else if (a - w - 7 > f.name) {
			g.fillText(label, a - w - 7, middle);
		} else {
			g.fillStyle = paint.bg;
			g.globalAlpha = 0.82;
			pill(g, f.right - w - 10, middle - 8, w + 8, 16, 4);
			g.fill();
			g.globalAlpha = 1;
			g.fillStyle = paint.text;
			g.fillText(label, f.right - w - 6, middle);
		}
	}

	// Events as small rings, logs as filled points in the colour of how bad they are.
	function points(g: CanvasRenderingContext2D, f: Form, s: Stretch, t: Twig, middle: number): void {
		if (!tree)
			return;
		for (const e of t.span.events ?? [])
			point(g, x(f, s, since(e.time_ns, tree.zero)), middle, 3, paint.bg, paint.text);
		for (const l of t.logs) {
			const bad = severity(l.severity);
			const fill = bad === "error" ? paint.error : bad === "warn" ? paint.warn : paint.text;
			point(g, x(f, s, since(l.time_ns, tree.zero)), middle, 3.5, fill, paint.bg);
		}
	}

	function point(g: CanvasRenderingContext2D, at: number, middle: number, r: number, fill: string,
		       edge: string): void {
		g.beginPath();
		g.arc(at, middle, r, 0, 7);
		g.fillStyle = fill;
		g.fill();
		g.lineWidth = 1.5;
		g.strokeStyle = edge;
		g.stroke();
	}

	/* ---- hands ---- */

	function spot(e: PointerEvent | MouseEvent): { px: number; py: number; row: number } {
		const box = scroller.getBoundingClientRect();
		const px = e.clientX - box.left;
		const py = e.clientY - box.top;
		const row = py < RULER ? -1 : Math.floor((py - RULER + scroller.scrollTop) / form().row);

		return { px, py, row: row < rows.length ? row : -1 };
	}

	function down(e: PointerEvent): void {
		const { px, py } = spot(e);
		const f = form();

		if (e.button !== 0 || e.pointerType === "touch" || px < f.left - 8 || px > f.width || py > f.height)
			return;
		drag = { from: px, to: px, moved: false };
		scroller.setPointerCapture(e.pointerId);
	}

	function move(e: PointerEvent): void {
		const { px, row } = spot(e);

		if (drag) {
			drag.to = px;
			drag.moved ||= Math.abs(drag.to - drag.from) > 4;
		}
		if (row !== hovered || drag?.moved) {
			hovered = row;
			later();
		}
	}

	function up(): void {
		const was = drag;
		const f = form();
		const s = view();

		drag = null;
		if (!was?.moved)
			return;
		const t = (px: number) => s.from + ((px - f.left) / (f.right - f.left)) * (s.to - s.from);
		magnify({ from: t(Math.min(was.from, was.to)), to: t(Math.max(was.from, was.to)) });
		dragged = true;
	}

	let dragged = false;

	function magnify(s: Stretch | null): void {
		zoom = s && clamp({ from: Math.max(0, s.from), to: Math.min(all().to, s.to) }, all(),
				  Math.min(all().to, Math.max(50, all().to / 1e6)));
		reset.hidden = !zoom;
		later();
	}

	function click(e: MouseEvent): void {
		const { px, row } = spot(e);

		if (dragged) {
			dragged = false;
			return;
		}
		if (row < 0)
			return;
		const t = rows[row];
		const at = indent(form(), t);
		if (t.children.length && px >= at - 6 && px <= at + 13)
			fold(t);
		else
			pick(t);
	}

	function fold(t: Twig, shut = !folded.has(t.span.span_id)): void {
		if (shut && t.children.length)
			folded.add(t.span.span_id);
		else
			folded.delete(t.span.span_id);
		lay();
		speak();
	}

	function pick(t: Twig): void {
		selected = t.span.span_id;
		chosen(selected);
		reveal();
		speak();
		later();
	}

	// Brings the selected row into sight, unfolding what hides it.
	function reveal(): void {
		const t = tree?.byId.get(selected);

		if (!t)
			return;
		for (let p = t.parent; p; p = p.parent)
			folded.delete(p.span.span_id);
		lay();
		const f = form();
		const y = rows.indexOf(t) * f.row;
		if (y < scroller.scrollTop)
			scroller.scrollTop = y;
		else if (y + f.row > scroller.scrollTop + f.height - RULER)
			scroller.scrollTop = y + f.row * 2 - f.height + RULER;
	}

	function speak(): void {
		const t = tree?.byId.get(selected);

		if (!t)
			return;
		active.setAttribute("aria-level", String(t.depth + 1));
		active.setAttribute("aria-selected", "true");
		if (t.children.length)
			active.setAttribute("aria-expanded", String(!folded.has(t.span.span_id)));
		else
			active.removeAttribute("aria-expanded");
		text(active, `${title(t.span)}, ${shortName(t.span.service)}, ${duration(t.end - t.start)}` +
			(t.span.status === "error" ? ", error" : "") + (t.span.open ? ", still running" : ""));
	}

	function key(e: KeyboardEvent): void {
		if (e.altKey || e.ctrlKey || e.metaKey || !rows.length)
			return;
		const i = rows.findIndex((t) => t.span.span_id === selected);
		const to = steps(e.key, i);

		if (to === null)
			return;
		e.preventDefault();
		e.stopPropagation();
		if (to >= 0)
			pick(rows[Math.max(0, Math.min(rows.length - 1, to))]);
	}

	// Which row a key leads to: null, not our key; −1, done already.
	function steps(k: string, i: number): number | null {
		const page = Math.max(1, Math.floor(scroller.clientHeight / form().row) - 2);
		const t: Twig | undefined = rows[i];

		switch (k) {
		case "ArrowDown": case "j": return i + 1;
		case "ArrowUp": case "k": return Math.max(0, i - 1);
		case "PageDown": return i + page;
		case "PageUp": return Math.max(0, i - page);
		case "Home": return 0;
		case "End": return rows.length - 1;
		case "ArrowLeft":
			if (t?.children.length && !folded.has(t.span.span_id)) {
				fold(t, true);
				return -1;
			}
			return t?.parent ? rows.indexOf(t.parent) : -1;
		case "ArrowRight":
			if (t && folded.has(t.span.span_id)) {
				fold(t, false);
				return -1;
			}
			return t?.children.length ? i + 1 : -1;
		case "Enter":
			if (t)
				chosen(selected);
			return -1;
		case " ":
			if (t)
				fold(t);
			return -1;
		case "0":
			magnify(null);
			return -1;
		case "z":
			if (t)
				magnify({ from: t.start, to: t.end });
			return -1;
		case "Escape":
			if (zoom) {
				magnify(null);
				return -1;
			}
			return null;
		}
		return null;
	}

	function hint(): void {
		const t = rows[hovered];
		scroller.title = t ? `${plain(title(t.span), 200)}\n${plain(shortName(t.span.service), 80)} · ` +
			`${duration(t.end - t.start)}, ${duration(t.self)} of its own` : "";
	}

	scroller.addEventListener("scroll", later, { passive: true });
	scroller.addEventListener("pointerdown", down);
	scroller.addEventListener("pointermove", (e) => {
		move(e);
		hint();
	});
	scroller.addEventListener("pointerup", up);
	scroller.addEventListener("pointercancel", () => {
		drag = null;
		later();
	});
	scroller.addEventListener("pointerleave", () => {
		hovered = -1;
		later();
	});
	scroller.addEventListener("click", click);
	scroller.addEventListener("dblclick", (e) => {
		const t = rows[spot(e).row];

		magnify(zoom || !t ? null : { from: t.start, to: t.end });
	});
	scroller.addEventListener("keydown", key);
	const sizes = new ResizeObserver(lay);
	sizes.observe(scroller);

	magnify(null);
	return {
		el,
		show(next) {
			tree = next;
			lay();
			speak();
		},
		select(id) {
			if (id === selected)
				return;
			selected = id;
			reveal();
			speak();
			later();
		},
		redraw() {
			paint = ink();
			later();
		},
		close() {
			cancelAnimationFrame(frame);
			sizes.disconnect();
		},
	};
}
