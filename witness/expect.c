/* SPDX-License-Identifier: Apache-2.0 */
/* Expect: what was to be, what is, and what else there is, in one text. */
#include "witness/witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_ROOM = 4096, OTHERS_MOST = 12 };

static oriel_test_failure on_failure;

void oriel_test_on_failure(oriel_test_failure failure)
{
	on_failure = failure;
}

struct text {
	char p[TEXT_ROOM];
	size_t n;
	unsigned n_others;
};

static __attribute__((format(printf, 2, 3))) void say(struct text *t, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(t->p + t->n, sizeof(t->p) - t->n, format, list);
	va_end(list);
	if (n > 0)
		t->n += (size_t)n < sizeof(t->p) - t->n ? (size_t)n : sizeof(t->p) - t->n - 1;
}

static void say_value(struct text *t, const struct value *v)
{
	switch (v->type) {
	case VALUE_BOOL:
		say(t, "%s", v->boolean ? "true" : "false");
		break;
	case VALUE_INT:
		say(t, "%lld", (long long)v->integer);
		break;
	case VALUE_DOUBLE:
		say(t, "%.17g", v->number);
		break;
	case VALUE_STRING:
		say(t, "\"%.*s\"", (int)(v->text.n < 80 ? v->text.n : 80), v->text.p);
		break;
	default:
		say(t, "...");
	}
}

static void say_attributes(struct text *t, struct attributes a)
{
	for (size_t i = 0; i < a.n; i++) {
		say(t, "%s%.*s=", i ? ", " : " {", (int)a.item[i].key.n, a.item[i].key.p);
		say_value(t, &a.item[i].value);
	}
	say(t, "%s", a.n ? "}" : "");
}

static struct value value_of(const struct oriel_attribute *a)
{
	struct str text = { a->value.p, (size_t)(a->shape >> 16) };

	switch ((enum oriel_type)(uint8_t)a->shape) {
	case ORIEL_BOOL:
		return (struct value){ VALUE_BOOL, .boolean = a->value.boolean };
	case ORIEL_INT:
		return (struct value){ VALUE_INT, .integer = a->value.integer };
	case ORIEL_F64:
		return (struct value){ VALUE_DOUBLE, .number = a->value.number };
	case ORIEL_STR:
		return (struct value){ VALUE_STRING, .text = text };
	default:
		return (struct value){ .type = VALUE_EMPTY };
	}
}

static void say_wanted(struct text *t, const char *what, const char *name,
		       struct oriel_attributes a)
{
	size_t said = 0;

	say(t, "%s %s", what, name ? name : "of any name");
	for (size_t i = 0; i < a.n; i++) {
		struct value v = value_of(&a.item[i]);

		if (!a.item[i].key)
			continue;
		say(t, "%s%s=", said++ ? ", " : " {", a.item[i].key);
		say_value(t, &v);
	}
	say(t, "%s: ", said ? "}" : "");
}

/* ---- what else there is -------------------------------------------------------------------------- */

static bool other(struct text *t)
{
	if (++t->n_others > OTHERS_MOST) {
		say(t, "%s", t->n_others == OTHERS_MOST + 1 ? "\n    ..." : "");
		return false;
	}
	say(t, "\n    ");
	return true;
}

static bool is_number(enum metric_kind kind)
{
	return kind == METRIC_SUM || kind == METRIC_UP_DOWN || kind == METRIC_GAUGE;
}

/* Those of the name; where there are none, all. */
static void say_metrics(struct text *t, const struct batch *b, const char *name)
{
	bool any = false;

	for (size_t i = 0; b && i < b->n_points; i++)
		any = any || name_is(b->point[i].name, name);
	say(t, any ? "; there is" : "; no metric is called so; there is");
	for (size_t i = 0; b && i < b->n_points; i++) {
		const struct metric_point *p = &b->point[i];

		if ((any && !name_is(p->name, name)) || !other(t))
			continue;
		say(t, "%.*s", (int)p->name.n, p->name.p);
		say_attributes(t, p->attributes);
		if (is_number(p->kind))
			say(t, " %.17g", p->is_double ? p->number : (double)p->integer);
		else
			say(t, " count %llu sum %.17g", (unsigned long long)p->count, p->sum);
	}
	say(t, "%s", t->n_others ? "" : " nothing");
}

