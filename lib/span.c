/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Span: from begin (here) to finish (lib/span-end.c), two records and a place on the context stack.
 *
 * The hard part is to do little: two clock readings, a random id, one copy. What decides, in order:
 * the parent (given, current, or none), the sampler, then START. A span whose START found no room
 * is counted and stays silent, so that no END comes without one; it still is current and still
 * propagates its ids ("New Span ID created also for non-recording Spans").
 */
#include "lib/span.h"

#include "lib/carry.h"
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/control.h"
#include "lib/encode.h"
#include "lib/lane.h"
#include "lib/sampler.h"
#include "lib/watcher.h"

/*
 * Is it ours to say whether it is taken? A parent has said, and so may a caller that gave no parent,
 * only its decision (lib/propagate.c). Rules are for the first span here alone.
 */
static inline bool span_decides(const struct entry *parent)
{
	if (parent->span_id == 0 && !entry_remote(parent))
		return true;
	return !process.config.parent_based &&
	       (entry_remote(parent) || !process.config.sampling_asks);
}

static inline enum sampler span_sampler(const struct entry *parent)
{
	if (span_decides(parent))
		return control_sampler();
	return entry_flags(parent) & ORIEL_SAMPLED ? SAMPLER_ON : SAMPLER_OFF;
}

/* A new span's ids and flags; `root` if there is no parent. */
static inline __attribute__((always_inline)) struct entry span_entry(
	struct thread *t, const struct entry *parent, bool root, enum sampler sampler,
	uint16_t carry, enum entry_kind kind)
{
	uint64_t flags;
	struct entry e;

	if (root) {
		thread_random_root(t, e.trace_id, &e.span_id);
		flags = ORIEL_RANDOM;
	} else {
		e.trace_id[0] = parent->trace_id[0];
		e.trace_id[1] = parent->trace_id[1];
		e.span_id = thread_random(t);
		flags = entry_flags(parent) & ORIEL_RANDOM;
	}
	if (sampler == SAMPLER_ON)
		flags |= ORIEL_SAMPLED;
	e.meta = ENTRY_META(flags, 0, carry, kind);
	return e;
}

/* What START says beside the entry. */
struct start {
	struct str name;
	const struct oriel_span_options *options;
	const struct entry *parent;
};

/* `least`: sampler_least(e). */
static inline void span_fill(struct record_start *r, uint64_t head, const struct entry *e,
			     const struct entry *parent, uint64_t least)
{
	record_head(&r->head, head);
	memcpy(r->trace_id, &e->trace_id[0], 8); /* by halves: they may just have been written */
	memcpy(r->trace_id + 8, &e->trace_id[1], 8);
	r->span_id = e->span_id;
	r->parent_id = parent->span_id;
	memcpy(&r->trace_flags, &(uint64_t){ entry_flags(e) | least << 8 }, 8);
}

static inline struct str span_state(const struct entry *parent)
{
	uint16_t carry = entry_carry(parent);

	return __builtin_expect(carry & CARRY_STATE, 0) ? carry_read(carry).trace_state : STR("");
}

static inline unsigned start_scope(const struct oriel_span_options *options)
{
	return options ? (uint8_t)(uintptr_t)options->scope : SCOPE_APPLICATION;
}

static inline bool scope_follows(unsigned scope)
{
	return __builtin_expect(scope >= SCOPE_FOLLOWS, 0);
}

static inline unsigned start_code(const struct oriel_span_options *options, unsigned scope)
{
	unsigned kind = options ? options->kind & 7u : 0;

	return kind | (scope_follows(scope) ? SCOPE_FOLLOWS : scope) << RECORD_KIND_BITS;
}

static inline unsigned start_flags(const struct entry *parent)
{
	return entry_remote(parent) && parent->span_id ? RECORD_REMOTE : 0;
}

/* Nothing but a name and attributes that fit; false: nothing is written. */
static inline bool start_try(struct thread *t, const struct entry *e, struct start s,
			     struct oriel_attributes attributes)
{
	size_t keep = (size_t)END_SIZE * (t->n_open + 2), size;
	unsigned scope = start_scope(s.options);
	struct record_start *r;
	unsigned char *to;

