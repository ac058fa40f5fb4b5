/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work: a block that is a span, a duration, an error count and a log record at once. What the metrics
 * tell apart is what the program itself names: never the attributes, which a request may have brought.
 *
 *     kind        span                    metrics
 *     operation   NAME                    operation.duration, operation.errors
 *     job         NAME                    job.duration, job.active, job.last_success
 *     message     process DESTINATION     messaging.process.duration, messaging.client.consumed.messages
 */
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/encode.h"
#include "lib/known.h"
#include "lib/metric.h"

enum { NAME_ROOM = 256, LABELS = 4 };

static double seconds_since(uint64_t began_ns)
{
	uint64_t now = clock_slow();

	return now > began_ns ? (double)(now - began_ns) / 1e9 : 0;
}

static void copied(struct oriel_attribute to[ORIEL_WORK_ATTRIBUTES], uint8_t *n,
		   struct oriel_attributes a)
{
	*n = (uint8_t)(a.n < ORIEL_WORK_ATTRIBUTES ? a.n : ORIEL_WORK_ATTRIBUTES);
	if (a.n > *n)
		process_lose(LOSS_attributes_no_room, a.n - *n);
	for (uint8_t i = 0; i < *n; i++)
		to[i] = a.item[i];
}

/* ---- labels -------------------------------------------------------------------------------------- */

struct labels {
	struct oriel_attribute item[LABELS];
	size_t n;
};

static struct labels labels_of(const struct oriel_work *w, bool with_error)
{
	struct labels l = { .n = 0 };

	if (w->kind == ORIEL_WORK_MESSAGE) {
		l.item[l.n++] = known_str(KEY_MESSAGING_OPERATION_NAME, "process");
		l.item[l.n++] = known_str(KEY_MESSAGING_SYSTEM, w->system);
		l.item[l.n++] = known_str(KEY_MESSAGING_DESTINATION_NAME, w->name);
	} else {
		l.item[l.n++] = oriel_str(w->kind == ORIEL_WORK_JOB ? "job.name" : "operation.name",
					  w->name);
	}
	if (with_error && w->error_type[0])
		l.item[l.n++] = known_str(KEY_ERROR_TYPE, w->error_type);
	return l;
}

static struct oriel_attributes attributes_of(const struct labels *l)
{
	return (struct oriel_attributes){ l->item, l->n };
}

/* ---- instruments --------------------------------------------------------------------------------- */

enum work_instrument {
	OPERATION_DURATION,
	OPERATION_ERRORS,
	JOB_DURATION,
	JOB_ACTIVE,
	JOB_LAST_SUCCESS,
	PROCESS_DURATION,
	CONSUMED,
	N_INSTRUMENTS,
};

static void *instrument_make(enum work_instrument which)
{
	switch (which) {
	case OPERATION_DURATION:
		return oriel_histogram("operation.duration", "s", "Duration of operations", NULL,
				       0);
	case OPERATION_ERRORS:
		return oriel_counter("operation.errors", "{error}", "Operations that failed");
	case JOB_DURATION:
		return oriel_histogram("job.duration", "s", "Duration of jobs", NULL, 0);
	case JOB_ACTIVE:
		return oriel_up_down("job.active", "{job}", "Jobs that are under way");
	case JOB_LAST_SUCCESS:
		return oriel_gauge_f64("job.last_success", "s",
				       "When the job succeeded last, since the epoch");
	case PROCESS_DURATION:
		return oriel_histogram("messaging.process.duration", "s",
				       "Duration of processing operation.", NULL, 0);
	case CONSUMED:
		return oriel_counter("messaging.client.consumed.messages", "{message}",
				     "Number of messages that were delivered to the application.");
	default:
		return NULL;
	}
}

/* Made when it is first needed; until there is room for it, nothing is recorded. */
static void *instrument_of(enum work_instrument which)
{
	static void *_Atomic known[N_INSTRUMENTS];
	void *i = atomic_load_explicit(&known[which], memory_order_acquire);

	if (!i) {
		i = instrument_make(which);
		atomic_store_explicit(&known[which], i, memory_order_release);
	}
	return i;
}

