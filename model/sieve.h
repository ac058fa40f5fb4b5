/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sieve: takes secrets out of what comes from elsewhere than liboriel, which did that itself: OTLP of
 * other SDKs, resources from the environment (base/redact.h has the rules).
 *
 *     struct sieve s = { .rules = &rules };
 *     if (!sieve_batch(&s, batch)) ... no memory: the batch must not be given away ...
 *
 * A batch is changed in place, while it is still its maker's alone; what is put in place of a text
 * lies in its arena. Keys that were harmless once are remembered in the sieve.
 */
#pragma once

#include "base/redact.h"
#include "model/batch.h"

enum { SIEVE_KEYS = 128, SIEVE_KEY_MOST = 47 };

struct sieve {
	const struct redact *rules;
	struct sieve_key {
		uint8_t n; /* 0: none */
		char text[SIEVE_KEY_MOST];
	} harmless[SIEVE_KEYS];
};

bool sieve_batch(struct sieve *s, struct batch *b);

/* Attributes that lie in memory that may be written to, with their texts anywhere. */
bool sieve_attributes(struct sieve *s, struct attributes *a, struct arena *arena);