	if ((entry_carry(s.parent) & CARRY_STATE) || s.name.n > SPAN_NAME_MOST ||
	    !judged_text(s.name.p, s.name.n) || (s.options && s.options->start_ns) ||
	    !clock_counts() || !write_try(t, keep + encode_pad(sizeof(*r) + s.name.n + 1)))
		return false;
	r = (struct record_start *)t->lane[0].at;
	to = encode_copy((unsigned char *)(r + 1), s.name.p, s.name.n);
	if (scope_follows(scope))
		*to++ = (unsigned char)scope;
	if (attributes.n)
		to = encode_try(to, write_end_of(t, keep), attributes);
	r->time = clock_count();
	if (__builtin_expect(!to, 0) || !clock_counts()) {
		write_leave(t);
		return false;
	}
	t->span_count = r->time;
	size = encode_pad((size_t)(to - (unsigned char *)r));
	span_fill(r,
		  RECORD_HEAD(size, RECORD_START, start_flags(s.parent), s.name.n,
			      (unsigned char *)r + size - to, start_code(s.options, scope)),
		  e, s.parent, sampler_least(e));
	write_keep(t, (unsigned char *)r + size);
	return true;
}

/* START, whatever it has to say. */
static __attribute__((noinline)) bool span_write_start(struct thread *t, const struct entry *e,
						       struct start s,
						       struct oriel_attributes attributes)
{
	struct str state = span_state(s.parent);
	unsigned scope = start_scope(s.options);
	size_t state_n = state.n ? state.n + 2 : 0, scope_n = scope_follows(scope), size, padded;
	struct record_start *r;
	unsigned flags = start_flags(s.parent) | (state_n ? RECORD_TRACESTATE : 0);
	struct encode_text name = encode_text_fit(s.name, SPAN_NAME_MOST);
	struct encode a;
	struct write w;
	unsigned char *p;

	a = encode_fit(attributes, RECORD_MOST - sizeof(*r) - name.n - scope_n - state_n);
	size = sizeof(*r) + name.n + scope_n + state_n + a.bytes;
	padded = encode_pad(size);
	w = write_begin_keeping(t, padded, (size_t)END_SIZE * (t->n_open + 2));
	if (__builtin_expect(!w.p, 0)) {
		process_lose(LOSS_spans_no_room, 1);
		return false;
	}
	r = (struct record_start *)w.p;
	span_fill(r,
		  RECORD_HEAD(padded, RECORD_START, flags, name.n, padded - size,
			      start_code(s.options, scope)),
		  e, s.parent, sampler_least(e));
	if (s.options && s.options->start_ns) {
		r->head.flags |= RECORD_TIME_REAL;
		r->time = s.options->start_ns;
	} else {
		r->time = clock_now(&r->head.flags);
	}
	p = encode_text_put(w.p + sizeof(*r), &name);
	if (scope_n)
		*p++ = (unsigned char)scope;
	if (state_n)
		p = span_put_state(p, state);
	encode_put(p, &a);
	write_end(w, padded);
	return true;
}

static inline enum sampler span_follows(const struct entry *parent)
{
	return !span_decides(parent) && entry_flags(parent) & ORIEL_SAMPLED ? SAMPLER_ON
									    : SAMPLER_OFF;
}

static void span_choose(struct entry *e, const struct start *s, struct oriel_attributes attributes)
{
	sampler_choose(e, &(struct beginning){
				  .name = s->name,
				  .kind = s->options ? s->options->kind : ORIEL_INTERNAL,
				  .attributes = attributes,
				  .trace_state = span_state(s->parent),
			  });
}

/* Programs that were built before there was this, or links, have smaller options. */
static inline bool span_is_unrecorded(const struct oriel_span_options *o)
{
	return o && o->size > offsetof(struct oriel_span_options, unrecorded) && o->unrecorded;
}

