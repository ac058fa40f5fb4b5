/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watcher: what liboriel does for the agent beside oriel.h. Exported, as the two are libraries of
 * their own, but of one version; no program may call it.
 *
 *     n = oriel_prepare(bytes, sizeof(bytes), attributes);     once, for what is often the same
 *     ... known_row(bytes, n) ...                              among the attributes of each span
 *
 * All of it may be called where oriel_span_open may.
 */
#pragma once

#include "lib/known.h"

/*
 * These attributes as they lie in a record; how many bytes they take, 0: more than `room`. 8 more
 * bytes must be there.
 */
ORIEL_API size_t oriel_prepare(void *to, size_t room, struct oriel_attributes attributes);

#define ATTRIBUTE_PREPARED ((enum oriel_type)0x40)

/* What was prepared, in the place of an attribute. */
static inline struct oriel_attribute known_row(const void *bytes, size_t n)
{
	struct oriel_attribute a;

	a.key = "";
	a.shape = (uint64_t)ATTRIBUTE_PREPARED | 1u << 8 | (uint64_t)n << 16;
	a.value.p = bytes;
	return a;
}

/*
 * The rules that hold here, for those who take secrets out themselves (url.full, url.query, SQL: see
 * `clean` in lib/judged.c). What a watcher cuts, it cuts behind that.
 */
struct redact;
ORIEL_API const struct redact *oriel_redaction(void);

/* oriel_span_open into a span that stays where it is: nothing is copied. Returns `span`. */
ORIEL_API struct oriel_span *oriel_span_open_at(struct oriel_span *span, const char *name,
						size_t name_n,
						const struct oriel_span_options *options,
						struct oriel_attributes attributes);

/* Nothing is recorded in this process, but contexts are passed on (lib/passing.h). */
ORIEL_API bool oriel_passes_contexts(void);

/* A scope of ours, as options have it. */
static inline struct oriel_scope *watcher_scope(enum wire_scope scope)
{
	return (struct oriel_scope *)(uintptr_t)scope;
}

/*
 * For spans that begin as one before: the record of their beginning, of a name and a prepared row, made once.
 * Returns its bytes; 0: there is no room, or the name is to be looked at each time. A span of it is a root of
 * its own and not current; `carry` is its context's. False: it is to be opened as others are.
 */
ORIEL_API size_t oriel_span_image(void *to, size_t room, const char *name, size_t name_n,
				  enum oriel_kind kind, enum wire_scope scope, const void *row,
				  size_t row_n);
ORIEL_API bool oriel_span_open_image(struct oriel_span *span, const void *image, size_t n,
				     uint16_t carry);

/*
 * The same of an END: `row` are its attributes, as oriel_prepare makes them. oriel_span_close_image is
 * oriel_span_end_all of a span that isn't current, and tells the seconds since `moment`; false: nothing has
 * happened, end it as any.
 */
ORIEL_API size_t oriel_span_end_image(void *to, size_t room, const void *row, size_t row_n);
ORIEL_API bool oriel_span_close_image(struct oriel_span *span, const void *image, size_t n,
				      uint64_t moment, double *seconds);

/* The same as oriel_span_set_all and oriel_span_end, in one record. */
ORIEL_API void oriel_span_end_all(struct oriel_span *span, struct oriel_attributes attributes);

/* The share (lib/sampler.h) of whom nobody wants: neither sampled nor counted, and so it is all the way down. */
enum { SHARE_LEFT_OUT = 254 };

/* A context without ids that leaves whatever begins in it out of traces; `carry` goes on. */
static inline struct oriel_context watcher_left_out(uint16_t carry)
{
	struct oriel_context c = { .carry = carry, .reserved = (uint32_t)SHARE_LEFT_OUT << 16 };

	return c;
}

/* Is it what would be current if it was attached now? */
ORIEL_API bool oriel_context_is_current(const struct oriel_context *c);

/* oriel_context_detach, but only if nothing lies above it; false: something does. */
ORIEL_API bool oriel_context_leave(unsigned token);

/*
 * `what` of oriel_log_at for records that are no log calls of the program's: of a scope of ours. They
 * never go to standard error (lib/alone.h).
 */
#define WHAT_OF(scope, severity) ((uint64_t)(severity) | (uint64_t)(scope) << 8)
#define WHAT_SCOPE(what) ((uint8_t)((what) >> 8))

/* Is it the program's, or a library's that it is linked with? */
static inline bool scope_is_program(uint8_t scope)
{
	return scope == SCOPE_APPLICATION || scope >= SCOPE_OWN;
}

/* What we have to say about what the program is configured with. */
#define watcher_warn(event, ...) \
	do { \
		static struct oriel_site nowhere; \
		if (oriel_passes(NULL, ORIEL_WARN)) \
			oriel_log_all(&nowhere, WHAT_OF(SCOPE_AGENT, ORIEL_WARN), (event), \
				      ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

/*
 * A request begins: the context gets `id`, or a fresh one where that isn't valid, which goes to `out`
 * (NULL: none is wanted), and fields for each log record (1 KiB of them). oriel_context_release it.
 */
ORIEL_API void oriel_context_begin_request(struct oriel_context *c, const char *id,
					   char out[ORIEL_REQUEST_ID_ROOM],
					   struct oriel_attributes fields);

/* What it carries stays for good: its copies need no release, and one does nothing. There is little room for such. */
ORIEL_API void oriel_context_keep(struct oriel_context *c);

/*
 * For durations: a moment, and the seconds since. Cheaper than the clock once the processor's counter
 * has been measured against it; NaN if the counter is no clock any more.
 */
ORIEL_API uint64_t oriel_moment(void);
ORIEL_API double oriel_seconds_since(uint64_t moment);

/*
 * The same at the moment of the START or END that this thread's last call of oriel_span_open_at or
 * oriel_span_end_all wrote, without reading the counter again; now, if it wrote none that has it.
 */
ORIEL_API uint64_t oriel_moment_of_span(void);
ORIEL_API double oriel_seconds_to_span(uint64_t moment);
