/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blob: the parts of spans, logs and resources that no query looks at, in few bytes.
 *
 *     struct blob_writer w = { &out, words_id, words };
 *     blob_write_span(&w, span);
 *     struct blob_reader r = { bytes, &arena, words_text, words };
 *     if (blob_read_span(&r, &span) < 0) ...              -EBADMSG: not what a writer writes
 *
 * Numbers are LEB128. Texts that repeat (names, attribute keys, scopes) are numbers of words that
 * the store keeps once; a text that has no number (0) stands there itself, so a full dictionary
 * costs bytes, never facts. Read spans borrow from the bytes, the arena and the words.
 *
 * The reader trusts nothing: counts are held against the bytes that are left, depth is limited.
 */
#pragma once

#include "base/arena.h"
#include "base/out.h"
#include "model/resource.h"
#include "model/telemetry.h"

struct blob_writer {
	struct out *out;
	uint32_t (*word)(struct str text, void *you); /* 0: has no number */
	void *you;
};

struct blob_reader {
	struct str left;
	struct arena *arena;
	struct str (*word)(uint64_t id, void *you);
	void *you;
	int error; /* sticky */
};

/* Name, scope, status message, trace state, flags, thread, attributes, events, links. */
void blob_write_span(struct blob_writer *w, const struct span *s);
int blob_read_span(struct blob_reader *r, struct span *s);

/* All but time, severity and span id. */
void blob_write_log(struct blob_writer *w, const struct log_record *l);
int blob_read_log(struct blob_reader *r, struct log_record *l);

void blob_write_resource(struct blob_writer *w, const struct resource *from);
int blob_read_resource(struct blob_reader *r, struct attributes *attributes, struct str *run,
		       int32_t *pid);

/* Is `needle` (lower case) in the name or an attribute value of this span, in any case? */
bool blob_span_holds(struct blob_reader *r, struct str needle);
bool blob_log_holds(struct blob_reader *r, struct str needle);
