/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bursts.h"

#include "base/clock.h"
#include "bench/median.h"

#include <stdio.h>
#include <string.h>

enum { BURST = 1000, BURSTS = 31 };

static bool measure(struct recycle *r, const struct bursts_case *c)
{
	double took[BURSTS];

	for (int i = 0; i < BURSTS; i++) {
		uint64_t lost = recycle_losses(r), begin = clock_mono_ns();

		c->loop(BURST);
		took[i] = (double)(clock_mono_ns() - begin);
		if (recycle_losses(r) != lost)
			return false;
		recycle_run(r);
	}
	printf("%s  %.1f ns\n", c->name, median(took, BURSTS) / BURST);
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
