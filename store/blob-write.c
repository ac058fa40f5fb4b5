/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blob.h"
#include "store/blob-form.h"
#include "store/varint.h"

static inline void blob_put(struct blob_writer *w, uint64_t v)
{
	struct out *o = w->out;

	if (o->error || (o->room - o->n < VARINT_MOST && !out_reserve(o, VARINT_MOST)))
		return;
	o->n = (size_t)(varint_put(o->p + o->n, v) - o->p);
}

static void blob_put_signed(struct blob_writer *w, int64_t v)
{
	blob_put(w, varint_signed(v));
}

static void blob_put_text(struct blob_writer *w, struct str s)
{
	blob_put(w, s.n);
	out_str(w->out, s);
}

static void blob_put_word(struct blob_writer *w, struct str s)
{
	uint32_t id = w->word(s, w->you);

	blob_put(w, id);
	if (!id)
		blob_put_text(w, s);
}

static void blob_put_items(struct blob_writer *w, const struct attribute *item, size_t n,
			   int depth);

static void blob_put_value(struct blob_writer *w, const struct value *v, int depth)
{
	enum value_type type = v->type;

	if (depth >= BLOB_DEPTH && (type == VALUE_ARRAY || type == VALUE_MAP))
		type = VALUE_EMPTY;
	out_char(w->out, (char)type);
	switch (type) {
	case VALUE_EMPTY:
		break;
	case VALUE_BOOL:
		out_char(w->out, v->boolean);
		break;
	case VALUE_INT:
		blob_put_signed(w, v->integer);
		break;
	case VALUE_DOUBLE:
		out_bytes(w->out, &v->number, sizeof(v->number));
		break;
	case VALUE_STRING:
	case VALUE_BYTES:
		blob_put_text(w, v->text);
		break;
	case VALUE_ARRAY:
		blob_put(w, v->array.n);
		for (size_t i = 0; i < v->array.n; i++)
			blob_put_value(w, &v->array.item[i], depth + 1);
		break;
	case VALUE_MAP:
		blob_put_items(w, v->map.item, v->map.n, depth + 1);
		break;
	}
}

static void blob_put_items(struct blob_writer *w, const struct attribute *item, size_t n, int depth)
{
	blob_put(w, n);
	for (size_t i = 0; i < n; i++) {
		blob_put_word(w, item[i].key);
		blob_put_value(w, &item[i].value, depth);
	}
}

static void blob_put_attributes(struct blob_writer *w, const struct attributes *a)
{
	blob_put_items(w, a->item, a->n, 0);
	blob_put(w, a->dropped);
}

static bool has_attributes(const struct attributes *a)
{
	return a->n || a->dropped;
}

static bool has_scope(const struct scope *s)
{
	return s && (s->name.n || s->version.n);
}

static bool has_more_scope(const struct scope *s)
{
	return s && (s->schema_url.n || has_attributes(&s->attributes));
}

static void blob_put_more_scope(struct blob_writer *w, const struct scope *s)
{
	blob_put_word(w, s->schema_url);
	blob_put_attributes(w, &s->attributes);
}

static void blob_put_scope(struct blob_writer *w, const struct scope *s)
{
	blob_put_word(w, s->name);
	blob_put_word(w, s->version);
}

static void blob_put_event(struct blob_writer *w, const struct span_event *e, uint64_t start_ns)
{
	blob_put_signed(w, (int64_t)(e->time_ns - start_ns));
	blob_put_word(w, e->name);
	blob_put_attributes(w, &e->attributes);
}

static void blob_put_link(struct blob_writer *w, const struct span_link *l)
{
	out_bytes(w->out, l->trace_id.b, sizeof(l->trace_id.b));
	out_bytes(w->out, l->span_id.b, sizeof(l->span_id.b));
	blob_put(w, l->flags);
	blob_put_text(w, l->trace_state);
	blob_put_attributes(w, &l->attributes);
}

