// SPDX-License-Identifier: Apache-2.0
//
// h: elements from plain calls. h("a.name", { href: "#/" }, "text", child)
//
// Text becomes text nodes and nothing else: there is no way in here for markup, so a span that is
// named "<script>" is a span that is named "<script>". No style attributes either (the page's
// policy refuses them); what must be computed goes through `style` as properties.

type TagOf<S extends string> = S extends `${infer T}.${string}` ? T : S;
export type ElementOf<S extends string> =
	TagOf<S> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[TagOf<S>] : HTMLElement;

export type Child = Node | string | number | null | undefined | false | Child[];

export interface Props {
	[name: string]: unknown;
	style?: Record<string, string>;
}

export function h<S extends string>(tag: S, props?: Props | null, ...children: Child[]): ElementOf<S> {
	const [name, ...classes] = tag.split(".");
	const el = document.createElement(name || "div");

	if (classes.length)
		el.className = classes.join(" ");
	if (props)
		assign(el, props);
	append(el, children);
	return el as ElementOf<S>;
}

function assign(el: HTMLElement, props: Props): void {
	for (const [name, value] of Object.entries(props)) {
		if (name === "style")
			for (const [k, v] of Object.entries(value as Record<string, string>))
				el.style.setProperty(k, v);
		else if (name.startsWith("on"))
			el.addEventListener(name.slice(2), value as EventListener);
		else if (name === "value")
			(el as HTMLInputElement).value = String(value);
		else if (typeof value === "boolean" && !name.startsWith("aria-"))
			el.toggleAttribute(name, value);
		else if (value !== undefined && value !== null)
			el.setAttribute(name, String(value));
	}
}

export function append(el: Element, children: Child[]): void {
	for (const child of children) {
		if (Array.isArray(child))
			append(el, child);
		else if (child instanceof Node)
			el.appendChild(child);
		else if (child !== null && child !== undefined && child !== false)
			el.appendChild(document.createTextNode(String(child)));
	}
}

export function fill(el: Element, ...children: Child[]): void {
	el.textContent = "";
	append(el, children);
}

// Touches the document only when something differs: most polls change nothing.
export function text(el: Element, value: string): void {
	if (el.textContent !== value)
		el.textContent = value;
}

export interface Row<T> {
	el: HTMLElement;
	set(item: T): void;
}

const kept = new WeakMap<Element, Map<string, Row<unknown>>>();

// Makes the children of `parent` be `items`, in order. Rows whose key stays keep their element, and
// with it focus, selection and scroll; what is new is made and told to `added`.
export function keyed<T>(parent: Element, items: T[], key: (item: T) => string,
			 make: (item: T) => Row<T>, added?: (row: Row<T>) => void): void {
	const old = (kept.get(parent) ?? new Map()) as Map<string, Row<T>>;
	const now = new Map<string, Row<T>>();
	let place: Element | null = parent.firstElementChild;

	for (const item of items) {
		const k = key(item);
		if (now.has(k))
			continue;
		let row = old.get(k);
		if (!row) {
			row = make(item);
			added?.(row);
		}
		row.set(item);
		now.set(k, row);
	}
	for (const [k, row] of old)
		if (!now.has(k)) {
			if (place === row.el)
				place = row.el.nextElementSibling;
			row.el.remove();
		}
	for (const row of now.values()) {
		if (place === row.el)
			place = place.nextElementSibling;
		else
			parent.insertBefore(row.el, place);
	}
	kept.set(parent, now as Map<string, Row<unknown>>);
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(name: string, attributes: Record<string, string | number>, ...children: Node[]): SVGElement {
	const el = document.createElementNS(SVG, name);

	for (const [k, v] of Object.entries(attributes))
		el.setAttribute(k, String(v));
	for (const child of children)
		el.appendChild(child);
	return el;
}
