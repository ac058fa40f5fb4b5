// SPDX-License-Identifier: Apache-2.0
//
// Follow: asks again and again while somebody looks.
//
// One question at a time; the next begins `every` ms after the last answer. A hidden tab asks
// nothing. After an error the pause doubles up to 8 s, and the notice stays until an answer comes.

import { Refusal } from "./api";

export interface Following {
	now(): void;
	stop(): void;
}

type Notice = (wrong: string | null) => void;
let notice: Notice = () => undefined;
const troubles = new Map<object, string>();

export function onTrouble(tell: Notice): void {
	notice = tell;
}

function trouble(who: object, what: string | null): void {
	if (what === null)
		troubles.delete(who);
	else
		troubles.set(who, what);
	const [first] = troubles.values();
	notice(first ?? null);
}

export function follow(task: (signal: AbortSignal) => Promise<unknown>, every: number): Following {
	const me = {};
	let abort = new AbortController();
	let timer = 0;
	let stopped = false;
	let failures = 0;

	async function turn(): Promise<void> {
		if (stopped || document.hidden)
			return;
		abort.abort();
		abort = new AbortController();
		const { signal } = abort;
		try {
			await task(signal);
			if (signal.aborted)
				return;
			failures = 0;
			trouble(me, null);
		} catch (e) {
			if (signal.aborted || stopped)
				return;
			failures++;
			trouble(me, e instanceof Error ? e.message : String(e));
			if (!(e instanceof Refusal))
				console.error(e);
		}
		wait(failures ? Math.min(8000, Math.max(every, 500) * 2 ** failures) : every);
	}

	function wait(ms: number): void {
		clearTimeout(timer);
		if (!stopped)
			timer = window.setTimeout(turn, ms);
	}

	function shown(): void {
		if (!document.hidden)
			wait(0);
		else
			clearTimeout(timer);
	}

	document.addEventListener("visibilitychange", shown);
	wait(0);
	return {
		now: () => wait(0),
		stop() {
			stopped = true;
			clearTimeout(timer);
			abort.abort();
			document.removeEventListener("visibilitychange", shown);
			trouble(me, null);
		},
	};
}