static inline bool span_has_links(const struct oriel_span_options *o)
{
	return o->size >= offsetof(struct oriel_span_options, n_links) + sizeof(o->n_links) &&
	       __builtin_expect(o->n_links != 0, 0);
}

static __attribute__((noinline)) void span_link_at_start(const struct oriel_span *span,
							 const struct oriel_span_options *o)
{
	for (size_t i = 0; o->links && i < o->n_links; i++)
		oriel_span_link_all(span, o->links[i], ORIEL_WITH());
}

/* Is it sampled, and of which share? e is sampled if it follows a parent that is. */
static void span_judge(struct entry *e, const struct start *s, struct oriel_attributes attributes)
{
	if (span_is_unrecorded(s->options) || entry_share(s->parent) == SHARE_LEFT_OUT) {
		e->meta &= ~(uint64_t)ORIEL_SAMPLED;
		entry_set_share(e, SHARE_LEFT_OUT);
		return;
	}
	if (!span_decides(s->parent))
		e->meta |= s->parent->meta & ENTRY_SHARE;
	else if (!process.config.sampling_asks && control_sampler() == SAMPLER_ON)
		e->meta |= ORIEL_SAMPLED;
	else
		span_choose(e, s, attributes);
	if (process.config.records_all && !(entry_flags(e) & ORIEL_SAMPLED))
		entry_set_share(e, SHARE_COUNTED);
}

/* A span with options, or below a carried context, or in a thread that is new or out of depth. */
static __attribute__((noinline)) struct oriel_span *span_open_any(
	struct oriel_span *span, const char *name, size_t name_n,
	const struct oriel_span_options *options, struct oriel_attributes attributes)
{
	struct start s = { { name, name_n }, options, NULL };
	struct thread *t = thread_self();
	struct entry given = { 0 }, e;

	if (!t) {
		process_lose(LOSS_spans_no_slot, oriel_recording());
		return passing_open(span, options);
	}
	t->span_count = 0;
	s.parent = &given;
	if (!s.options || (!s.options->root && !s.options->parent))
		s.parent = thread_top(t);
	else if (!s.options->root)
		given = context_entry(s.options->parent, ENTRY_ATTACHED);
	e = span_entry(t, s.parent, s.parent->span_id == 0, span_follows(s.parent),
		       entry_carry(s.parent), ENTRY_SILENT);
	span_judge(&e, &s, attributes);
	context_read(&span->context, &e);
	span->depth = span->flags = 0;
	if ((entry_flags(&e) & ORIEL_SAMPLED || entry_share(&e) == SHARE_COUNTED) &&
	    (start_try(t, &e, s, attributes) || span_write_start(t, &e, s, attributes))) {
		span->flags = SPAN_RECORDS;
		entry_set_kind(&e, ENTRY_SPAN);
	}
	lane_rest(t);
	if (!s.options || !s.options->detached)
		span->depth = context_push(t, &e);
	if (span->depth)
		t->n_open += span->flags;
	if (s.options && span_has_links(s.options) && span->flags & SPAN_RECORDS)
		span_link_at_start(span, s.options);
	return span;
}

static inline void span_is(struct oriel_span *span, const struct entry *e, uint64_t depth,
			   uint64_t flags)
{
	uint64_t both = depth | flags << 32;

	_Static_assert(offsetof(struct oriel_span, flags) ==
			       offsetof(struct oriel_span, depth) + sizeof(span->depth),
		       "depth and flags are one word");
	context_read(&span->context, e);
	memcpy(&span->depth, &both, sizeof(both));
}

/*
 * What most spans are: without options, below an entry of this process that carries nothing, in a
 * thread that is no news. Two functions, so that one who isn't sampled has no registers to save. False:
 * nothing is written.
 *
 * The text and the attributes come first, while little else is at hand. `busy` is set all along, so
 * whatever a signal handler records goes to the other lane; the entry is whole before START counts.
 */
static inline __attribute__((always_inline)) bool sampled_try(struct oriel_span *span,
							      const char *name, size_t name_n,
							      struct thread *t, unsigned scope,
							      struct oriel_attributes attributes)
{
	size_t keep = (size_t)END_SIZE * (t->n_open + 2), size;
	struct record_start *r;
	struct entry *top, e;
	unsigned char *to;
	uint32_t depth;

