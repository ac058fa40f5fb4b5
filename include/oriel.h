/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oriel: observability for services written in C.
 *
 *     #include <oriel.h>
 *
 *     oriel_start(ORIEL_OPTIONS(.service = "checkout", .version = "1.4.2"));
 *     struct oriel_counter *orders = oriel_counter("orders", "{order}", "Orders placed");
 *
 *     ORIEL_SPAN("place order", oriel_str("tenant.id", tenant)) {
 *             oriel_info("order placed", oriel_int("order.id", id), oriel_f64("amount", total));
 *             oriel_add(orders, 1, oriel_str("product", "book"));
 *     }
 *     oriel_stop();
 *
 * A map of what is here:
 *
 *     oriel_start, oriel_stop          begin and end; options
 *     oriel_flush                      wait until what was recorded has reached its destinations
 *     oriel_str, oriel_int, ...        attributes
 *     ORIEL_SPAN, oriel_span_*         spans; oriel_sampling_ratio
 *     oriel_context_*                  the current context across threads and processes
 *     oriel_baggage_*                  baggage
 *     oriel_fields_*                   fields of all log records in a context
 *     oriel_info, oriel_log, ...       log records
 *     oriel_audit, oriel_audit_flush   audit records
 *     oriel_error_here, oriel_failure  errors with their stack, and what a 500 may say
 *     oriel_counter, oriel_add, ...    metrics
 *     oriel_gauge_observe, _watch      metrics that are asked for when somebody reads
 *     ORIEL_TRACKED, _JOB, _CONSUMED   span, duration, errors and log record in one; ORIEL_TIMED
 *     oriel_excluded                   paths of a server that are left out
 *
 * A library that records in a scope of its own ("Get a Tracer", "Get a Meter") finds oriel_scope in oriel-scope.h.
 *
 * What every call promises, unless its comment says otherwise:
 *
 * Safe always      before oriel_start, after oriel_stop, without a collector, without configuration,
 *                  after fork: then it does nothing, or records what it can. Recording calls return
 *                  nothing; what could not be recorded is counted, and the page shows the counts.
 * Threads          any thread, at any time. No recording call takes a lock or waits for another thread;
 *                  start, stop and the making of instruments may, for a moment, and the first
 *                  measurement with some attributes tries a bounded number of times.
 * Signals          recording calls may be used in signal handlers, also in one that interrupts
 *                  another recording call. start, stop, instruments and baggage may not. A handler
 *                  that interrupted one must return: after siglongjmp out of it that thread records
 *                  with less room, and after a second time not at all (counted).
 * fork             a child records into a segment of its own and has the parent's current context;
 *                  vfork children count as the parent; children of _Fork and raw clone don't record.
 * Errors, errno    errno is kept. No call exits or aborts. Nothing is printed, but for log records
 *                  while no collector lives: those go to standard error, too (ORIEL_FALLBACK=none).
 * Ownership        everything passed in is copied before the call returns, but for what a comment
 *                  names. Names and keys are UTF-8, ended by NUL.
 * System calls     none in recording calls, but for those lines.
 *
 * The data model is OpenTelemetry's: Trace API, Logs API, Metrics API of its specification 1.x;
 * section names in comments below are those documents'.
 */
#ifndef ORIEL_H
#define ORIEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORIEL_VERSION_MAJOR 0
#define ORIEL_VERSION_MINOR 1

#define ORIEL_API __attribute__((visibility("default")))

/* A recording call is a call, not one to a jump (the linker's table of them) and then a jump. */
#if defined(__has_attribute)
#if __has_attribute(noplt)
#define ORIEL_QUICK ORIEL_API __attribute__((noplt))
#endif
#endif
#ifndef ORIEL_QUICK
#define ORIEL_QUICK ORIEL_API
#endif

#define ORIEL_LIKELY_NOT(x) __builtin_expect(!!(x), 0)

/* ---- begin and end ------------------------------------------------------------------------ */

struct oriel_options {
	size_t size; /* ORIEL_OPTIONS() fills this in */
	const char *
		service; /* service.name, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES give one */
	const char *version;	   /* service.version, likewise */
	const char *excluded_urls; /* instead of ORIEL_EXCLUDED_URLS and its kin */
};