static unsigned span_members(const struct span *s)
{
	return (has_scope(s->scope) ? SPAN_HAS_SCOPE : 0) |
	       (s->status_message.n ? SPAN_HAS_MESSAGE : 0) |
	       (s->trace_state.n ? SPAN_HAS_STATE : 0) | (s->flags ? SPAN_HAS_FLAGS : 0) |
	       (s->thread_id ? SPAN_HAS_THREAD : 0) |
	       (has_attributes(&s->attributes) ? SPAN_HAS_ATTRIBUTES : 0) |
	       (s->n_events || s->dropped_events ? SPAN_HAS_EVENTS : 0) |
	       (s->n_links || s->dropped_links ? SPAN_HAS_LINKS : 0) |
	       (has_more_scope(s->scope) ? SPAN_HAS_MORE_SCOPE : 0);
}

void blob_write_span(struct blob_writer *w, const struct span *s)
{
	unsigned has = span_members(s);

	blob_put(w, has);
	blob_put_word(w, s->name);
	if (has & SPAN_HAS_SCOPE)
		blob_put_scope(w, s->scope);
	if (has & SPAN_HAS_MESSAGE)
		blob_put_text(w, s->status_message);
	if (has & SPAN_HAS_STATE)
		blob_put_text(w, s->trace_state);
	if (has & SPAN_HAS_FLAGS)
		blob_put(w, s->flags);
	if (has & SPAN_HAS_THREAD)
		blob_put(w, s->thread_id);
	if (has & SPAN_HAS_ATTRIBUTES)
		blob_put_attributes(w, &s->attributes);
	if (has & SPAN_HAS_EVENTS) {
		blob_put(w, s->n_events);
		for (size_t i = 0; i < s->n_events; i++)
			blob_put_event(w, &s->event[i], s->start_ns);
		blob_put(w, s->dropped_events);
	}
	if (has & SPAN_HAS_LINKS) {
		blob_put(w, s->n_links);
		for (size_t i = 0; i < s->n_links; i++)
			blob_put_link(w, &s->link[i]);
		blob_put(w, s->dropped_links);
	}
	if (has & SPAN_HAS_MORE_SCOPE)
		blob_put_more_scope(w, s->scope);
}

static unsigned log_members(const struct log_record *l)
{
	return (has_scope(l->scope) ? LOG_HAS_SCOPE : 0) |
	       (trace_id_is_set(l->trace_id) ? LOG_HAS_TRACE : 0) |
	       (l->observed_ns ? LOG_HAS_OBSERVED : 0) | (l->flags ? LOG_HAS_FLAGS : 0) |
	       (l->thread_id ? LOG_HAS_THREAD : 0) | (l->severity_text.n ? LOG_HAS_SEVERITY : 0) |
	       (l->event_name.n ? LOG_HAS_EVENT : 0) |
	       (has_attributes(&l->attributes) ? LOG_HAS_ATTRIBUTES : 0) |
	       (has_more_scope(l->scope) ? LOG_HAS_MORE_SCOPE : 0);
}

void blob_write_log(struct blob_writer *w, const struct log_record *l)
{
	unsigned has = log_members(l);

	blob_put(w, has);
	blob_put_value(w, &l->body, 0);
	if (has & LOG_HAS_SCOPE)
		blob_put_scope(w, l->scope);
	if (has & LOG_HAS_TRACE)
		out_bytes(w->out, l->trace_id.b, sizeof(l->trace_id.b));
	if (has & LOG_HAS_OBSERVED)
		blob_put_signed(w, (int64_t)(l->observed_ns - l->time_ns));
	if (has & LOG_HAS_FLAGS)
		blob_put(w, l->flags);
	if (has & LOG_HAS_THREAD)
		blob_put(w, l->thread_id);
	if (has & LOG_HAS_SEVERITY)
		blob_put_word(w, l->severity_text);
	if (has & LOG_HAS_EVENT)
		blob_put_word(w, l->event_name);
	if (has & LOG_HAS_ATTRIBUTES)
		blob_put_attributes(w, &l->attributes);
	if (has & LOG_HAS_MORE_SCOPE)
		blob_put_more_scope(w, l->scope);
}

void blob_write_resource(struct blob_writer *w, const struct resource *from)
{
	blob_put_attributes(w, &from->attributes);
	blob_put_text(w, from->run);
	blob_put_signed(w, from->pid);
}
