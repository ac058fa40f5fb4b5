/* SPDX-License-Identifier: Apache-2.0 */
/* Sample: telemetry as a shop's HTTP server would leave it, for programs that encode, decode or keep it. */
#pragma once

#include "model/batch.h"

static inline struct attribute sample_text(const char *key, struct str value)
{
	return (struct attribute){ str_of(key), { VALUE_STRING, .text = value } };
}

static inline struct attribute sample_number(const char *key, int64_t value)
{
	return (struct attribute){ str_of(key), { VALUE_INT, .integer = value } };
}

/* A batch of `n` server spans of five attributes; NULL: no memory. */
struct batch *sample_spans(struct resource *r, size_t n);

/* The resource of all of them. */
struct resource *sample_resource(void);