#ifndef __cplusplus
#define ORIEL_MAKE(type, ...) (&(struct type){ __VA_ARGS__ })
#else
} /* extern "C" */
template <typename T> struct oriel_made { /* lives until the statement ends, as C's does at least */
	T value;
	operator const T *() const
	{
		return &value;
	}
};
#define ORIEL_MAKE(type, ...) (static_cast<const type *>(oriel_made<type>{ { __VA_ARGS__ } }))
extern "C" {
#endif

#define ORIEL_OPTIONS(...) \
	ORIEL_MAKE(oriel_options, .size = sizeof(struct oriel_options), __VA_ARGS__)

/*
 * Make this process's segment in $ORIEL_RUN_DIR (default /dev/shm/oriel-UID) and begin to record.
 * Reads OTEL_* and ORIEL_* of the environment once, here. Starts a collector if none lives there,
 * unless ORIEL_COLLECTOR=none, or this is PID 1 or a subreaper. NULL stands for no options. Calls
 * nest with oriel_stop; a second one (also when the agent was first) may still name the service.
 *
 * 0, or the reason that recording is off, as an oriel_off value; the program goes on either way.
 * Not in signal handlers.
 */
ORIEL_API int oriel_start(const struct oriel_options *options);

enum oriel_off {
	ORIEL_OFF_DISABLED = 1, /* OTEL_SDK_DISABLED=true; contexts are passed on */
	ORIEL_OFF_NO_DIRECTORY, /* the run directory can't be made, or isn't ours alone */
	ORIEL_OFF_NO_ROOM,	/* shared memory is full, or RLIMIT_FSIZE or RLIMIT_AS too small */
	ORIEL_OFF_NO_MEMORY,	/* mmap refused */
	ORIEL_OFF_FORKED,	/* a child that nobody told of (_Fork, raw clone) */
	ORIEL_OFF_STOPPED,	/* oriel_stop was called */
	ORIEL_OFF_NOT_STARTED,
	ORIEL_OFF_FAILED, /* anything else */
};

/* 0 while this process records, else why not. Signal-safe. */
ORIEL_API int oriel_why_off(void);

/* A sentence for an oriel_off value; static. */
ORIEL_API const char *oriel_off_text(int why);

/*
 * End what oriel_start began; the last one stops recording. Waits for nothing but for audit records and a
 * callback that is being called (hold no lock that it takes; none is called afterwards): what was recorded
 * is in shared memory and the collector delivers it. Not needed before exit.
 */
ORIEL_API void oriel_stop(void);

/*
 * Wait until everything that this process has recorded so far has reached its destinations ("ForceFlush"):
 * the store of the page, and each exporter that the settings ask for. 0 says that it has; it was taken, not
 * only sent. At most timeout_ms. Sleeps in short steps, opens nothing; any thread, not in signal handlers. A
 * forked child asks for itself.
 */
enum oriel_flushed {
	ORIEL_FLUSHED = 0,
	ORIEL_FLUSH_LATE =
		1, /* the time was over; what isn't delivered yet still will be, or be told as lost */
	ORIEL_FLUSH_LOST =
		2, /* nothing is under way, but a destination refused or dropped some since this was said last; counted */
	ORIEL_FLUSH_NOBODY = 3, /* no collector lives, or nothing is recorded */
};
ORIEL_API int oriel_flush(unsigned timeout_ms);

/*
 * What the inline checks below look at; set by the library only. Reading it costs a load, so a
 * disabled call costs a load and a branch.
 */
struct oriel_gate {
	unsigned char recording; /* 0: nothing is recorded */
	unsigned char passing; /* 1: nor will be, but contexts are current; see oriel_span_passed */
	const int64_t *levels; /* how far from here the loggers' levels lie; see oriel_passes */
};
extern ORIEL_API struct oriel_gate oriel_gate;

/* Is anything recorded just now? What lies behind it was made before. */
static inline __attribute__((always_inline)) bool oriel_recording(void)
{
	return __atomic_load_n(&oriel_gate.recording, __ATOMIC_ACQUIRE);
}

/* ---- attributes ("Attribute", Common specification) ----------------------------------------- */

enum oriel_type {
	ORIEL_BOOL = 1,
	ORIEL_INT = 2,
	ORIEL_F64 = 3,
	ORIEL_STR = 4,
	ORIEL_BYTES = 5,
	ORIEL_BOOLS = 6,
	ORIEL_INTS = 7,
	ORIEL_F64S = 8,
	ORIEL_STRS = 9,
};

/*
 * Make these with the functions below. A NULL key, string or array makes no attribute. `shape` is
 * the type, the key's length << 8 (at most 255 bytes are kept) and the value's size << 16: bytes of
 * a scalar or a string, items of an array.
 */
struct oriel_attribute {
	const char *key;
	uint64_t shape;
	union {
		bool boolean;
		int64_t integer;
		double number;
		const void *p;
	} value;
};

/* strlen, which the compiler knows for a literal; 0 for NULL. */
static inline size_t oriel_length(const char *text)
{
	return text ? __builtin_strlen(text) : 0;
}

static inline struct oriel_attribute oriel_attribute_of(const char *key, enum oriel_type type,
							size_t n)
{
	struct oriel_attribute a;
	size_t key_n = oriel_length(key);

	a.key = key;
	a.shape = (uint64_t)type | (uint64_t)(key_n < 255 ? key_n : 255) << 8 |
		  (uint64_t)(n < UINT32_MAX ? n : UINT32_MAX) << 16;
	a.value.integer = 0;
	return a;
}

/* n bytes of text that need not end in NUL. */
static inline struct oriel_attribute oriel_strn(const char *key, const char *value, size_t n)
{
	struct oriel_attribute a = oriel_attribute_of(value ? key : NULL, ORIEL_STR, n);

	a.value.p = value;
	return a;
}

static inline struct oriel_attribute oriel_str(const char *key, const char *value)
{
	return oriel_strn(key, value, oriel_length(value));
}

/*
 * Of a log record: it is an event of this name ("EventName", Logs Data Model), which says what its body
 * and attributes are: oriel_info("order placed", oriel_event_name("shop.order.placed"), ...)
 */
static inline struct oriel_attribute oriel_event_name(const char *name)
{
	return oriel_str("event.name", name);
}

static inline struct oriel_attribute oriel_int(const char *key, int64_t value)
{
	struct oriel_attribute a = oriel_attribute_of(key, ORIEL_INT, 8);

	a.value.integer = value;
	return a;
}

static inline struct oriel_attribute oriel_f64(const char *key, double value)
{
	struct oriel_attribute a = oriel_attribute_of(key, ORIEL_F64, 8);

	a.value.number = value;
	return a;
}

static inline struct oriel_attribute oriel_bool(const char *key, bool value)
{
	struct oriel_attribute a = oriel_attribute_of(key, ORIEL_BOOL, 1);

	/* One store; `boolean` is its first byte, as x86-64 and arm64 have it. */
	a.value.integer = value;
	return a;
}

static inline struct oriel_attribute oriel_array(const char *key, enum oriel_type type,
						 const void *items, size_t n)
{
	struct oriel_attribute a = oriel_attribute_of(items || !n ? key : NULL, type, n);

	a.value.p = items;
	return a;
}

static inline struct oriel_attribute oriel_bytes(const char *key, const void *bytes, size_t n)
{
	return oriel_array(key, ORIEL_BYTES, bytes, n);
}

static inline struct oriel_attribute oriel_bools(const char *key, const bool *items, size_t n)
{
	return oriel_array(key, ORIEL_BOOLS, items, n);
}

static inline struct oriel_attribute oriel_ints(const char *key, const int64_t *items, size_t n)
{
	return oriel_array(key, ORIEL_INTS, items, n);
}

static inline struct oriel_attribute oriel_f64s(const char *key, const double *items, size_t n)
{
	return oriel_array(key, ORIEL_F64S, items, n);
}

static inline struct oriel_attribute oriel_strs(const char *key, const char *const *items, size_t n)
{
	return oriel_array(key, ORIEL_STRS, items, n);
}

/* Attributes as the functions take them: ORIEL_WITH(oriel_int("a", 1), ...), or ORIEL_WITH(). */
struct oriel_attributes {
	const struct oriel_attribute *item;
	size_t n;
};

#ifndef __cplusplus
#define ORIEL_WITH(...) \
	(__extension__(struct oriel_attributes){ \
		(const struct oriel_attribute[]){ __VA_ARGS__ }, \
		sizeof((const struct oriel_attribute[]){ __VA_ARGS__ }) / \
			sizeof(struct oriel_attribute) })
#else
} /* extern "C" */
template <typename... A> struct oriel_attribute_pack {
	struct oriel_attribute item[sizeof...(A) + 1];
	operator struct oriel_attributes() const
	{
		return { item, sizeof...(A) };
	}
};
template <typename... A> static inline oriel_attribute_pack<A...> oriel_pack(A... a)
{
	return { { a..., oriel_attribute{} } };
}
#define ORIEL_WITH(...) (oriel_pack(__VA_ARGS__))
extern "C" {
#endif

/* ---- context ("Context", "SpanContext") ------------------------------------------------------ */

/*
 * Which span is current, with its trace state and baggage: a plain value. One that came from
 * capture, extract or parse holds baggage memory: give it to oriel_context_release once, when no
 * attached thread needs it any more. `{0}` is the empty context.
 */
struct oriel_context {
	unsigned char trace_id[16];
	unsigned char span_id[8];
	uint8_t flags;	/* W3C trace flags: 1 sampled, 2 random */
	uint8_t remote; /* came from another process */
	uint16_t carry; /* the library's handle for trace state and baggage; 0: none */
	uint32_t reserved;
} __attribute__((aligned(8)));

enum { ORIEL_SAMPLED = 1, ORIEL_RANDOM = 2 };

/* The current context of this thread, to be taken to another. */
ORIEL_API struct oriel_context oriel_context_capture(void);

/*
 * Make `c` current in this thread until detach, which takes what attach returned. They nest; a
 * detach also ends the attachments and spans that were made after it (as abandoned).
 */
ORIEL_API unsigned oriel_context_attach(const struct oriel_context *c);
ORIEL_API void oriel_context_detach(unsigned token);
ORIEL_API void oriel_context_release(struct oriel_context *c);

/*
 * A remote context from headers, by OTEL_PROPAGATORS (default tracecontext,baggage; strict as W3C
 * Trace Context level 1 and 2 want). Each text may be NULL and need not be valid: what makes no
 * sense is ignored. True if there is a valid parent in it.
 */
ORIEL_API bool oriel_context_parse(struct oriel_context *out, const char *traceparent,
				   const char *tracestate, const char *baggage);

/*
 * The same through a getter ("TextMap Propagator"), for all propagators, B3's too. It is asked by
 * names in lower case and ignores the case of its own; it returns the field's value, which must stay
 * until extract has returned, or NULL. A caller that sent a decision to sample but no ids leaves a
 * context without ids in *out, and the answer is false: attached, or as a parent, the decision counts.
 */
ORIEL_API bool oriel_context_extract(struct oriel_context *out,
				     const char *(*get)(void *carrier, const char *name),
				     void *carrier);

/*
 * The same where the names can be listed too ("Getter", Keys), which baggage by jaeger and ottrace
 * needs: it comes as a field for each entry. `key` returns the name of field i, NULL behind the last.
 */
struct oriel_carrier {
	size_t size; /* ORIEL_CARRIER() fills this in */
	const char *(*get)(void *carrier, const char *name);
	void *carrier;
	const char *(*key)(void *carrier, size_t i); /* or NULL */
};
#define ORIEL_CARRIER(...) \
	ORIEL_MAKE(oriel_carrier, .size = sizeof(struct oriel_carrier), __VA_ARGS__)
ORIEL_API bool oriel_context_extract_from(struct oriel_context *out,
					  const struct oriel_carrier *from);

/* The current context into headers; `set` is called once for each, its strings borrowed. */
ORIEL_API void oriel_context_inject(void (*set)(void *carrier, const char *name, const char *value),
				    void *carrier);

/*
 * The names of the fields that inject may set, by OTEL_PROPAGATORS ("Fields"), so that a carrier that is
 * used again can be cleaned of them; they stay. How many there are, of which `most` are written. Baggage
 * that has a field for each member (jaeger, ottrace) isn't among them.
 */
ORIEL_API size_t oriel_context_fields(const char *names[], size_t most);

/* "00-...-...-01" of the current span and NUL; false, and "", if there is none. Signal-safe. */
ORIEL_API bool oriel_traceparent(char out[56]);

/* The current trace and span id as hex and NUL; false, and "", if there is none. Signal-safe. */
ORIEL_API bool oriel_trace_id(char out[33]);
ORIEL_API bool oriel_span_id(char out[17]);

/*
 * The request id: a short text that goes with the context, is on every log record made in it
 * (request_id), sampled or not, and goes out on the calls that a watched service makes. The agent
 * sets it for each request that comes in; the service may, for work of its own: 1 to 64 letters,
 * digits, `_` and `-`, or nothing happens. Not in signal handlers; reading is signal-safe.
 */
enum { ORIEL_REQUEST_ID_ROOM = 65 };
ORIEL_API bool oriel_request_id(char out[ORIEL_REQUEST_ID_ROOM]); /* false, and "": there is none */
ORIEL_API void oriel_set_request_id(const char *id);

/*
 * The same for a context that isn't current yet: `id` if it is valid, else a fresh UUID; `out` (may
 * be NULL) gets it. The context then holds baggage memory: oriel_context_release it.
 */
ORIEL_API void oriel_context_set_request_id(struct oriel_context *c, const char *id,
					    char out[ORIEL_REQUEST_ID_ROOM]);

/*
 * Fields of the context: on each log record that is made in it, beside the record's own, which count
 * where keys are the same. They hold from here until the current span ends or the context is
 * detached, and go along with capture and attach, to new threads and to forked children. In a
 * request that the agent sees `method` and `path` are bound already. 1 KiB of them. Not in signal
 * handlers.
 *
 *     oriel_fields_bind(oriel_str("tenant", tenant), oriel_int("cart", id));
 *     oriel_fields_unbind("cart");
 *     oriel_fields_clear();
 */
#define oriel_fields_bind(...) \
	do { \
		if (oriel_recording()) \
			oriel_fields_bind_all(ORIEL_WITH(__VA_ARGS__)); \
	} while (0)
ORIEL_API void oriel_fields_bind_all(struct oriel_attributes fields);
ORIEL_API void oriel_fields_unbind(const char *key);
ORIEL_API void oriel_fields_clear(void);

/* ---- spans ("Span", Trace API) ---------------------------------------------------------------- */

enum oriel_kind {
	ORIEL_INTERNAL = 1,
	ORIEL_SERVER = 2,
	ORIEL_CLIENT = 3,
	ORIEL_PRODUCER = 4,
	ORIEL_CONSUMER = 5,
};

enum oriel_status {
	ORIEL_UNSET = 0,
	ORIEL_OK = 1,
	ORIEL_ERROR = 2,
};

/*
 * A span is a value that the caller keeps, usually on its stack; it may be copied and ended on any
 * thread, once. `{0}` is a span that records nothing. Its members are the library's.
 */
struct oriel_span {
	struct oriel_context context;
	uint32_t depth; /* of the context stack it was pushed on; 0: not made current */
	uint32_t flags; /* 1: records */
};

/*
 * Who records, as oriel_scope (oriel-scope.h) makes them; NULL: the program itself, but in a span's options
 * the file's. No pointer to anything.
 */
struct oriel_scope;

/* Of this file's spans and log records that don't say theirs; instruments are told it. Before the #include. */
#ifndef ORIEL_SCOPE
#define ORIEL_SCOPE ((struct oriel_scope *)0)
#endif

struct oriel_span_options {
	size_t size;			    /* ORIEL_SPAN_OPTIONS() fills this in */
	enum oriel_kind kind;		    /* 0: internal */
	const struct oriel_context *parent; /* NULL: the current context */
	bool root;			    /* no parent at all */
	bool detached;		   /* don't make it current: for work that ends elsewhere */
	uint64_t start_ns;	   /* nanoseconds since the epoch; 0: now */
	struct oriel_scope *scope; /* NULL: ORIEL_SCOPE */
	bool unrecorded;	   /* whatever the sampler says; nor are its children */
	const struct oriel_context *const *links; /* to n_links others, without attributes */
	size_t n_links;
};

#define ORIEL_SPAN_OPTIONS(...) \
	ORIEL_MAKE(oriel_span_options, .size = sizeof(struct oriel_span_options), __VA_ARGS__)

/*
 * Of the traces that begin here from now on, take this share: 1.0 / 1000.0, by trace id, so that all
 * services which take a share agree ("TraceIdRatioBased"). After oriel_start, any thread, not in signal
 * handlers; nothing happens if OTEL_TRACES_SAMPLER says how, or for what is no share from 0 to 1.
 */
ORIEL_API void oriel_sampling_ratio(double ratio);

/* What the macros below call; `name` is name_n bytes long, `options` may be NULL. */
ORIEL_QUICK struct oriel_span oriel_span_open(const char *name, size_t name_n,
					      const struct oriel_span_options *options,
					      struct oriel_attributes attributes);
ORIEL_QUICK struct oriel_span oriel_span_open_in(struct oriel_scope *scope, const char *name,
						 size_t name_n,
						 const struct oriel_span_options *options,
						 struct oriel_attributes attributes);
ORIEL_QUICK void oriel_span_finish(struct oriel_span *span, uint64_t end_ns);

/* A span is NULL: the current one. A span that has ended, or does not record: nothing happens. */
ORIEL_API void oriel_span_set_all(const struct oriel_span *span,
				  struct oriel_attributes attributes);
ORIEL_API void oriel_span_event_all(const struct oriel_span *span, const char *name,
				    uint64_t time_ns, struct oriel_attributes attributes);
ORIEL_API void oriel_span_link_all(const struct oriel_span *span, const struct oriel_context *to,
				   struct oriel_attributes attributes);
ORIEL_API void oriel_span_name(const struct oriel_span *span, const char *name);

/* OK is final; a message only with ERROR ("Set Status"). `message` may be NULL. */
ORIEL_API void oriel_span_status(const struct oriel_span *span, enum oriel_status status,
				 const char *message);

/*
 * Record an error: an `exception` event with exception.type and exception.message, error.type on
 * the span, and status ERROR ("Record Exception", semantic conventions for exceptions).
 */
ORIEL_API void oriel_span_error(const struct oriel_span *span, const char *type,
				const char *message);

/* The same with further attributes of the exception event, 14 at most. */
ORIEL_API void oriel_span_error_all(const struct oriel_span *span, const char *type,
				    const char *message, struct oriel_attributes attributes);

/* True if attributes set on it would go anywhere ("IsRecording"). */
static inline bool oriel_span_is_recording(const struct oriel_span *span)
{
	return span && (span->flags & 1) && oriel_recording();
}

/*
 * A span where nothing is recorded. With OTEL_SDK_DISABLED=true contexts are passed on all the same, and a
 * span stands for its parent: it has its context, and what is set below it ends with it.
 */
ORIEL_API struct oriel_span oriel_span_passed(const struct oriel_span_options *options);

static inline __attribute__((always_inline)) struct oriel_span oriel_span_made(
	const char *name, const struct oriel_span_options *options,
	struct oriel_attributes attributes)
{
	return oriel_span_open(name, oriel_length(name), options, attributes);
}

static inline __attribute__((always_inline)) struct oriel_span oriel_span_made_in(
	struct oriel_scope *scope, const char *name, const struct oriel_span_options *options,
	struct oriel_attributes attributes)
{
	return scope ? oriel_span_open_in(scope, name, oriel_length(name), options, attributes)
		     : oriel_span_made(name, options, attributes);
}

/* oriel_span_begin(&span, "name", options, attributes): the same; `options` may be NULL. */
#define oriel_span_begin(...) oriel_span_begin_in(ORIEL_SCOPE, __VA_ARGS__)
static inline void oriel_span_begin_in(struct oriel_scope *scope, struct oriel_span *span,
				       const char *name, const struct oriel_span_options *options,
				       struct oriel_attributes attributes)
{
	*span = oriel_span_made_in(scope, name, options, attributes);
}

static inline struct oriel_span oriel_span_none(void)
{
	struct oriel_span span;

	memset(&span, 0, sizeof(span));
	return span;
}

static inline void oriel_span_end(struct oriel_span *span)
{
	uint64_t depth_and_flags;

	if (!span)
		return;
	memcpy(&depth_and_flags, (const char *)span + offsetof(struct oriel_span, depth),
	       sizeof(depth_and_flags));
	if (depth_and_flags)
		oriel_span_finish(span, 0);
}

static inline struct oriel_span oriel_span_off(const struct oriel_span_options *options)
{
	if (ORIEL_LIKELY_NOT(options || __atomic_load_n(&oriel_gate.passing, __ATOMIC_RELAXED)))
		return oriel_span_passed(options);
	return oriel_span_none();
}

/*
 *     struct oriel_span s = oriel_span_start("name", oriel_int("a", 1)); ... oriel_span_end(&s);
 *
 * Prefer attributes here to oriel_span_set: sampling rules see these alone, and they cost no record
 * of their own.
 */
#define oriel_span_start(name, ...) oriel_span_start_with(NULL, name, __VA_ARGS__)

/* The same with options: oriel_span_start_with(ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT), "GET"). */
#define oriel_span_start_with(options, name, ...) \
	(oriel_recording() \
		 ? oriel_span_made_in(ORIEL_SCOPE, (name), (options), ORIEL_WITH(__VA_ARGS__)) \
		 : oriel_span_off((options)))

#define oriel_span_set(span, ...) \
	do { \
		if (oriel_recording()) \
			oriel_span_set_all((span), ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

#define oriel_span_event(span, name, ...) \
	do { \
		if (oriel_recording()) \
			oriel_span_event_all((span), (name), 0, ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

#define oriel_span_error_with(span, type, message, ...) \
	do { \
		if (oriel_recording()) \
			oriel_span_error_all((span), (type), (message), ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

#define oriel_span_link(span, to, ...) \
	do { \
		if (oriel_recording()) \
			oriel_span_link_all((span), (to), ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

/*
 * A block as a span: it ends however the block is left (return, goto, break, an exception in C++).
 * Inside, NULL stands for it: oriel_span_set(NULL, ...). `break` and `continue` leave this block,
 * not a loop around it. longjmp out of it ends the span when an outer one ends, as abandoned.
 */
#define ORIEL_SPAN(name, ...) ORIEL_SPAN_IN(__COUNTER__, name, __VA_ARGS__)
#define ORIEL_SPAN_IN(n, name, ...) ORIEL_SPAN_AS(n, name, __VA_ARGS__)
#define ORIEL_SPAN_AS(n, name, ...) \
	for (struct oriel_span oriel_block_##n \
	     __attribute__((cleanup(oriel_span_end))) = oriel_span_start(name, __VA_ARGS__), \
	     *oriel_once_##n = &oriel_block_##n; \
	     oriel_once_##n; oriel_once_##n = NULL)

/* ---- baggage ("Baggage API") ------------------------------------------------------------------- */

/*
 * Set, replace or (value NULL) remove an entry in the current context, from here until its span
 * ends or it is detached. Keys are tokens; values any UTF-8. Not in signal handlers.
 */
ORIEL_API void oriel_baggage_set(const char *key, const char *value);

/* Into `out` with NUL, cut to `size`; the value's whole length, or -1 if there is none. */
ORIEL_API int oriel_baggage_get(const char *key, char *out, size_t size);

/* ---- log records ("Logs API") ------------------------------------------------------------------- */

enum oriel_severity {
	ORIEL_TRACE = 1,
	ORIEL_DEBUG = 5,
	ORIEL_INFO = 9,
	ORIEL_WARN = 13,
	ORIEL_ERR = 17,
	ORIEL_FATAL = 21,
};

/*
 * A named logger: the scope of its records, with a level of its own. The same name gives the same
 * one, also before oriel_start; beyond 63 names, and for NULL, it is the program's own logger, NULL.
 * Levels: LOG_LEVEL (DEBUG, INFO, WARNING, ERROR, CRITICAL; INFO if unset) for all, ORIEL_LOG_LEVELS
 * (db=debug,http=warning) for some, oriel_logger_level, and `oriel level` while the program runs.
 * It is no pointer to anything. Not in signal handlers.
 *
 *     static struct oriel_logger *db;
 *     db = oriel_logger("db");
 *     oriel_log_to(db, ORIEL_DEBUG, "connected", oriel_int("port", port));
 *
 * A file whose calls all go to one logger says so once: #define ORIEL_LOGGER db
 */
struct oriel_logger;
ORIEL_API struct oriel_logger *oriel_logger(const char *name);

/* From now on only records of this severity and above pass; any number above 24: none. */
ORIEL_API void oriel_logger_level(struct oriel_logger *logger, int severity);

#ifndef ORIEL_LOGGER
#define ORIEL_LOGGER ((struct oriel_logger *)0)
#endif

enum { ORIEL_SEVERITY_MOST = 24, ORIEL_LOGGERS = 64 };

/*
 * Does this logger let this severity pass? A level is how many of the severities pass, counted from
 * the top. It lies in shared memory, where it can be changed from outside; the distance to it lies
 * in memory that a fork wipes, so that a child that nobody told of finds 0, and there zeros.
 */
static inline bool oriel_passes(const struct oriel_logger *logger, int severity)
{
	const int64_t *from = __atomic_load_n(&oriel_gate.levels, __ATOMIC_ACQUIRE);
	const unsigned char *levels =
		(const unsigned char *)from + __atomic_load_n(from, __ATOMIC_RELAXED);

	return severity + __atomic_load_n(&levels[(uintptr_t)logger % ORIEL_LOGGERS],
					  __ATOMIC_RELAXED) >
	       ORIEL_SEVERITY_MOST;
}

/* Where in the program a log call stands: told to the collector once, then a number. */
struct oriel_site {
	const char *file, *function;
	uint32_t line;
	uint32_t number; /* the library's */
};
#define ORIEL_SITE \
	{ \
		__FILE__, __func__, __LINE__, 0 \
	}

/*
 * `event`, event_n bytes, is the body; the current span's ids go with it, sampled or not. `what` is
 * the severity, the scope << 8 and the logger << 32; `site` stays for ever. Of a record that has both, the
 * scope is named as the logger is, and all else of it is the scope's.
 */
ORIEL_QUICK void oriel_log_at(struct oriel_site *site, uint64_t what, const char *event,
			      size_t event_n, struct oriel_attributes attributes);

/* The same for callers that have no macros, and so no site. Levels are not asked. */
ORIEL_API void oriel_log_write(enum oriel_severity severity, const char *event, size_t event_n,
			       struct oriel_attributes attributes);

/*
 * The body by printf's rules, cut at 1,023 bytes: no memory is allocated for it, but printf itself may, for
 * conversions with a precision of hundreds. Not in signal handlers.
 */
ORIEL_API void oriel_log_print(struct oriel_site *site, uint64_t what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define ORIEL_WHAT(logger, level) ORIEL_WHAT_IN(ORIEL_SCOPE, logger, level)
#define ORIEL_WHAT_IN(scope, logger, level) \
	((uint8_t)(level) | (uint64_t)(uint8_t)(uintptr_t)(scope) << 8 | \
	 (uint64_t)((uintptr_t)(logger) % ORIEL_LOGGERS) << 32)

#define oriel_log_to(logger, level, event, ...) \
	do { \
		static struct oriel_site oriel_here = ORIEL_SITE; \
		if (oriel_passes((logger), (level))) \
			oriel_log_all(&oriel_here, ORIEL_WHAT(logger, level), (event), \
				      ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

#define oriel_logf_to(logger, level, ...) \
	do { \
		static struct oriel_site oriel_here = ORIEL_SITE; \
		if (oriel_passes((logger), (level))) \
			oriel_log_print(&oriel_here, ORIEL_WHAT(logger, level), __VA_ARGS__); \
	} while (0)

static inline __attribute__((always_inline)) void oriel_log_all(struct oriel_site *site,
								uint64_t what, const char *event,
								struct oriel_attributes attributes)
{
	oriel_log_at(site, what, event, oriel_length(event), attributes);
}

/* oriel_info("order placed", oriel_int("order.id", id)); */
#define oriel_log(level, ...) oriel_log_to(ORIEL_LOGGER, level, __VA_ARGS__)
#define oriel_trace(...) oriel_log(ORIEL_TRACE, __VA_ARGS__)
#define oriel_debug(...) oriel_log(ORIEL_DEBUG, __VA_ARGS__)
#define oriel_info(...) oriel_log(ORIEL_INFO, __VA_ARGS__)
#define oriel_warn(...) oriel_log(ORIEL_WARN, __VA_ARGS__)
#define oriel_error(...) oriel_log(ORIEL_ERR, __VA_ARGS__)
#define oriel_critical(...) oriel_log(ORIEL_FATAL, __VA_ARGS__)

/* oriel_infof("order %d placed", id); */
#define oriel_logf(level, ...) oriel_logf_to(ORIEL_LOGGER, level, __VA_ARGS__)
#define oriel_tracef(...) oriel_logf(ORIEL_TRACE, __VA_ARGS__)
#define oriel_debugf(...) oriel_logf(ORIEL_DEBUG, __VA_ARGS__)
#define oriel_infof(...) oriel_logf(ORIEL_INFO, __VA_ARGS__)
#define oriel_warnf(...) oriel_logf(ORIEL_WARN, __VA_ARGS__)
#define oriel_errorf(...) oriel_logf(ORIEL_ERR, __VA_ARGS__)
#define oriel_criticalf(...) oriel_logf(ORIEL_FATAL, __VA_ARGS__)

/*
 * Audit records: what somebody did, kept on disk in a trail that shows when a line is changed or missing
 * (doc/audit.md). No level, no sampling. The event and its attributes are redacted like all else.
 *
 *     if (!oriel_audit("user.deleted", oriel_str("user.id", id), oriel_str("by", who)))
 *             ... it is not recorded ...
 *
 * False: recording is off, or there was no room. The one recording call that may wait for room: a second at
 * most, and where no collector lives only once. Signal-safe.
 */
#define oriel_audit(event, ...) oriel_audit_write((event), ORIEL_WITH(__VA_ARGS__))
ORIEL_API bool oriel_audit_write(const char *event, struct oriel_attributes attributes);

/*
 * Wait until all audit records of this process so far are on disk; false: they weren't by then. The last
 * oriel_stop and exit do this for ORIEL_AUDIT_FLUSH_MS (1,000; 0: not at all) if there are any and
 * a collector lives; where it isn't done, the collector keeps them a moment later all the same.
 */
ORIEL_API bool oriel_audit_flush(unsigned timeout_ms);

/*
 * An error with the stack that it was found on: a log record of severity ERROR whose body is the
 * message, with exception.type, exception.message and a backtrace, which the collector gives
 * functions, files and lines. It costs tens of microseconds. Either text may be NULL; what happened goes
 * into the type, what is special about this time into the message.
 *
 *     oriel_error_here("PaymentRefused", bank_message, oriel_int("order.id", id));
 *
 * (oriel_span_error is for the span that failed; it knows no stack.)
 */
ORIEL_API void oriel_error_at(struct oriel_site *site, uint64_t what, const char *type,
			      const char *message, struct oriel_attributes attributes);

#define oriel_error_here(type, ...) ORIEL_ERROR_HERE(ORIEL_LOGGER, type, __VA_ARGS__)
#define ORIEL_ERROR_HERE(logger, type, message, ...) \
	do { \
		static struct oriel_site oriel_here = ORIEL_SITE; \
		if (oriel_passes((logger), ORIEL_ERR)) \
			oriel_error_at(&oriel_here, ORIEL_WHAT(logger, ORIEL_ERR), (type), \
				       (message), ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

/*
 * A request that failed for a reason that is nobody's business: the log says unhandled_exception with
 * method, path (without its query), the type as exc_type and the backtrace; the answer says the request's id.
 *
 *     char body[ORIEL_FAILURE_ROOM];
 *     oriel_failure(.method = "POST", .path = path, .type = "OutOfStock", .message = why);
 *     size_t n = oriel_failure_body(ORIEL_JSON, body);
 *     answer(500, oriel_failure_type(ORIEL_JSON), body, n);
 *
 * ORIEL_JSON is {"error":"internal_server_error","request_id":"..."}, ORIEL_PROBLEM the problem
 * details of RFC 9457. Without a request id it is left out.
 */
struct oriel_failure {
	size_t size; /* oriel_failure() fills this in */
	const char *method, *path, *type, *message;
};

enum oriel_answer { ORIEL_JSON, ORIEL_PROBLEM };
enum { ORIEL_FAILURE_ROOM = 192 };

ORIEL_API void oriel_failure_at(struct oriel_site *site, uint64_t what,
				const struct oriel_failure *failure);
ORIEL_API size_t oriel_failure_body(enum oriel_answer form, char out[ORIEL_FAILURE_ROOM]);
ORIEL_API const char *oriel_failure_type(enum oriel_answer form);

#define oriel_failure(...) \
	do { \
		static struct oriel_site oriel_here = ORIEL_SITE; \
		if (oriel_passes(ORIEL_LOGGER, ORIEL_ERR)) \
			oriel_failure_at(&oriel_here, ORIEL_WHAT(ORIEL_LOGGER, ORIEL_ERR), \
					 ORIEL_MAKE(oriel_failure, \
						    .size = sizeof(struct oriel_failure), \
						    __VA_ARGS__)); \
	} while (0)

/* ---- metrics ("Metrics API") ---------------------------------------------------------------------- */

/*
 * Instruments are made once and kept for the life of the process; the same name gives the same one. (Those of a
 * library's own scope: oriel-scope.h.)
 * NULL is a valid instrument that records nothing: what these return before oriel_start or when
 * there is no room. `unit` by UCUM ("s", "By", "{order}"), `description` may be NULL.
 *
 *     counter      only rises: oriel_add, a negative n is ignored      "Counter"
 *     up-down      rises and falls: oriel_change                       "UpDownCounter"
 *     gauge        is what it was set to last: oriel_set               "Gauge"
 *     histogram    values by bucket: oriel_record                      "Histogram"
 *     summary      the same, shown as quantiles
 *
 * Each of the first three is there for integers and, with _f64, for doubles; NaN is ignored.
 */
struct oriel_counter;
struct oriel_counter_f64;
struct oriel_up_down;
struct oriel_up_down_f64;
struct oriel_gauge;
struct oriel_gauge_f64;
struct oriel_histogram;

ORIEL_API struct oriel_counter *oriel_counter(const char *name, const char *unit,
					      const char *description);
ORIEL_API struct oriel_counter_f64 *oriel_counter_f64(const char *name, const char *unit,
						      const char *description);
ORIEL_API struct oriel_up_down *oriel_up_down(const char *name, const char *unit,
					      const char *description);
ORIEL_API struct oriel_up_down_f64 *oriel_up_down_f64(const char *name, const char *unit,
						      const char *description);
ORIEL_API struct oriel_gauge *oriel_gauge(const char *name, const char *unit,
					  const char *description);
ORIEL_API struct oriel_gauge_f64 *oriel_gauge_f64(const char *name, const char *unit,
						  const char *description);

/* Bounds rise; n 0 means the bounds that the semantic conventions advise for seconds. */
ORIEL_API struct oriel_histogram *oriel_histogram(const char *name, const char *unit,
						  const char *description, const double *bounds,
						  size_t n);

/*
 * A histogram whose buckets follow what is measured ("Base2 Exponential Bucket Histogram"): at most
 * 160 for each sign, as fine as the range of the values allows. NaN and infinities are ignored.
 *
 * A summary is one that is shown as quantiles, each from 0 to 1, rising; n 0 means 0.5, 0.9, 0.95 and
 * 0.99. They are of everything since the start and of all processes together; a quantile is at most
 * 2.2 % off if the largest value is at most 2^9 times the smallest, 4.4 % up to 2^19, 8.7 % up to 2^39.
 */
ORIEL_API struct oriel_histogram *oriel_histogram_exponential(const char *name, const char *unit,
							      const char *description);
ORIEL_API struct oriel_histogram *oriel_summary(const char *name, const char *unit,
						const char *description, const double *quantiles,
						size_t n);

/* What the typed ones call; a value that the instrument doesn't take is ignored. */
ORIEL_QUICK void oriel_measure_int(void *instrument, int64_t n, struct oriel_attributes attributes);
ORIEL_QUICK void oriel_measure_f64(void *instrument, double v, struct oriel_attributes attributes);

#define ORIEL_MEASURE(name, instrument, type, how) \
	static inline void name(struct instrument *to, type v, struct oriel_attributes attributes) \
	{ \
		oriel_measure_##how(to, v, attributes); \
	}
ORIEL_MEASURE(oriel_add_all, oriel_counter, int64_t, int)
ORIEL_MEASURE(oriel_add_f64_all, oriel_counter_f64, double, f64)
ORIEL_MEASURE(oriel_change_all, oriel_up_down, int64_t, int)
ORIEL_MEASURE(oriel_change_f64_all, oriel_up_down_f64, double, f64)
ORIEL_MEASURE(oriel_set_all, oriel_gauge, int64_t, int)
ORIEL_MEASURE(oriel_set_f64_all, oriel_gauge_f64, double, f64)
ORIEL_MEASURE(oriel_record_all, oriel_histogram, double, f64)

/* oriel_add(orders, 1, oriel_str("product", "book")); */
#define oriel_add(...) ORIEL_MEASURED(oriel_add_all, __VA_ARGS__)
#define oriel_add_f64(...) ORIEL_MEASURED(oriel_add_f64_all, __VA_ARGS__)
#define oriel_change(...) ORIEL_MEASURED(oriel_change_all, __VA_ARGS__)
#define oriel_change_f64(...) ORIEL_MEASURED(oriel_change_f64_all, __VA_ARGS__)
#define oriel_set(...) ORIEL_MEASURED(oriel_set_all, __VA_ARGS__)
#define oriel_set_f64(...) ORIEL_MEASURED(oriel_set_f64_all, __VA_ARGS__)
#define oriel_record(...) ORIEL_MEASURED(oriel_record_all, __VA_ARGS__)
#define ORIEL_MEASURED(call, instrument, value, ...) \
	do { \
		if (oriel_recording()) \
			call((instrument), (value), ORIEL_WITH(__VA_ARGS__)); \
	} while (0)

/*
 * A series: one set of attributes of an instrument, bound once and then the fastest way to measure,
 * which threads don't slow for each other. The same set gives the same series; kept for ever, so bind
 * what is known beforehand, not what a request brings. NULL records nothing. Not in signal handlers;
 * measuring is. After fork a child goes on with the same pointers, from zero.
 *
 *     static struct oriel_series *books;
 *     books = oriel_bind(orders, oriel_str("product", "book"));
 *     oriel_series_add(books, 1);
 */
struct oriel_series;
ORIEL_API struct oriel_series *oriel_bind_all(void *instrument, struct oriel_attributes attributes);
#define oriel_bind(instrument, ...) oriel_bind_all((instrument), ORIEL_WITH(__VA_ARGS__))

ORIEL_QUICK void oriel_series_measure_int(struct oriel_series *series, int64_t n);
ORIEL_QUICK void oriel_series_measure_f64(struct oriel_series *series, double v);

/*
 * A call takes longer than the addition, so integers are added in the program where nothing else is
 * to be done: the thread has cells of its own for the series, and no span is current whose example the
 * addition could be. This is how the library lays out the first words of both. It stays so within a
 * version of the library's name; it is not for programs to use.
 */
typedef uint64_t __attribute__((may_alias)) oriel_word;
struct oriel_quick {
	oriel_word
		word; /* a number that such threads have, too; << 32: which of their cells it is */
};
struct oriel_own {
	uint64_t *cells;
	oriel_word word; /* the number; << 32: how many spans are current */
};
extern ORIEL_API __thread struct oriel_own *oriel_own __attribute__((tls_model("initial-exec")));

/*
 * By one instruction where there is one, as signal handlers add too. Its address is made before: with
 * an index in it processors wait for their own last addition (2.5 ns instead of 1).
 */
static inline void oriel_cell_add(uint64_t *cell, uint64_t n)
{
#if defined(__x86_64__)
	__asm__("" : "+r"(cell));
	__asm__ volatile("addq %1, %0" : "+m"(*cell) : "er"(n) : "cc");
#else
	__atomic_fetch_add(cell, n, __ATOMIC_RELAXED);
#endif
}

static inline void oriel_series_own_int(struct oriel_series *series, int64_t n)
{
	const struct oriel_quick *quick = (const struct oriel_quick *)series;
	const struct oriel_own *own = oriel_own;
	/* Acquire: the number is stored when the rest is there. */
	uint64_t word = quick ? __atomic_load_n(&quick->word, __ATOMIC_ACQUIRE) : 0;

	if (ORIEL_LIKELY_NOT(!word || n < 0 || (uint32_t)word != own->word))
		oriel_series_measure_int(series, n);
	else
		oriel_cell_add(&own->cells[word >> 32], (uint64_t)n);
}

#define ORIEL_SERIES_MEASURE(name, type, how) \
	static inline void name(struct oriel_series *series, type v) \
	{ \
		if (oriel_recording()) \
			oriel_series_##how(series, v); \
	}
ORIEL_SERIES_MEASURE(oriel_series_add, int64_t, own_int)
ORIEL_SERIES_MEASURE(oriel_series_add_f64, double, measure_f64)
ORIEL_SERIES_MEASURE(oriel_series_change, int64_t, own_int)
ORIEL_SERIES_MEASURE(oriel_series_change_f64, double, measure_f64)
ORIEL_SERIES_MEASURE(oriel_series_set, int64_t, measure_int)
ORIEL_SERIES_MEASURE(oriel_series_set_f64, double, measure_f64)
ORIEL_SERIES_MEASURE(oriel_series_record, double, measure_f64)

/* ---- values that nobody records ("Asynchronous instruments") ------------------------------------------ */

/*
 * Values that are there anyway, told when somebody reads the metrics: by a callback, which says all
 * of them at that moment (a counter's are totals, not what came since), or by address.
 *
 *     static void sizes(struct oriel_observation *to, void *pools)
 *     {
 *             oriel_observe(to, pool_size(pools, 0), oriel_str("pool", "small"));
 *             oriel_observe(to, pool_size(pools, 1), oriel_str("pool", "large"));
 *     }
 *     oriel_gauge_observe("pool.size", "{connection}", NULL, sizes, pools);
 *
 *     oriel_gauge_watch("pool.in_use", "{connection}", NULL, &pool.in_use, oriel_str("pool", "small"));
 *
 * Threads    Callbacks are called one at a time, in a thread that the library starts with the first
 *            of them: the only one it ever does, all signals blocked. They may record, but neither
 *            register nor wait; the collector waits a tenth of a second for all of them.
 *            A watched number is read by the collector in this process's memory, with no thread at
 *            all; where the system forbids that (Yama's ptrace_scope, a process that isn't dumpable) the
 *            helper reads it. One that is being written is read as it is: whole if its type is aligned.
 * Ownership  `you` and the address belong to the caller, until oriel_unobserve and oriel_unwatch have
 *            returned. Those wait for a callback that is being called: hold no lock that it
 *            takes. Memory that was freed under a watch is no fault: its value stays what it was, or
 *            is what now lies there.
 * fork       A child has the same callbacks (and, in a thread of its own, a helper) and watches.
 * Signals    Not in signal handlers.
 * Errors     NULL: no room (128 callbacks, 256 addresses), not recording, or within a callback.
 *
 * A series that its callback does not tell any more is not shown any more; nor is a watched gauge or
 * up-down counter after oriel_unwatch, while a watched counter stays at what it was.
 */
struct oriel_observation; /* valid within the callback */
struct oriel_observer;
typedef void (*oriel_callback)(struct oriel_observation *to, void *you);

#define ORIEL_OBSERVER(maker) \
	ORIEL_API struct oriel_observer *maker(const char *name, const char *unit, \
					       const char *description, oriel_callback call, \
					       void *you);
ORIEL_OBSERVER(oriel_counter_observe)
ORIEL_OBSERVER(oriel_counter_f64_observe)
ORIEL_OBSERVER(oriel_up_down_observe)
ORIEL_OBSERVER(oriel_up_down_f64_observe)
ORIEL_OBSERVER(oriel_gauge_observe)
ORIEL_OBSERVER(oriel_gauge_f64_observe)
ORIEL_API void oriel_unobserve(struct oriel_observer *observer); /* NULL: nothing happens */

ORIEL_API void oriel_observe_int_all(struct oriel_observation *to, int64_t n,
				     struct oriel_attributes attributes);
ORIEL_API void oriel_observe_f64_all(struct oriel_observation *to, double v,
				     struct oriel_attributes attributes);
#define oriel_observe(to, value, ...) oriel_observe_int_all((to), (value), ORIEL_WITH(__VA_ARGS__))
#define oriel_observe_f64(to, value, ...) \
	oriel_observe_f64_all((to), (value), ORIEL_WITH(__VA_ARGS__))

enum oriel_watched { ORIEL_WATCH_COUNTER = 1, ORIEL_WATCH_UP_DOWN = 2, ORIEL_WATCH_GAUGE = 3 };
enum { ORIEL_WATCH_SIGNED = 0x100, ORIEL_WATCH_FLOAT = 0x200 };

/* `type` is the number's size in bytes, and what it is: ORIEL_WATCH_SIGNED, ORIEL_WATCH_FLOAT or 0. */
struct oriel_watch;
ORIEL_API struct oriel_watch *oriel_watch_address(enum oriel_watched what, const char *name,
						  const char *unit, const char *description,
						  const volatile void *address, unsigned type,
						  struct oriel_attributes attributes);
ORIEL_API void oriel_unwatch(struct oriel_watch *watch); /* NULL: nothing happens */

/* Any integer, float or double, atomic or not; anything else is refused by the compiler. */
#ifndef __cplusplus
#define ORIEL_NUMBER_TYPE(address) \
	((unsigned)sizeof(*(address)) | \
	 _Generic(*(address), bool : 0u, char \
		  : ORIEL_WATCH_SIGNED *((char)-1 < 0), signed char \
		  : (unsigned)ORIEL_WATCH_SIGNED, short \
		  : (unsigned)ORIEL_WATCH_SIGNED, int \
		  : (unsigned)ORIEL_WATCH_SIGNED, long \
		  : (unsigned)ORIEL_WATCH_SIGNED, long long \
		  : (unsigned)ORIEL_WATCH_SIGNED, unsigned char : 0u, unsigned short : 0u, \
		    unsigned : 0u, unsigned long : 0u, unsigned long long : 0u, float \
		  : (unsigned)ORIEL_WATCH_FLOAT, double \
		  : (unsigned)ORIEL_WATCH_FLOAT))
#else
} /* extern "C" */
template <typename T> struct oriel_number; /* not for what is no number */
#define ORIEL_NUMBER(type, what) \
	template <> struct oriel_number<type> { \
		static const unsigned code = (unsigned)sizeof(type) | (what); \
	};
ORIEL_NUMBER(bool, 0u)
ORIEL_NUMBER(char, (char)-1 < 0 ? (unsigned)ORIEL_WATCH_SIGNED : 0u)
ORIEL_NUMBER(signed char, (unsigned)ORIEL_WATCH_SIGNED)
ORIEL_NUMBER(short, (unsigned)ORIEL_WATCH_SIGNED)
ORIEL_NUMBER(int, (unsigned)ORIEL_WATCH_SIGNED)
ORIEL_NUMBER(long, (unsigned)ORIEL_WATCH_SIGNED)
ORIEL_NUMBER(long long, (unsigned)ORIEL_WATCH_SIGNED)
ORIEL_NUMBER(unsigned char, 0u)
ORIEL_NUMBER(unsigned short, 0u)
ORIEL_NUMBER(unsigned, 0u)
ORIEL_NUMBER(unsigned long, 0u)
ORIEL_NUMBER(unsigned long long, 0u)
ORIEL_NUMBER(float, (unsigned)ORIEL_WATCH_FLOAT)
ORIEL_NUMBER(double, (unsigned)ORIEL_WATCH_FLOAT)
template <typename T> static inline unsigned oriel_number_type(const volatile T *)
{
	return oriel_number<T>::code;
}
template <template <typename> class A, typename T>
static inline unsigned oriel_number_type(const volatile A<T> *) /* std::atomic */
{
	static_assert(sizeof(A<T>) == sizeof(T), "the number and nothing else");
	return oriel_number<T>::code;
}
#define ORIEL_NUMBER_TYPE(address) oriel_number_type(address)
extern "C" {
#endif

/* oriel_gauge_watch(name, unit, description, address, attributes...) */
#define oriel_counter_watch(...) ORIEL_WATCHED(ORIEL_WATCH_COUNTER, __VA_ARGS__)
#define oriel_up_down_watch(...) ORIEL_WATCHED(ORIEL_WATCH_UP_DOWN, __VA_ARGS__)
#define oriel_gauge_watch(...) ORIEL_WATCHED(ORIEL_WATCH_GAUGE, __VA_ARGS__)
#define ORIEL_WATCHED(what, name, unit, description, address, ...) \
	oriel_watch_address((what), (name), (unit), (description), (address), \
			    ORIEL_NUMBER_TYPE(address), ORIEL_WITH(__VA_ARGS__))

/* ---- one scope for all ----------------------------------------------------------------------------------- */

/*
 * A block that is a span, a duration, an error count and a log record at once; it ends however it is
 * left, as ORIEL_SPAN's does. oriel_failed within it, or in what it calls, says that it went wrong.
 *
 *     ORIEL_TRACKED("place order", oriel_int("order.id", id)) {
 *             if (!reserve(id))
 *                     oriel_failed("out_of_stock", "nothing left of it");
 *     }
 *
 *     macro                  span                     metrics                              log record
 *     ORIEL_TRACKED(name)    name                     operation.duration, .errors          INFO
 *     ORIEL_JOB(name)        name                     job.duration, .active, .last_success INFO
 *     ORIEL_CONSUMED(        process DESTINATION,     messaging.process.duration,          DEBUG
 *       system, destination) a consumer's             messaging.client.consumed.messages
 *
 * Durations are in seconds, and have error.type where something failed, which also makes the log record
 * an ERROR and adds an exception event to the span (semantic conventions for messaging and recording
 * errors). The metrics are told apart by name, system, destination and error type only, so these must be of
 * a known few; attributes go to the span and the log record, the first 8 of them to the latter.
 *
 * A consumer whose message has the sender's context in its headers attaches that first
 * (oriel_context_extract, oriel_context_attach).
 *
 * Threads    one block is one thread's. Signals: not in handlers. fork: within the block the child
 *            has none; it records what it ends. longjmp out of it: only the span ends (abandoned).
 * Ownership  names, and what attributes point to, must stay until the block ends.
 */
enum oriel_work_kind { ORIEL_WORK_OPERATION, ORIEL_WORK_JOB, ORIEL_WORK_MESSAGE };

enum { ORIEL_WORK_ATTRIBUTES = 8, ORIEL_ERROR_TYPE_ROOM = 64 };

/* A value that the caller keeps; `{0}` is work that records nothing. Its members are the library's. */
struct oriel_work {
	struct oriel_span span;
	uint64_t began_ns; /* 0: it does not record, or has ended */
	struct oriel_scope *scope;
	const char *name, *system;
	struct oriel_site *site;
	uint8_t kind, n_attributes;
	char error_type[ORIEL_ERROR_TYPE_ROOM];
	struct oriel_attribute attribute[ORIEL_WORK_ATTRIBUTES];
};

/* What the macros call; `system` is messages' only. `site` stays for ever. failed: of this one. */
ORIEL_API void oriel_work_begin(struct oriel_work *work, enum oriel_work_kind kind,
				struct oriel_scope *scope, const char *system, const char *name,
				struct oriel_site *site, struct oriel_attributes attributes);
ORIEL_API void oriel_work_failed(struct oriel_work *work, const char *type, const char *message);
ORIEL_API void oriel_work_end(struct oriel_work *work);

static inline struct oriel_work oriel_work_made(enum oriel_work_kind kind,
						struct oriel_scope *scope, const char *system,
						const char *name, struct oriel_site *site,
						struct oriel_attributes attributes)
{
	struct oriel_work work;

	oriel_work_begin(&work, kind, scope, system, name, site, attributes);
	return work;
}

#define ORIEL_TRACKED(name, ...) \
	ORIEL_WORK_IN(__COUNTER__, ORIEL_WORK_OPERATION, NULL, name, __VA_ARGS__)
#define ORIEL_JOB(name, ...) ORIEL_WORK_IN(__COUNTER__, ORIEL_WORK_JOB, NULL, name, __VA_ARGS__)
#define ORIEL_CONSUMED(system, destination, ...) \
	ORIEL_WORK_IN(__COUNTER__, ORIEL_WORK_MESSAGE, system, destination, __VA_ARGS__)
#define ORIEL_WORK_IN(n, kind, system, name, ...) ORIEL_WORK_AS(n, kind, system, name, __VA_ARGS__)
#define ORIEL_WORK_AS(n, kind, system, name, ...) \
	for (struct oriel_work oriel_work_##n __attribute__((cleanup(oriel_work_end))) = \
		     oriel_work_made((kind), ORIEL_SCOPE, (system), (name), ORIEL_SITE_HERE, \
				     ORIEL_WITH(__VA_ARGS__)), \
					      *oriel_once_##n = &oriel_work_##n; \
	     oriel_once_##n; oriel_once_##n = NULL)
#define ORIEL_SITE_HERE \
	__extension__({ \
		static struct oriel_site oriel_here = ORIEL_SITE; \
		&oriel_here; \
	})

/*
 * The innermost of these blocks that this thread is in failed: `type` is of a known few ("timeout"; at
 * most 39 bytes count), `message` may be NULL. Of several calls the last one counts. Outside of such a
 * block nothing happens. Signal-safe.
 */
ORIEL_API void oriel_failed(const char *type, const char *message);

/*
 * A block whose seconds a histogram gets, or a series of one; a timer of one's own is a value that is
 * begun and ended once. Attributes: as above, at most 8.
 *
 *     ORIEL_TIMED(waits, oriel_str("queue", "a")) { ... }
 *     ORIEL_TIMED_SERIES(waits_of_a) { ... }
 */
struct oriel_timer {
	uint64_t began_ns;
	struct oriel_histogram *histogram;
	struct oriel_series *series;
	uint8_t n_attributes;
	struct oriel_attribute attribute[ORIEL_WORK_ATTRIBUTES];
};

ORIEL_API void oriel_timer_begin(struct oriel_timer *timer, struct oriel_histogram *histogram,
				 struct oriel_series *series, struct oriel_attributes attributes);
ORIEL_API void oriel_timer_end(struct oriel_timer *timer);

static inline struct oriel_timer oriel_timer_made(struct oriel_histogram *histogram,
						  struct oriel_series *series,
						  struct oriel_attributes attributes)
{
	struct oriel_timer timer;

	oriel_timer_begin(&timer, histogram, series, attributes);
	return timer;
}

#define ORIEL_TIMED(histogram, ...) ORIEL_TIMED_IN(__COUNTER__, histogram, NULL, __VA_ARGS__)
#define ORIEL_TIMED_SERIES(series) ORIEL_TIMED_IN(__COUNTER__, NULL, series, )
#define ORIEL_TIMED_IN(n, histogram, series, ...) ORIEL_TIMED_AS(n, histogram, series, __VA_ARGS__)
#define ORIEL_TIMED_AS(n, histogram, series, ...) \
	for (struct oriel_timer oriel_timer_##n __attribute__((cleanup(oriel_timer_end))) = \
		     oriel_timer_made((histogram), (series), ORIEL_WITH(__VA_ARGS__)), \
						*oriel_once_##n = &oriel_timer_##n; \
	     oriel_once_##n; oriel_once_##n = NULL)

/* ---- what is left out ------------------------------------------------------------------------------ */

/*
 * Of which signals a request for this path is left out, by ORIEL_EXCLUDED_URLS and its kin or what
 * oriel_start was given: 0, or some of these. The agent asks for the servers that it watches; for
 * those that make their own server spans. `path`, n bytes, as on the request line: without query,
 * and percent-encoded. Signal-safe.
 */
enum {
	ORIEL_EXCLUDED_TRACES = 1,
	ORIEL_EXCLUDED_METRICS = 2,
	ORIEL_EXCLUDED_ACCESS_LOG = 4,
};
ORIEL_API unsigned oriel_excluded(const char *path, size_t n);

#ifdef __cplusplus
}
#endif

#endif
