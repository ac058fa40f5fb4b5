/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init: what `oriel run` does as PID 1, where exec would leave nobody to reap.
 *
 *     return init_run(&(struct init){ .start = start, .ended = flush, .you = me });
 *
 * Forks; the child calls `start`, which execs. The parent forwards every signal to the child, reaps
 * whatever ends, and when the child has ended calls `ended` and returns the child's exit status
 * (128 + N for signal N). The child gets a process group and the terminal, the signal mask and
 * dispositions that we were started with.
 */
#pragma once

struct init {
	int (*start)(void *you);  /* in the child; returns only a status, when exec failed */
	void (*ended)(void *you); /* in the parent */
	void *you;
};

int init_run(const struct init *init);
