/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes: who records ("Instrumentation Scope"). What a program says with oriel.h alone is in one scope, its own; a
 * library that records for itself, or a part of a large program, has one with its name, version, schema and attributes.
 *
 *     #define ORIEL_SCOPE storage                 before the #include: of this file's spans and log records
 *     #include <oriel-scope.h>
 *
 *     static struct oriel_scope *storage;
 *     static struct oriel_counter *reads;
 *
 *     storage = oriel_scope("acme.storage", ORIEL_SCOPE_OPTIONS(.version = "2.1.0"));
 *     reads = oriel_counter_in(storage, "reads", "{read}", "Blocks read");
 *
 *     ORIEL_SPAN ("read block", oriel_int("block", n))            in the scope, as are
 *             oriel_debug("cache miss");                          ORIEL_TRACKED's span and log record
 *
 * It is a tracer, a meter and a logger in one ("Get a Tracer", "Get a Meter", "Get a Logger"): spans begun with
 * ORIEL_SPAN_OPTIONS(.scope = storage), instruments made of it, log records written in it. Two instruments of one
 * name in two scopes are two. NULL is the program's own scope, wherever one is asked for; but in a span's options it
 * is the file's, ORIEL_SCOPE.
 *
 * Threads    any. Signals: not in signal handlers, but using a scope is safe in them. fork: a child goes on with
 *            the same ones. Before oriel_start: they can be made, instruments can't.
 * Ownership  everything is copied. A scope stays for ever, and is no pointer to anything.
 * Room       64 scopes, and 16 KiB for what they say; beyond that, NULL, and it is counted (names_no_room).
 *            Texts have at most 255 bytes; 16 attributes, 1 KiB of them.
 */
#ifndef ORIEL_SCOPE_H
#define ORIEL_SCOPE_H

#include <oriel.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oriel_scope_options {
	size_t size; /* ORIEL_SCOPE_OPTIONS() fills this in */
	const char *version, *schema_url;
	struct oriel_attributes attributes; /* ORIEL_WITH(oriel_str("build", "static")) */
};

#define ORIEL_SCOPE_OPTIONS(...) \
	ORIEL_MAKE(oriel_scope_options, .size = sizeof(struct oriel_scope_options), __VA_ARGS__)

/*
 * The same name, version, schema and attributes give the same one. NULL stands for no options; a name that is NULL
 * or "" makes one that works, and is called that.
 */
ORIEL_API struct oriel_scope *oriel_scope(const char *name,
					  const struct oriel_scope_options *options);

/* ---- log records ------------------------------------------------------------------------------------ */

/*
 * oriel_log_in(storage, ORIEL_WARN, "slow disk", oriel_f64("s", s)); whether it passes is the program's own logger's
 * to say. A file that has a logger as well (#define ORIEL_LOGGER) has levels of its own, and records named after it.
 */
