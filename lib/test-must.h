/* SPDX-License-Identifier: Apache-2.0 */
/* A fact in a child of a test: where it doesn't hold the child says so, and ends. */
#pragma once

#include <stdio.h>
#include <unistd.h>

#define must(...) ((__VA_ARGS__) ? (void)0 : must_end(__FILE__, __LINE__, #__VA_ARGS__))

static inline _Noreturn void must_end(const char *file, int line, const char *fact)
{
	fprintf(stderr, "# %s:%d: this doesn't hold: %s\n", file, line, fact);
	_exit(99);
}