	if (__builtin_expect(name_n > SPAN_NAME_MOST || !judged_text(name, name_n), 0) ||
	    __builtin_expect(!write_try(t, keep + encode_pad(sizeof(*r) + name_n +
							     scope_follows(scope))),
			     0))
		return false;
	r = (struct record_start *)t->lane[0].at;
	to = encode_copy((unsigned char *)(r + 1), name, name_n);
	if (scope_follows(scope))
		*to++ = (unsigned char)scope;
	if (attributes.n)
		to = encode_try(to, write_end_of(t, keep), attributes);
	r->time = clock_count();
	if (__builtin_expect(!to, 0) || !clock_counts()) {
		write_leave(t);
		return false;
	}
	depth = t->depth;
	top = thread_entry(t, depth);
	e = span_entry(t, top, top->span_id == 0, SAMPLER_ON, 0, ENTRY_SPAN);
	size = encode_pad((size_t)(to - (unsigned char *)r));
	span_fill(r,
		  RECORD_HEAD(size, RECORD_START, 0, name_n, (unsigned char *)r + size - to,
			      start_code(NULL, scope)),
		  &e, top, 0);
	context_push_hole(t, top + 1, depth + 1);
	context_fill_hole(top + 1, &e);
	span_is(span, &e, depth + 1, SPAN_RECORDS);
	t->n_open++;
	write_keep(t, (unsigned char *)r + size);
	lane_rest(t);
	return true;
}

static __attribute__((noinline)) struct oriel_span *span_open_sampled(
	struct oriel_span *span, const char *name, size_t name_n, struct thread *t,
	struct oriel_attributes attributes)
{
	if (sampled_try(span, name, name_n, t, SCOPE_APPLICATION, attributes))
		return span;
	return span_open_any(span, name, name_n, NULL, attributes);
}

/* The hole is there before the ids are drawn, so that each can go where it belongs at once. */
static inline __attribute__((always_inline)) struct oriel_span *span_open_silent(
	struct oriel_span *span, struct thread *t, struct entry *top, bool root)
{
	uint64_t depth = t->depth + 1ull;
	struct entry e;

	context_push_hole(t, top + 1, (uint32_t)depth);
	e = span_entry(t, top, root, SAMPLER_OFF, 0, ENTRY_SILENT);
	context_fill_hole(top + 1, &e);
	span_is(span, &e, depth, 0);
	return span;
}

static __attribute__((noinline)) struct oriel_span *span_open_child(
	struct oriel_span *span, const char *name, size_t name_n, struct thread *t,
	struct oriel_attributes attributes)
{
	struct entry *top = thread_entry(t, t->depth);

	if (span_sampler(top) == SAMPLER_OFF)
		return span_open_silent(span, t, top, false);
	if (span_sampler(top) == SAMPLER_ON && clock_counts())
		return span_open_sampled(span, name, name_n, t, attributes);
	return span_open_any(span, name, name_n, NULL, attributes);
}

static struct oriel_span *span_open(struct oriel_span *span, const char *name, size_t name_n,
				    const struct oriel_span_options *options,
				    struct oriel_attributes attributes)
{
	struct thread *t = thread_if_any();
	enum sampler sampler;
	struct entry *top;

	if (__builtin_expect(!t || options || t->depth >= CONTEXT_DEPTH - 1, 0))
		return span_open_any(span, name, name_n, options, attributes);
	top = thread_entry(t, t->depth);
	if (__builtin_expect((top->meta & (ENTRY_CARRY | ENTRY_REMOTE | ENTRY_SHARE)) != 0, 0))
		return span_open_any(span, name, name_n, options, attributes);
	if (__builtin_expect(top->span_id != 0, 0))
		return span_open_child(span, name, name_n, t, attributes);
	if (__builtin_expect(process.config.sampling_asks, 0))
		return span_open_any(span, name, name_n, options, attributes);
	sampler = control_sampler();
	if (__builtin_expect(sampler == SAMPLER_OFF, 1))
		return span_open_silent(span, t, top, true);
	if (sampler == SAMPLER_ON && clock_counts())
		return span_open_sampled(span, name, name_n, t, attributes);
	return span_open_any(span, name, name_n, options, attributes);
}

