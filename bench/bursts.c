/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bursts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { BURST = 1000, BURSTS = 31 };

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool measure(struct recycle *r, const struct bursts_case *c)
{
	uint64_t took[BURSTS];

	for (int i = 0; i < BURSTS; i++) {
		uint64_t lost = recycle_losses(r), begin = clock_mono_ns();

		c->loop(BURST);
		took[i] = clock_mono_ns() - begin;
		if (recycle_losses(r) != lost)
			return false;
		recycle_run(r);
	}
	qsort(took, BURSTS, sizeof(*took), by_value);
	printf("%s  %.1f ns\n", c->name, (double)took[BURSTS / 2] / BURST);
	return true;
}

bool bursts_time(struct recycle *r, const struct bursts_case *cases, size_t n, const char *only)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		if (!only || !strcmp(only, cases[i].name))
			ok &= measure(r, &cases[i]);
	return ok;
}