static void say_spans(struct text *t, const struct seen_span *s)
{
	say(t, "; ended have");
	for (; s; s = s->next)
		if (other(t)) {
			say(t, "%s", s->shown.name);
			say_attributes(t, s->span->attributes);
		}
	say(t, "%s", t->n_others ? "" : " none");
}

static void say_logs(struct text *t, const struct seen_log *l)
{
	say(t, "; there is");
	for (; l; l = l->next)
		if (other(t)) {
			say(t, "%s", l->shown.event);
			say_attributes(t, l->log->attributes);
		}
	say(t, "%s", t->n_others ? "" : " none");
}

static bool fail(const char *file, int line, struct text *t, const struct witness *w)
{
	if (!w)
		say(t, "; oriel_test_begin was not called, or failed: %s",
		    oriel_off_text(oriel_why_off()));
	else if (w->n_lost)
		say(t, "\n    %llu records were lost for want of room (ORIEL_SEGMENT_SIZE)",
		    (unsigned long long)w->n_lost);
	if (on_failure) {
		on_failure(file, line, t->p);
		return false;
	}
	fprintf(stderr, "%s:%d: %s\n", file, line, t->p);
	abort();
}

/* ---- expectations -------------------------------------------------------------------------------- */

bool oriel_test_expect_value(const char *file, int line, double expected, const char *name,
			     struct oriel_attributes attributes)
{
	struct oriel_test_metric m = oriel_test_metric_all(name, attributes);
	const struct witness *w;
	struct text t = { .n = 0 };

	if (m.n_series ? m.value == expected : expected == 0)
		return true;
	w = witness_look();
	say_wanted(&t, "metric", name, attributes);
	say(&t, "expected %.17g, is %.17g", expected, m.value);
	say_metrics(&t, w ? w->metrics : NULL, name);
	return fail(file, line, &t, w);
}

bool oriel_test_expect_count(const char *file, int line, uint64_t expected, const char *name,
			     struct oriel_attributes attributes)
{
	struct oriel_test_metric m = oriel_test_metric_all(name, attributes);
	const struct witness *w;
	struct text t = { .n = 0 };

	if (m.count == expected)
		return true;
	w = witness_look();
	say_wanted(&t, "histogram", name, attributes);
	say(&t, "expected %llu values, has %llu", (unsigned long long)expected,
	    (unsigned long long)m.count);
	say_metrics(&t, w ? w->metrics : NULL, name);
	return fail(file, line, &t, w);
}

static void say_range(struct text *t, size_t least, size_t most, size_t n)
{
	say(t, "expected %s%zu, found %zu", most == least ? "" : "at least ", least, n);
}

bool oriel_test_expect_spans(const char *file, int line, size_t least, size_t most,
			     const char *name, struct oriel_attributes attributes)
{
	size_t n = oriel_test_spans_all(name, attributes);
	const struct witness *w;
	struct text t = { .n = 0 };

	if (n >= least && n <= most)
		return true;
	w = witness_look();
	say_wanted(&t, "span", name, attributes);
	say_range(&t, least, most, n);
	say_spans(&t, w ? w->spans : NULL);
	return fail(file, line, &t, w);
}

bool oriel_test_expect_logs(const char *file, int line, size_t least, size_t most,
			    const char *event, struct oriel_attributes attributes)
{
	size_t n = oriel_test_logs_all(event, attributes);
	const struct witness *w;
	struct text t = { .n = 0 };

	if (n >= least && n <= most)
		return true;
	w = witness_look();
	say_wanted(&t, "log record", event, attributes);
	say_range(&t, least, most, n);
	say_logs(&t, w ? w->logs : NULL);
	return fail(file, line, &t, w);
}