struct oriel_span *oriel_span_open_at(struct oriel_span *span, const char *name, size_t name_n,
				      const struct oriel_span_options *options,
				      struct oriel_attributes attributes)
{
	return span_open_any(span, name, name_n, options, attributes);
}

/* What the options say goes first; those of a program that was built before are smaller. */
static __attribute__((noinline)) struct oriel_span *span_open_with(
	struct oriel_span *span, struct oriel_scope *scope, const char *name, size_t name_n,
	const struct oriel_span_options *options, struct oriel_attributes attributes)
{
	struct oriel_span_options with = { .size = sizeof(with) };

	if (options)
		memcpy(&with, options, options->size < sizeof(with) ? options->size : sizeof(with));
	with.size = sizeof(with);
	if (!with.scope)
		with.scope = scope;
	return span_open_any(span, name, name_n, &with, attributes);
}

static __attribute__((noinline)) struct oriel_span *span_sampled_in(
	struct oriel_span *span, struct oriel_scope *scope, const char *name, size_t name_n,
	struct thread *t, struct oriel_attributes attributes)
{
	if (sampled_try(span, name, name_n, t, (uint8_t)(uintptr_t)scope, attributes))
		return span;
	return span_open_with(span, scope, name, name_n, NULL, attributes);
}

static struct oriel_span *span_open_in(struct oriel_span *span, struct oriel_scope *scope,
				       const char *name, size_t name_n,
				       const struct oriel_span_options *options,
				       struct oriel_attributes attributes)
{
	struct thread *t = thread_if_any();
	enum sampler sampler;
	struct entry *top;

	if (__builtin_expect(!t || options || t->depth >= CONTEXT_DEPTH - 1, 0))
		return span_open_with(span, scope, name, name_n, options, attributes);
	top = thread_entry(t, t->depth);
	if (__builtin_expect((top->meta & (ENTRY_CARRY | ENTRY_REMOTE | ENTRY_SHARE)) != 0 ||
				     (!top->span_id && process.config.sampling_asks),
			     0))
		return span_open_with(span, scope, name, name_n, options, attributes);
	sampler = span_sampler(top);
	if (sampler == SAMPLER_OFF)
		return span_open_silent(span, t, top, !top->span_id);
	if (sampler == SAMPLER_ON && clock_counts())
		return span_sampled_in(span, scope, name, name_n, t, attributes);
	return span_open_with(span, scope, name, name_n, options, attributes);
}

/*
 * Where a struct is returned through a hidden first argument, which comes back as the result (System
 * V on x86-64), the functions above are these already. A wrapper would have a frame to keep.
 */
#if defined(__x86_64__) && defined(__ELF__) && !defined(__ILP32__)
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattribute-alias"
#endif
struct oriel_span oriel_span_open(const char *name, size_t name_n,
				  const struct oriel_span_options *options,
				  struct oriel_attributes attributes)
	__attribute__((alias("span_open")));
struct oriel_span oriel_span_open_in(struct oriel_scope *scope, const char *name, size_t name_n,
				     const struct oriel_span_options *options,
				     struct oriel_attributes attributes)
	__attribute__((alias("span_open_in")));
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#else
struct oriel_span oriel_span_open(const char *name, size_t name_n,
				  const struct oriel_span_options *options,
				  struct oriel_attributes attributes)
{
	struct oriel_span span;

	return *span_open(&span, name, name_n, options, attributes);
}

struct oriel_span oriel_span_open_in(struct oriel_scope *scope, const char *name, size_t name_n,
				     const struct oriel_span_options *options,
				     struct oriel_attributes attributes)
{
	struct oriel_span span;

	return *span_open_in(&span, scope, name, name_n, options, attributes);
}
#endif
