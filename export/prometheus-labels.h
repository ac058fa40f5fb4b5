/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels: a point's attributes as `a="x",b="y"`, in the order of their names, each point its own keys.
 *
 *     labels_begin(&l, &fixed);                   labels that all points of this run have
 *     n = labels_bound(&l, p);
 *     w = labels_write(&l, w, p);                 at most n bytes
 *     labels_fini(&l);
 *
 * Points of one instrument usually have the same keys: what these are called, and in which order
 * they stand, is worked out once and kept as the shape of the next point as well, if its keys are
 * the same. Two keys that become one name share a label, their values with ';' between; a key that
 * becomes the name of a fixed label, or one that the format needs itself, gets "exported_" before it.
 *
 * Values are UTF-8; what isn't becomes U+FFFD.
 *
 * Points of other attributes have other text, as a rule. Where keys became one name, or bytes U+FFFD, it
 * may be the same: may_clash says so, from labels_begin on.
 */
#pragma once

#include "base/out.h"
#include "model/telemetry.h"

enum { LABELS_MOST = 160, LABELS_FIXED = 32, LABELS_SHAPES = 16 };

struct label {
	uint32_t at, n; /* its name, in the names */
	int32_t from;	/* which attribute; < 0: -1 - which fixed label */
};

/* Text that is the same for all points of one shape, and the attribute whose value comes after it. */
struct label_piece {
	uint32_t at, n; /* in the names */
	int32_t from;	/* -1: none, it is the last */
};

struct labels {
	struct {
		struct str name, value;
	} fixed[LABELS_FIXED];
	size_t n_fixed;
	struct str own; /* the format has a label of this name here: le, quantile, or none */
	/* the shape */
	struct str key[LABELS_MOST];
	size_t n_keys;
	struct label label[LABELS_MOST + LABELS_FIXED];
	size_t n_labels;
	struct label_piece piece[LABELS_MOST + 1];
	size_t n_pieces;
	size_t pieces_n; /* bytes of all pieces */
	bool shaped;
	enum value_type type[LABELS_MOST]; /* of its values */
	/* Shapes by what is written, beside by what of: two that are written alike may clash. */
	struct labels_known {
		uint32_t written, from;
	} known[LABELS_SHAPES];
	size_t n_known;
	bool may_clash;	  /* two points of other attributes may have had the same text */
	struct out names; /* of the labels, then the pieces */
	struct out text;  /* of a value that isn't a string */
	struct out line;
};

void labels_begin(struct labels *l, struct str own);
void labels_fix(struct labels *l, struct str name, struct str value); /* borrowed */
void labels_fini(struct labels *l);

/* Makes the shape fit the point. No more bytes than this; 0: no memory. */
size_t labels_bound(struct labels *l, const struct metric_point *p);
char *labels_write(struct labels *l, char *w, const struct metric_point *p);

/* Text that has 16 bytes of memory behind it, to where there are as many. */
char *labels_copy(char *w, struct str text);

/* Are there any? Once the first point has been looked at. */
static inline bool labels_any(const struct labels *l)
{
	return l->n_labels;
}

/* Both; until the next call. Only with n 0: no labels, or no memory. */
struct str labels_of(struct labels *l, const struct metric_point *p);

/* What isn't a string, as text: numbers and truths plainly, the rest as JSON. */
void labels_scalar(struct out *o, const struct value *v);

/* Backslashes, line ends and, if told so, quotes; not more than 3 bytes for one. */
char *labels_escape(char *w, struct str text, bool quotes);