#define oriel_log_in(scope, level, event, ...) \
	do { \
		static struct oriel_site oriel_here = ORIEL_SITE; \
		if (oriel_passes(NULL, (level))) \
			oriel_log_all(&oriel_here, ORIEL_WHAT_IN(scope, NULL, level), (event), \
				      ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

/* ---- instruments ------------------------------------------------------------------------------------ */

/* As in oriel.h, of that scope. */
enum oriel_instrument_kind {
	ORIEL_COUNTER = 1,
	ORIEL_UP_DOWN = 2,
	ORIEL_GAUGE = 3,
	ORIEL_HISTOGRAM = 4,
	ORIEL_EXPONENTIAL = 5,
	ORIEL_SUMMARY = 6,
	ORIEL_F64_OF = 0x200, /* of doubles: of the first three */
};

struct oriel_instrument_of {
	struct oriel_scope *scope;
	unsigned what; /* enum oriel_instrument_kind */
	const char *name, *unit, *description;
};

/* What those below call: n bounds, or quantiles. */
ORIEL_API void *oriel_make_instrument(const struct oriel_instrument_of *of, const double *numbers,
				      size_t n);
ORIEL_API struct oriel_observer *oriel_make_observer(const struct oriel_instrument_of *of,
						     oriel_callback call, void *you);
ORIEL_API struct oriel_watch *oriel_make_watch(const struct oriel_instrument_of *of,
					       const volatile void *address, unsigned type,
					       struct oriel_attributes attributes);

static inline struct oriel_instrument_of oriel_instrument_in(struct oriel_scope *scope,
							     unsigned what, const char *name,
							     const char *unit,
							     const char *description)
{
	struct oriel_instrument_of of;

	of.scope = scope;
	of.what = what;
	of.name = name;
	of.unit = unit;
	of.description = description;
	return of;
}

#define ORIEL_MAKER_IN(instrument, maker, observer, what) \
	static inline struct instrument *maker(struct oriel_scope *scope, const char *name, \
					       const char *unit, const char *description) \
	{ \
		struct oriel_instrument_of of = \
			oriel_instrument_in(scope, what, name, unit, description); \
\
		return (struct instrument *)oriel_make_instrument(&of, NULL, 0); \
	} \
	static inline struct oriel_observer *observer(struct oriel_scope *scope, const char *name, \
						      const char *unit, const char *description, \
						      oriel_callback call, void *you) \
	{ \
		struct oriel_instrument_of of = \
			oriel_instrument_in(scope, what, name, unit, description); \
\
		return oriel_make_observer(&of, call, you); \
	}
ORIEL_MAKER_IN(oriel_counter, oriel_counter_in, oriel_counter_observe_in, ORIEL_COUNTER)
ORIEL_MAKER_IN(oriel_counter_f64, oriel_counter_f64_in, oriel_counter_f64_observe_in,
	       (unsigned)ORIEL_COUNTER | (unsigned)ORIEL_F64_OF)
ORIEL_MAKER_IN(oriel_up_down, oriel_up_down_in, oriel_up_down_observe_in, ORIEL_UP_DOWN)
ORIEL_MAKER_IN(oriel_up_down_f64, oriel_up_down_f64_in, oriel_up_down_f64_observe_in,
	       (unsigned)ORIEL_UP_DOWN | (unsigned)ORIEL_F64_OF)
ORIEL_MAKER_IN(oriel_gauge, oriel_gauge_in, oriel_gauge_observe_in, ORIEL_GAUGE)
ORIEL_MAKER_IN(oriel_gauge_f64, oriel_gauge_f64_in, oriel_gauge_f64_observe_in,
	       (unsigned)ORIEL_GAUGE | (unsigned)ORIEL_F64_OF)

static inline struct oriel_histogram *oriel_histogram_in(struct oriel_scope *scope,
							 const char *name, const char *unit,
							 const char *description,
							 const double *bounds, size_t n)
{
	struct oriel_instrument_of of =
		oriel_instrument_in(scope, ORIEL_HISTOGRAM, name, unit, description);

	return (struct oriel_histogram *)oriel_make_instrument(&of, bounds, n);
}

static inline struct oriel_histogram *oriel_histogram_exponential_in(struct oriel_scope *scope,
								     const char *name,
								     const char *unit,
								     const char *description)
{
	struct oriel_instrument_of of =
		oriel_instrument_in(scope, ORIEL_EXPONENTIAL, name, unit, description);

	return (struct oriel_histogram *)oriel_make_instrument(&of, NULL, 0);
}

static inline struct oriel_histogram *oriel_summary_in(struct oriel_scope *scope, const char *name,
						       const char *unit, const char *description,
						       const double *quantiles, size_t n)
{
	struct oriel_instrument_of of =
		oriel_instrument_in(scope, ORIEL_SUMMARY, name, unit, description);

	return (struct oriel_histogram *)oriel_make_instrument(&of, quantiles, n);
}

/* oriel_gauge_watch_in(storage, name, unit, description, address, attributes...) */
#define oriel_counter_watch_in(...) ORIEL_WATCHED_IN(ORIEL_COUNTER, __VA_ARGS__)
#define oriel_up_down_watch_in(...) ORIEL_WATCHED_IN(ORIEL_UP_DOWN, __VA_ARGS__)
#define oriel_gauge_watch_in(...) ORIEL_WATCHED_IN(ORIEL_GAUGE, __VA_ARGS__)
#define ORIEL_WATCHED_IN(what, scope, name, unit, description, address, ...) \
	oriel_watch_of(oriel_instrument_in((scope), (what), (name), (unit), (description)), \
		       (address), ORIEL_NUMBER_TYPE(address), ORIEL_WITH(__VA_ARGS__))

static inline struct oriel_watch *oriel_watch_of(struct oriel_instrument_of of,
						 const volatile void *address, unsigned type,
						 struct oriel_attributes attributes)
{
	return oriel_make_watch(&of, address, type, attributes);
}

#ifdef __cplusplus
}
#endif

#endif
