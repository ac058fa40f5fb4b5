// SPDX-License-Identifier: Apache-2.0
//
// Colour: a service's own, the same on every page and every visit.
//
// Hues that stay apart for the common kinds of colour blindness (they differ in lightness too); red
// is left out, it means an error. A name asks for the one of the first five that its hash says; if
// another service has it, for the next that is free; when all are, for the least used. What was given
// is remembered in the browser.

const HUES = [
	"#4477b8", "#d9952b", "#2b9d8f", "#9a6bb8", "#5fb3dc", "#8c9136", "#c7739b", "#7a8797",
	"#7ea6dd", "#a8690f", "#7cc7bd", "#6d4690", "#2f7fa8", "#b9bd72", "#944a72", "#55606e",
];
const FIRST = 5;
const SHELF = "oriel.colours";
const MOST = 64;

let given: Map<string, number> | undefined;

function load(): Map<string, number> {
	const m = new Map<string, number>();

	try {
		const kept = JSON.parse(localStorage.getItem(SHELF) ?? "[]");
		for (const [name, i] of kept)
			if (typeof name === "string" && Number.isInteger(i))
				m.set(name, ((i % HUES.length) + HUES.length) % HUES.length);
	} catch {
		// no storage, or not ours: begin anew
	}
	return m;
}

function save(m: Map<string, number>): void {
	try {
		localStorage.setItem(SHELF, JSON.stringify([...m].slice(-MOST)));
	} catch {
		// private windows may refuse; the hash still gives the same hue most times
	}
}

export function hash(name: string): number {
	let x = 2166136261;

	for (let i = 0; i < name.length && i < 256; i++)
		x = Math.imul(x ^ name.charCodeAt(i), 16777619);
	return x >>> 0;
}

export function pick(name: string, taken: Iterable<number>): number {
	const used: number[] = new Array(HUES.length).fill(0);
	const first = hash(name) % FIRST;

	for (const i of taken)
		used[i]++;
	for (let i = 0; i < FIRST; i++)
		if (!used[(first + i) % FIRST])
			return (first + i) % FIRST;
	return used.indexOf(Math.min(...used));
}

export function colour(service: string): string {
	given ??= load();
	let i = given.get(service);

	if (i === undefined) {
		i = pick(service, given.values());
		given.set(service, i);
		save(given);
	}
	return HUES[i];
}
