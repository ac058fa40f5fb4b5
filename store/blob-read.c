/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blob.h"
#include "store/blob-form.h"
#include "store/varint.h"

#include "base/err.h"

#include <errno.h>

static uint64_t blob_bad(struct blob_reader *r)
{
	r->error = -EBADMSG;
	r->left.n = 0;
	return 0;
}

static uint64_t blob_get(struct blob_reader *r)
{
	uint64_t v;

	return varint_take(&r->left, &v) ? v : blob_bad(r);
}

static int64_t blob_get_signed(struct blob_reader *r)
{
	return varint_of_signed(blob_get(r));
}

static struct str blob_get_bytes(struct blob_reader *r, uint64_t n)
{
	if (n > r->left.n) {
		blob_bad(r);
		return (struct str){ "", 0 };
	}

	struct str s = str_first(r->left, n);

	r->left = str_from(r->left, n);
	return s;
}

static struct str blob_get_text(struct blob_reader *r)
{
	return blob_get_bytes(r, blob_get(r));
}

static struct str blob_get_word(struct blob_reader *r)
{
	uint64_t id = blob_get(r);

	if (r->error)
		return (struct str){ "", 0 };
	return id ? r->word(id, r->you) : blob_get_text(r);
}

static void blob_get_into(struct blob_reader *r, void *to, size_t n)
{
	struct str s = blob_get_bytes(r, n);

	if (s.n == n)
		memcpy(to, s.p, n);
}

/* Room for as many items as were announced, if there are bytes for that many. */
static void *blob_get_array(struct blob_reader *r, size_t *n, size_t size, size_t least_bytes)
{
	uint64_t count = blob_get(r);
	void *p;

	*n = 0;
	if (count > r->left.n / least_bytes)
		blob_bad(r);
	if (!count || r->error)
		return NULL;
	p = arena_take(r->arena, size * count);
	if (!p) {
		blob_bad(r);
		r->error = -ENOMEM;
		return NULL;
	}
	*n = count;
	return memset(p, 0, size * count);
}

static struct attribute *blob_get_items(struct blob_reader *r, size_t *n, int depth);

static void blob_get_value(struct blob_reader *r, struct value *v, int depth)
{
	struct str type = blob_get_bytes(r, 1);
	struct value *item;

	*v = (struct value){ .type = VALUE_EMPTY };
	if (!type.n || depth > BLOB_DEPTH) {
		blob_bad(r);
		return;
	}
	v->type = (enum value_type)(unsigned char)type.p[0];
	switch (v->type) {
	case VALUE_EMPTY:
		break;
	case VALUE_BOOL:
		v->boolean = blob_get(r) != 0;
		break;
	case VALUE_INT:
		v->integer = blob_get_signed(r);
		break;
	case VALUE_DOUBLE:
		blob_get_into(r, &v->number, sizeof(v->number));
		break;
	case VALUE_STRING:
	case VALUE_BYTES:
		v->text = blob_get_text(r);
		break;
	case VALUE_ARRAY:
		item = blob_get_array(r, &v->array.n, sizeof(*item), 1);
		v->array.item = item;
		for (size_t i = 0; i < v->array.n && !r->error; i++)
			blob_get_value(r, &item[i], depth + 1);
		break;
	case VALUE_MAP:
		v->map.item = blob_get_items(r, &v->map.n, depth + 1);
		break;
	default:
		v->type = VALUE_EMPTY;
		blob_bad(r);
	}
}

static struct attribute *blob_get_items(struct blob_reader *r, size_t *n, int depth)
{
	struct attribute *item = blob_get_array(r, n, sizeof(*item), 2);

	for (size_t i = 0; i < *n && !r->error; i++) {
		item[i].key = blob_get_word(r);
		blob_get_value(r, &item[i].value, depth);
	}
	return item;
}

static void blob_get_attributes(struct blob_reader *r, struct attributes *a)
{
	a->item = blob_get_items(r, &a->n, 0);
	a->dropped = (uint32_t)blob_get(r);
}

static const struct scope *blob_get_scope(struct blob_reader *r)
{
	struct scope *s = arena_take_n(r->arena, struct scope, 1);
	struct scope read = { 0 };

	read.name = blob_get_word(r);
	read.version = blob_get_word(r);
	if (s)
		*s = read;
	return s;
}

/* What stands behind all else, of a scope that may have no name. */
static const struct scope *blob_get_more_scope(struct blob_reader *r, const struct scope *named)
{
	struct scope *s = arena_take_n(r->arena, struct scope, 1);
	struct scope read = { 0 };

	if (named)
		read = *named;
	read.schema_url = blob_get_word(r);
	blob_get_attributes(r, &read.attributes);
	if (!s)
		return named;
	*s = read;
	return s;
}

static void blob_get_events(struct blob_reader *r, struct span *s)
{
	struct span_event *e = blob_get_array(r, &s->n_events, sizeof(*e), 4);

	s->event = e;
	for (size_t i = 0; i < s->n_events && !r->error; i++) {
		e[i].time_ns = s->start_ns + (uint64_t)blob_get_signed(r);
		e[i].name = blob_get_word(r);
		blob_get_attributes(r, &e[i].attributes);
	}
	s->dropped_events = (uint32_t)blob_get(r);
}

