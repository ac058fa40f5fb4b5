/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/finish.h"

#include "base/clock.h"
#include "base/trace-state.h"
#include "base/utf8.h"
#include "collect/json-line.h"
#include "collect/stacks.h"
#include "model/copy.h"
#include "model/stats.h"

#define ABANDONED_MESSAGE "ended because an outer span ended"

enum { SEVERITY_ERROR = 17 };

#define ORIEL_EVENT_NAME "event.name" /* as in oriel.h */

enum { FLAGS_HAS_REMOTE = 0x100, FLAGS_IS_REMOTE = 0x200 };

/* What one span's finishing needs: `arena` is where everything of it goes. */
struct making {
	struct assembler *a;
	struct arena *arena;
	struct scope_book *scopes;
	struct span *span;
	struct attribute_list attributes;
	size_t n_events, n_links;
};

static const struct record_head *record_copy(struct arena *arena, const void *bytes)
{
	const struct record_head *h = bytes;
	void *p = arena_take(arena, h->size);

	return p ? memcpy(p, bytes, h->size) : NULL;
}

/* So many characters; a byte that belongs to none counts as one. */
static struct str cut_text(struct str text, uint32_t most)
{
	struct str rest = text;

	if (text.n <= most)
		return text;
	for (uint32_t i = 0; i < most && rest.n; i++) {
		size_t n = utf8_length(rest);

		rest = str_from(rest, n ? n : 1);
	}
	return str_first(text, text.n - rest.n);
}

/* Texts by characters, and those in arrays; bytes. The arrays are this span's own. */
static void cut_value(struct value *v, uint32_t most)
{
	if (v->type == VALUE_STRING)
		v->text = cut_text(v->text, most);
	if (v->type == VALUE_BYTES)
		v->text = str_first(v->text, most);
	for (size_t i = 0; v->type == VALUE_ARRAY && i < v->array.n; i++)
		cut_value((struct value *)&v->array.item[i], most);
}

static struct attributes list_keep(struct arena *arena, const struct attribute_list *l,
				   uint32_t value_length)
{
	struct attribute *item = l->n ? arena_take_n(arena, struct attribute, l->n) : NULL;

	if (item)
		memcpy(item, l->item, l->n * sizeof(*item));
	for (size_t i = 0; item && value_length && i < l->n; i++)
		cut_value(&item[i].value, value_length == ASSEMBLE_NO_TEXT ? 0 : value_length);
	return (struct attributes){ item, item ? l->n : 0, l->dropped };
}

/* Attributes of an event or a link, which nothing is set on later. */
static struct attributes attributes_of(struct assembler *a, struct arena *arena, struct str bytes,
				       uint32_t most, struct attribute *scratch)
{
	struct attribute_list l = { .item = scratch, .most = most };

	if (!decode_attributes(&l, bytes, arena))
		assemble_bad(a);
	return list_keep(arena, &l, a->limits.value_length);
}

static void status_set(struct span *s, uint8_t code, struct str message)
{
	if (s->status == STATUS_OK || (code != STATUS_OK && code != STATUS_ERROR))
		return;
	s->status = code;
	s->status_message = code == STATUS_ERROR ? message : (struct str){ "", 0 };
}

static void apply_event(struct making *m, const struct record_head *h, const struct record_tail *t)
{
	const struct record_event *r = (const void *)h;
	struct instant at = assemble_instant(m->a, r->time, h->flags);

	m->a->events[m->n_events++] = (struct span_event){
		.time_ns = timeline_real(m->a->timeline, at),
		.name = t->text,
		.attributes = attributes_of(m->a, m->arena, t->attributes,
					    m->a->limits.event_attributes, m->a->detail_scratch),
	};
}

static void apply_link(struct making *m, const struct record_head *h, const struct record_tail *t)
{
	const struct record_link *r = (const void *)h;
	struct span_link *l = &m->a->links[m->n_links++];

	*l = (struct span_link){ .flags = r->flags, .trace_state = t->trace_state };
	memcpy(l->trace_id.b, r->trace_id, sizeof(l->trace_id.b));
	memcpy(l->span_id.b, &r->linked_id, sizeof(l->span_id.b));
	l->attributes = attributes_of(m->a, m->arena, t->attributes, m->a->limits.link_attributes,
				      m->a->detail_scratch);
}

