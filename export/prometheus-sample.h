/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples: the lines of one point: its value, or its buckets, or its quantiles, with what the format
 * tells besides (exemplars, _created).
 *
 *     struct samples s = { .o = o };
 *     samples_write(&s, &family, point, labels, said);         for each point
 *     samples_fini(&s);
 *
 * What is the same for many samples is written once and copied: the sample's name up to the brace,
 * and `le="0.5"} ` of each bucket.
 *
 * An exponential histogram is told as one of explicit bounds, at powers of two (model/exponential.h):
 * neither text has another form for it. An exemplar stands at its own bucket and nowhere else.
 */
#pragma once

#include "export/prometheus-family.h"
#include "export/prometheus-labels.h"

struct samples {
	struct out *o;
	struct out le;	 /* `le="0.5"} ` of each bucket, the last one's included */
	uint32_t *le_at; /* where each begins */
	size_t le_room;
	double *bounds; /* whose they are */
	size_t n_bounds;
	struct out text; /* one exemplar's labels */
	bool error;
};

/* What a target's options say. */
struct samples_said {
	bool open; /* OpenMetrics */
	bool created, exemplars;
};

void samples_write(struct samples *s, const struct family *f, const struct metric_point *p,
		   struct str labels, struct samples_said said);

/*
 * A line of a number alone, of a counter or a gauge, with labels that are written where they stay: `head`
 * is the name with its suffix, up to the brace and with 16 bytes behind it.
 */
bool samples_number(struct samples *s, struct str head, const struct metric_point *p,
		    struct labels *l);

/* An info's line. */
void samples_info(struct samples *s, struct str name, struct str labels);
void samples_fini(struct samples *s);