static void blob_get_links(struct blob_reader *r, struct span *s)
{
	struct span_link *l = blob_get_array(r, &s->n_links, sizeof(*l), 28);

	s->link = l;
	for (size_t i = 0; i < s->n_links && !r->error; i++) {
		blob_get_into(r, l[i].trace_id.b, sizeof(l[i].trace_id.b));
		blob_get_into(r, l[i].span_id.b, sizeof(l[i].span_id.b));
		l[i].flags = (uint32_t)blob_get(r);
		l[i].trace_state = blob_get_text(r);
		blob_get_attributes(r, &l[i].attributes);
	}
	s->dropped_links = (uint32_t)blob_get(r);
}

static int blob_end(struct blob_reader *r)
{
	return r->error ? ERR(r->error) : 0;
}

int blob_read_span(struct blob_reader *r, struct span *s)
{
	unsigned has = (unsigned)blob_get(r);

	s->name = blob_get_word(r);
	if (has & SPAN_HAS_SCOPE)
		s->scope = blob_get_scope(r);
	if (has & SPAN_HAS_MESSAGE)
		s->status_message = blob_get_text(r);
	if (has & SPAN_HAS_STATE)
		s->trace_state = blob_get_text(r);
	if (has & SPAN_HAS_FLAGS)
		s->flags = (uint32_t)blob_get(r);
	if (has & SPAN_HAS_THREAD)
		s->thread_id = (uint32_t)blob_get(r);
	if (has & SPAN_HAS_ATTRIBUTES)
		blob_get_attributes(r, &s->attributes);
	if (has & SPAN_HAS_EVENTS)
		blob_get_events(r, s);
	if (has & SPAN_HAS_LINKS)
		blob_get_links(r, s);
	if (has & SPAN_HAS_MORE_SCOPE)
		s->scope = blob_get_more_scope(r, s->scope);
	return blob_end(r);
}

int blob_read_log(struct blob_reader *r, struct log_record *l)
{
	unsigned has = (unsigned)blob_get(r);

	blob_get_value(r, &l->body, 0);
	if (has & LOG_HAS_SCOPE)
		l->scope = blob_get_scope(r);
	if (has & LOG_HAS_TRACE)
		blob_get_into(r, l->trace_id.b, sizeof(l->trace_id.b));
	if (has & LOG_HAS_OBSERVED)
		l->observed_ns = l->time_ns + (uint64_t)blob_get_signed(r);
	if (has & LOG_HAS_FLAGS)
		l->flags = (uint32_t)blob_get(r);
	if (has & LOG_HAS_THREAD)
		l->thread_id = (uint32_t)blob_get(r);
	if (has & LOG_HAS_SEVERITY)
		l->severity_text = blob_get_word(r);
	if (has & LOG_HAS_EVENT)
		l->event_name = blob_get_word(r);
	if (has & LOG_HAS_ATTRIBUTES)
		blob_get_attributes(r, &l->attributes);
	if (has & LOG_HAS_MORE_SCOPE)
		l->scope = blob_get_more_scope(r, l->scope);
	return blob_end(r);
}

int blob_read_resource(struct blob_reader *r, struct attributes *attributes, struct str *run,
		       int32_t *pid)
{
	struct attributes a = { 0 };

	blob_get_attributes(r, &a);

	struct str text = blob_get_text(r);
	int64_t number = blob_get_signed(r);

	if (r->error)
		return ERR(r->error);
	*attributes = a;
	*run = text;
	*pid = (int32_t)number;
	return 0;
}

static bool text_holds(struct str text, struct str needle)
{
	for (size_t at = 0; at + needle.n <= text.n; at++) {
		size_t i = 0;

		while (i < needle.n && str_lower(text.p[at + i]) == needle.p[i])
			i++;
		if (i == needle.n)
			return true;
	}
	return false;
}

static bool value_holds(const struct value *v, struct str needle)
{
	char digits[24];
	struct out number = { digits, 0, sizeof(digits), sizeof(digits), 0 };

	switch (v->type) {
	case VALUE_STRING:
	case VALUE_BYTES:
		return text_holds(v->text, needle);
	case VALUE_INT:
		out_i64(&number, v->integer);
		return text_holds(out_all(&number), needle);
	case VALUE_ARRAY:
		for (size_t i = 0; i < v->array.n; i++)
			if (value_holds(&v->array.item[i], needle))
				return true;
		return false;
	case VALUE_MAP:
		for (size_t i = 0; i < v->map.n; i++)
			if (value_holds(&v->map.item[i].value, needle))
				return true;
		return false;
	default:
		return false;
	}
}

static bool attributes_hold(struct attributes a, struct str needle)
{
	for (size_t i = 0; i < a.n; i++)
		if (value_holds(&a.item[i].value, needle))
			return true;
	return false;
}

bool blob_span_holds(struct blob_reader *r, struct str needle)
{
	struct span s = { 0 };

	return blob_read_span(r, &s) == 0 &&
	       (text_holds(s.name, needle) || text_holds(s.status_message, needle) ||
		attributes_hold(s.attributes, needle));
}

bool blob_log_holds(struct blob_reader *r, struct str needle)
{
	struct log_record l = { 0 };

	return blob_read_log(r, &l) == 0 &&
	       (value_holds(&l.body, needle) || text_holds(l.event_name, needle) ||
		attributes_hold(l.attributes, needle));
}