static size_t fixed_size(uint8_t type)
{
	return type == RECORD_EVENT  ? sizeof(struct record_event)
	       : type == RECORD_LINK ? sizeof(struct record_link)
	       : type == RECORD_END  ? sizeof(struct record_end)
				     : sizeof(struct record_span);
}

static void apply_detail(struct making *m, const struct piece *p)
{
	const struct record_head *h = record_copy(m->arena, p->bytes);
	struct record_tail t;

	if (!h) {
		stats_add(memory_dropped, 1);
		return;
	}
	if (!decode_tail(&t, h, fixed_size(h->type))) {
		assemble_bad(m->a);
		return;
	}
	switch (h->type) {
	case RECORD_SET:
	case RECORD_END:
		if (!decode_attributes(&m->attributes, t.attributes, m->arena))
			assemble_bad(m->a);
		break;
	case RECORD_EVENT:
		apply_event(m, h, &t);
		break;
	case RECORD_LINK:
		apply_link(m, h, &t);
		break;
	case RECORD_STATUS:
		status_set(m->span, h->code, t.text);
		break;
	case RECORD_NAME:
		m->span->name = t.text;
		break;
	}
}

/* What its own sampler said stands in START by itself. */
static struct str state_of(struct making *m, const struct record_start *r, struct str state)
{
	char room[TRACE_STATE_ROOM];
	uint64_t least;

	memcpy(&least, &r->trace_flags, sizeof(least));
	least >>= 8;
	return least ? arena_copy(m->arena, trace_state_with(room, least, state)) : state;
}

static void apply_start(struct making *m, const struct piece *p)
{
	const struct record_head *h = record_copy(m->arena, p->bytes);
	const struct record_start *r = (const void *)h;
	struct span *s = m->span;
	struct record_tail t;
	uint8_t kind;

	if (!h) {
		stats_add(memory_dropped, 1);
		return;
	}
	kind = h->code & ((1 << RECORD_KIND_BITS) - 1);
	memcpy(s->trace_id.b, r->trace_id, sizeof(s->trace_id.b));
	memcpy(s->span_id.b, &r->span_id, sizeof(s->span_id.b));
	memcpy(s->parent_id.b, &r->parent_id, sizeof(s->parent_id.b));
	s->flags = r->trace_flags | FLAGS_HAS_REMOTE;
	if (h->flags & RECORD_REMOTE)
		s->flags |= FLAGS_IS_REMOTE;
	s->kind = kind >= SPAN_INTERNAL && kind <= SPAN_CONSUMER ? kind : SPAN_INTERNAL;
	s->thread_id = p->tid;
	if (!decode_tail(&t, h, sizeof(*r))) {
		s->scope = scope_of(m->scopes, SCOPE_APPLICATION);
		assemble_bad(m->a);
		return;
	}
	s->name = t.text;
	s->scope = scope_of(m->scopes, t.scope);
	s->trace_state = state_of(m, r, t.trace_state);
	if (!decode_attributes(&m->attributes, t.attributes, m->arena))
		assemble_bad(m->a);
}

static void apply_crash(struct making *m, const struct span_event *event)
{
	struct span_event *e;

	if (m->n_events >= m->a->limits.events)
		return;
	e = &m->a->events[m->n_events++];
	*e = *event;
	e->attributes = copy_attributes(m->arena, event->attributes);
}

static void making_end(struct making *m, const struct open_span *o, const struct finish_gone *gone)
{
	struct span *s = m->span;

	if (!o->has_end) {
		s->end_ns = gone->end_real_ns < s->start_ns ? s->start_ns : gone->end_real_ns;
		if (!gone->why.n)
			return;
		s->end = SPAN_ORPHANED;
		if (m->a->crash.event && memcmp(&s->span_id, &m->a->crash.span_id, 8) == 0)
			apply_crash(m, m->a->crash.event);
		if (s->status != STATUS_ERROR || !s->status_message.n)
			s->status_message = arena_copy(m->arena, gone->why);
		s->status = STATUS_ERROR;
		return;
	}
	s->end_ns = timeline_end(m->a->timeline, o->begun, s->start_ns, o->ended);
	if (s->status == STATUS_UNSET)
		status_set(s, o->end_code, (struct str){ "", 0 });
	if (o->end_flags & RECORD_ABANDONED) {
		s->end = SPAN_ABANDONED;
		if (s->status == STATUS_UNSET)
			status_set(s, STATUS_ERROR, STR(ABANDONED_MESSAGE));
		stats_add(spans_abandoned, 1);
	}
}

