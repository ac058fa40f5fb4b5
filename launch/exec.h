/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exec: the program takes our place.
 *
 *     return exec_in_place(argv);            comes back only with an exit status: 126 or 127
 *
 * Same pid, process group, descriptors, signal mask and dispositions: all descriptors of ours are
 * close-on-exec and nothing else was touched. Says on standard error why it failed, as shells do.
 */
#pragma once

enum {
	EXIT_REFUSED = 125, /* by ORIEL_STRICT, or because of us */
	EXIT_DENIED = 126,
	EXIT_MISSING = 127,
};

int exec_in_place(char *const *argv);