static void count(enum work_instrument which, int64_t n, const struct labels *l)
{
	oriel_measure_int(instrument_of(which), n, attributes_of(l));
}

static void record(enum work_instrument which, double v, const struct labels *l)
{
	oriel_measure_f64(instrument_of(which), v, attributes_of(l));
}

/* ---- begin --------------------------------------------------------------------------------------- */

static void message_begin(struct oriel_work *w)
{
	static const char operation[] = "process ";
	char name[sizeof(operation) + NAME_ROOM];
	size_t n = oriel_length(w->name);

	n = encode_cut(w->name, n, NAME_ROOM);
	memcpy(name, operation, sizeof(operation) - 1);
	memcpy(name + sizeof(operation) - 1, w->name, n);
	w->span = oriel_span_open(name, sizeof(operation) - 1 + n,
				  ORIEL_SPAN_OPTIONS(.kind = ORIEL_CONSUMER, .scope = w->scope),
				  ORIEL_WITH(known_str(KEY_MESSAGING_SYSTEM, w->system),
					     known_str(KEY_MESSAGING_DESTINATION_NAME, w->name),
					     known_str(KEY_MESSAGING_OPERATION_NAME, "process"),
					     known_str(KEY_MESSAGING_OPERATION_TYPE, "process")));
}

/* On the stack of contexts, for oriel_failed to find. */
static void work_mark(const struct oriel_work *w)
{
	struct thread *t = w->span.depth ? thread_if_any() : NULL;

	if (t && w->span.depth <= t->depth)
		t->entry[w->span.depth].meta |= ENTRY_WORK;
}

void oriel_work_begin(struct oriel_work *w, enum oriel_work_kind kind, struct oriel_scope *scope,
		      const char *system, const char *name, struct oriel_site *site,
		      struct oriel_attributes attributes)
{
	struct labels l;

	*w = (struct oriel_work){
		.kind = (uint8_t)kind, .scope = scope, .name = name, .site = site
	};
	w->system = system;
	if (!oriel_recording())
		w->span = oriel_span_off(NULL);
	if (!oriel_recording() || !name)
		return;
	copied(w->attribute, &w->n_attributes, attributes);
	w->began_ns = clock_slow();
	if (kind != ORIEL_WORK_MESSAGE) {
		w->span = oriel_span_made_in(scope, name, NULL, attributes);
	} else {
		message_begin(w);
		oriel_span_set_all(&w->span, attributes);
	}
	work_mark(w);
	l = labels_of(w, false);
	if (kind == ORIEL_WORK_JOB)
		count(JOB_ACTIVE, 1, &l);
}

static void type_copy(char *to, size_t room, const char *type)
{
	size_t n = encode_cut(type, oriel_length(type), room - 1);

	memcpy(to, type, n);
	to[n] = '\0';
}

static const char *type_of(const char *type)
{
	return type && type[0] ? type : "_OTHER";
}

void oriel_work_failed(struct oriel_work *w, const char *type, const char *message)
{
	if (!w || !w->began_ns)
		return;
	type_copy(w->error_type, sizeof(w->error_type), type_of(type));
	oriel_span_error(&w->span, type_of(type), message);
}

/* The one that is about this span already, or a free one, or the first. */
static struct failure *failure_for(struct thread *t, uint64_t span_id)
{
	struct failure *f = t->failure;

	for (size_t i = 0; i < FAILURES; i++) {
		if (t->failure[i].span_id == span_id)
			return &t->failure[i];
		if (!t->failure[i].span_id)
			f = &t->failure[i];
	}
	return f;
}

void oriel_failed(const char *type, const char *message)
{
	struct thread *t = oriel_recording() ? thread_if_any() : NULL;
	struct oriel_span span = { .depth = 0 };
	const struct entry *e;
	struct failure *f;
	uint32_t i = t ? t->depth : 0;

	while (i && !(t->entry[i].meta & ENTRY_WORK))
		i--;
	if (!i)
		return;
	e = &t->entry[i];
	f = failure_for(t, e->span_id);
	f->span_id = e->span_id;
	type_copy(f->type, sizeof(f->type), type_of(type));
	context_read(&span.context, e);
	span.flags = entry_kind(e) == ENTRY_SPAN;
	oriel_span_error(&span, type_of(type), message);
}