static void *keep(struct arena *arena, const void *from, size_t size, size_t *n)
{
	void *p = *n ? arena_take(arena, size * *n) : NULL;

	if (!p)
		*n = 0;
	return p ? memcpy(p, from, size * *n) : NULL;
}

static void make_span(struct making *m, const struct open_span *o, const struct finish_gone *gone)
{
	struct span *s = m->span;

	m->attributes =
		(struct attribute_list){ .item = m->a->scratch, .most = m->a->limits.attributes };
	s->start_ns = timeline_real(m->a->timeline, o->begun);
	apply_start(m, o->start);
	for (const struct piece *p = o->detail; p; p = p->next)
		apply_detail(m, p);
	making_end(m, o, gone);
	s->attributes = list_keep(m->arena, &m->attributes, m->a->limits.value_length);
	s->n_events = m->n_events;
	s->event = keep(m->arena, m->a->events, sizeof(*s->event), &s->n_events);
	s->n_links = m->n_links;
	s->link = keep(m->arena, m->a->links, sizeof(*s->link), &s->n_links);
	s->dropped_events = o->dropped_events;
	s->dropped_links = o->dropped_links;
}

/* Those that this batch has already. */
static struct scope_book *scopes_of(struct assembler *a, struct batch *b)
{
	a->scopes.names = &a->names;
	a->scopes.arena = &b->arena;
	return &a->scopes;
}

void finish_span(struct assembler *a, const struct open_span *o, const struct finish_gone *gone)
{
	struct batch *b = o->start ? assembler_batch(a) : NULL;
	struct span *s = b ? batch_add_span(b) : NULL;

	if (!s) {
		stats_add(memory_dropped, 1);
		return;
	}
	make_span(&(struct making){ .a = a,
				    .arena = &b->arena,
				    .scopes = scopes_of(a, b),
				    .span = s },
		  o, gone);
}

bool assemble_glimpse(struct assembler *a, const struct open_span *o, struct arena *arena,
		      uint64_t now_real_ns, struct span *out)
{
	struct finish_gone now = { .end_real_ns = now_real_ns };
	struct scope_book scopes = { .names = &a->names, .arena = arena };

	if (!o->start || o->has_end)
		return false;
	*out = (struct span){ 0 };
	make_span(&(struct making){ .a = a, .arena = arena, .scopes = &scopes, .span = out }, o,
		  &now);
	return true;
}

static struct str severity_text(unsigned n)
{
	static const struct str text[] = { { "TRACE", 5 }, { "DEBUG", 5 }, { "INFO", 4 },
					   { "WARN", 4 },  { "ERROR", 5 }, { "FATAL", 5 } };

	return n >= 1 && n <= 24 ? text[(n - 1) / 4] : (struct str){ "", 0 };
}

/* What the program said itself stays. */
static void list_offer(struct attribute_list *l, struct str key, struct value value)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->item[i].key, key))
			return;
	if (l->n < l->most)
		l->item[l->n++] = (struct attribute){ key, value };
	else
		l->dropped++;
}

static struct value text_value(struct arena *arena, struct str text)
{
	return (struct value){ .type = VALUE_STRING, .text = arena_copy(arena, text) };
}

/* Where in the program it was written (semantic conventions for source code). */
static void log_place(struct assembler *a, struct arena *arena, struct attribute_list *l,
		      uint16_t site)
{
	struct code_place place;

	if (!names_place(&a->names, site, &place))
		return;
	list_offer(l, STR("code.file.path"), text_value(arena, place.file));
	list_offer(l, STR("code.line.number"),
		   (struct value){ .type = VALUE_INT, .integer = place.line });
	if (place.function.n)
		list_offer(l, STR("code.function.name"), text_value(arena, place.function));
}

/* Of what was there, what comes later counts. */
static void list_set(struct attribute_list *l, const struct attribute *x)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->item[i].key, x->key)) {
			l->item[i].value = x->value;
			return;
		}
	list_offer(l, x->key, x->value);
}

/* A line that the program has written as an object is taken for what it says. */
static void log_object(struct assembler *a, struct arena *arena, struct log_record *r,
		       struct attribute_list *l)
{
	struct json_line line = { .item = a->detail_scratch, .most = a->limits.log_attributes };

