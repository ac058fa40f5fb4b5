/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Teller: metrics that the collector makes itself, a point at a time, into a batch.
 *
 *     struct teller t = { batch, &scope, start_ns, now_ns };
 *     p = teller_tell(&t, METRIC_SUM, STR("process.cpu.time"), STR("s"), STR("..."), attributes);
 *     p->integer = n;                         never NULL: what has no room is counted and goes nowhere
 *
 * Attributes are copied; the other texts are to stay.
 */
#pragma once

#include "model/batch.h"

struct teller {
	struct batch *b;
	const struct scope *scope;
	uint64_t start_ns, now_ns;
	bool observed; /* it was looked at, not added up */
};

/* A text that is always the same, as an attribute. */
#define TELLER_WORD(k, v) \
	{ \
		STR(k), \
		{ \
			VALUE_STRING, .text = STR(v) \
		} \
	}

struct metric_point *teller_tell(const struct teller *t, enum metric_kind kind, struct str name,
				 struct str unit, struct str about, struct attributes attributes);