/* What oriel_failed said of it, which is told once. */
static void failure_take(struct oriel_work *w)
{
	struct thread *t = thread_if_any();
	uint64_t id;

	memcpy(&id, w->span.context.span_id, 8);
	for (size_t i = 0; t && id && i < FAILURES; i++)
		if (t->failure[i].span_id == id) {
			type_copy(w->error_type, sizeof(w->error_type), t->failure[i].type);
			t->failure[i].span_id = 0;
		}
}

/* ---- end ----------------------------------------------------------------------------------------- */

static void measure(const struct oriel_work *w, double seconds)
{
	struct labels l = labels_of(w, true), plain = labels_of(w, false);
	bool failed = w->error_type[0] != '\0';
	struct timespec now;

	if (w->kind == ORIEL_WORK_OPERATION) {
		record(OPERATION_DURATION, seconds, &l);
		if (failed)
			count(OPERATION_ERRORS, 1, &l);
	} else if (w->kind == ORIEL_WORK_JOB) {
		record(JOB_DURATION, seconds, &l);
		count(JOB_ACTIVE, -1, &plain);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (!failed)
			record(JOB_LAST_SUCCESS, (double)now.tv_sec, &plain);
	} else {
		record(PROCESS_DURATION, seconds, &l);
		count(CONSUMED, 1, &l);
	}
}

/* Messages that went well are too many for anybody to read of each. */
static void tell(const struct oriel_work *w, double seconds)
{
	enum oriel_severity severity = w->error_type[0]		       ? ORIEL_ERR
				       : w->kind == ORIEL_WORK_MESSAGE ? ORIEL_DEBUG
								       : ORIEL_INFO;
	struct oriel_attribute item[ORIEL_WORK_ATTRIBUTES + LABELS + 1];
	struct labels l = labels_of(w, true);
	size_t n = 0;

	if (!oriel_passes(NULL, severity))
		return;
	for (size_t i = 0; i < l.n; i++)
		item[n++] = l.item[i];
	for (size_t i = 0; i < w->n_attributes; i++)
		item[n++] = w->attribute[i];
	item[n++] = oriel_f64("duration_s", seconds);
	oriel_log_all(w->site, ORIEL_WHAT_IN(w->scope, NULL, severity),
		      w->error_type[0]		      ? "failed"
		      : w->kind == ORIEL_WORK_MESSAGE ? "message processed"
						      : "done",
		      (struct oriel_attributes){ item, n });
}

void oriel_work_end(struct oriel_work *w)
{
	double seconds;

	if (!w)
		return;
	if (!w->began_ns) {
		oriel_span_end(&w->span);
		return;
	}
	seconds = seconds_since(w->began_ns);
	failure_take(w);
	if (oriel_recording()) {
		/* Before the span ends: it is their example, and theirs are its ids. */
		measure(w, seconds);
		tell(w, seconds);
	}
	w->began_ns = 0;
	oriel_span_end(&w->span);
}

/* ---- timers -------------------------------------------------------------------------------------- */

void oriel_timer_begin(struct oriel_timer *t, struct oriel_histogram *histogram,
		       struct oriel_series *series, struct oriel_attributes attributes)
{
	t->began_ns = 0;
	t->histogram = histogram;
	t->series = series;
	t->n_attributes = 0;
	if (!oriel_recording() || (!histogram && !series))
		return;
	copied(t->attribute, &t->n_attributes, attributes);
	t->began_ns = clock_slow();
}

void oriel_timer_end(struct oriel_timer *t)
{
	double seconds;

	if (!t || !t->began_ns)
		return;
	seconds = seconds_since(t->began_ns);
	t->began_ns = 0;
	if (t->series)
		oriel_series_record(t->series, seconds);
	else if (oriel_recording())
		oriel_measure_f64(t->histogram, seconds,
				  (struct oriel_attributes){ t->attribute, t->n_attributes });
}