	if (!json_line_read(&line, r->body.text, arena))
		return;
	if (line.message.p)
		r->body.text = line.message;
	if (line.severity)
		r->severity = line.severity;
	if (line.time_ns)
		r->time_ns = line.time_ns;
	if (!trace_id_is_set(r->trace_id)) {
		r->trace_id = line.trace_id;
		r->span_id = line.span_id;
	}
	for (size_t i = 0; i < line.n; i++)
		list_set(l, &line.item[i]);
	l->dropped += line.dropped;
}

static bool is_captured(uint8_t scope)
{
	return scope == SCOPE_STDOUT || scope == SCOPE_STDERR || scope == SCOPE_SYSLOG ||
	       scope == SCOPE_JOURNAL;
}

static void log_attributes(struct assembler *a, struct arena *arena, struct log_record *to,
			   struct str bytes, const struct record_log *r)
{
	struct attribute_list l = { .item = a->scratch, .most = a->limits.log_attributes };

	if (!decode_attributes(&l, bytes, arena))
		assemble_bad(a);
	if (r->site)
		log_place(a, arena, &l, r->site);
	if (is_captured(r->scope))
		log_object(a, arena, to, &l);
	to->attributes = list_keep(arena, &l, a->limits.log_value_length);
}

/* oriel_event_name(): the record's own, and no attribute. The list is this record's alone. */
static void log_event(struct log_record *l)
{
	struct attribute *item = (struct attribute *)(uintptr_t)l->attributes.item;
	size_t n = 0;

	for (size_t i = 0; i < l->attributes.n; i++)
		if (item[i].value.type == VALUE_STRING &&
		    str_eq(item[i].key, STR(ORIEL_EVENT_NAME)))
			l->event_name = item[i].value.text;
		else
			item[n++] = item[i];
	l->attributes.n = n;
}

/* A named logger is a scope of its own, all but its name that of the record's; made once a batch. */
static const struct scope *log_scope(struct assembler *a, struct batch *b,
				     const struct record_log *r)
{
	struct named_scope *known = &a->logger[r->logger % CONTROL_LOGGERS];
	const struct scope *like = scope_of(scopes_of(a, b), r->scope);
	struct scope *made;
	struct str name;

	if (!r->logger || (known->scope && known->number == r->scope))
		return r->logger ? known->scope : like;
	made = names_logger(&a->names, r->logger, &name) ? arena_take_n(&b->arena, struct scope, 1)
							 : NULL;
	if (!made)
		return like;
	if (r->scope >= SCOPE_OWN)
		*made = *like;
	else
		*made = (struct scope){ .version = STR("") };
	made->name = arena_copy(&b->arena, name);
	*known = (struct named_scope){ made, r->scope };
	return made;
}

void finish_log(struct assembler *a, const struct record_log *r, uint32_t tid)
{
	struct batch *b = assembler_batch(a);
	const struct record_head *h = b ? record_copy(&b->arena, r) : NULL;
	struct log_record *l = h ? batch_add_log(b) : NULL;
	struct record_tail t;

	if (!l) {
		stats_add(memory_dropped, 1);
		return;
	}
	if (!decode_tail(&t, h, sizeof(*r))) {
		b->n_logs--;
		assemble_bad(a);
		return;
	}
	l->time_ns = timeline_real(a->timeline, assemble_instant(a, r->time, h->flags));
	l->observed_ns = a->observed_ns;
	memcpy(l->trace_id.b, r->trace_id, sizeof(l->trace_id.b));
	memcpy(l->span_id.b, &r->span_id, sizeof(l->span_id.b));
	l->flags = r->trace_flags;
	l->severity = h->code <= 24 ? h->code : 0;
	l->body = (struct value){ .type = VALUE_STRING, .text = t.text };
	l->scope = log_scope(a, b, r);
	l->thread_id = tid;
	log_attributes(a, &b->arena, l, t.attributes, r);
	log_event(l);
	l->severity_text = severity_text((unsigned)l->severity);
	b->n_audits += r->scope == SCOPE_AUDIT && !r->logger;
	if (l->severity >= SEVERITY_ERROR && attributes_find(l->attributes, STR(STACK_KEY)))
		b->n_stacks++;
	crumbs_drop(&a->crumbs, l);
	stats_add(logs_finished, 1);
}
