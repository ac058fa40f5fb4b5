/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/scope.h"

#include "lib/encode.h"
#include "lib/names.h"
#include "lib/process.h"
#include "wire/names.h"

#include <stdatomic.h>

enum { KEPT = 16384, TEXT_MOST = 255, ATTRIBUTES = 16 };

_Static_assert(NAME_SCOPES <= 256 - SCOPE_OWN, "their numbers are a byte");

/* Written with the door shut; `n_scopes` with release, then whole. Attributes as they were given, by key. */
static struct scope {
	struct scope_texts is;
	struct oriel_attribute attribute[ATTRIBUTES];
	size_t n;
} scope[NAME_SCOPES];
static _Atomic uint32_t n_scopes;
static uint32_t n_refused; /* before there was anywhere to count them */

/* Private memory for ever: their texts. */
static _Alignas(8) char kept[KEPT];
static size_t kept_used;

static void *keep(const void *bytes, size_t n)
{
	char *p = kept + kept_used;

	if (n > KEPT - kept_used)
		return NULL;
	kept_used += (n + 7) & ~(size_t)7;
	if (kept_used > KEPT)
		kept_used = KEPT;
	if (n)
		memcpy(p, bytes, n);
	return p;
}

/* ---- what is asked for --------------------------------------------------------------------------- */

static struct str text_of(const char *text)
{
	struct str s = text ? str_of(text) : STR("");

	return (struct str){ s.p, encode_cut(s.p, s.n, TEXT_MOST) };
}

static struct str key_of(const struct oriel_attribute *a)
{
	return (struct str){ a->key, attribute_key_n(a) };
}

static int compare(struct str a, struct str b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* By key; of several with one key the last one counts. */
static void add(struct scope *s, const struct oriel_attribute *a)
{
	size_t i = s->n;

	while (i && compare(key_of(&s->attribute[i - 1]), key_of(a)) > 0)
		i--;
	if (i && compare(key_of(&s->attribute[i - 1]), key_of(a)) == 0) {
		s->attribute[i - 1] = *a;
		return;
	}
	if (s->n == ATTRIBUTES) {
		process_lose(LOSS_attributes_no_room, oriel_recording());
		return;
	}
	memmove(&s->attribute[i + 1], &s->attribute[i], (s->n - i) * sizeof(*a));
	s->attribute[i] = *a;
	s->n++;
}

/* Options grow at their end: is this member one that the caller knows? */
#define GIVEN(o, member) \
	((o)->size >= offsetof(struct oriel_scope_options, member) + sizeof((o)->member))

static struct scope asked_for(const char *name, const struct oriel_scope_options *o)
{
	struct scope s = { .is = { text_of(name), STR(""), STR("") } };

	if (!o || !GIVEN(o, attributes))
		return s;
	s.is.version = text_of(o->version);
	s.is.schema_url = text_of(o->schema_url);
	for (size_t i = 0; i < o->attributes.n; i++) {
		const struct oriel_attribute *a = &o->attributes.item[i];

		if (!attribute_is_none(a) && !attribute_known(a) && !attribute_is_prepared(a))
			add(&s, a);
	}
	return s;
}

/* ---- values -------------------------------------------------------------------------------------- */

/* Bytes behind its pointer; 0: it is in the attribute, or is a list of texts. */
static size_t value_size(const struct oriel_attribute *a)
{
	size_t n = attribute_n(a);

	switch (attribute_type(a)) {
	case ORIEL_STR:
	case ORIEL_BYTES:
	case ORIEL_BOOLS:
		return n;
	case ORIEL_INTS:
	case ORIEL_F64S:
		return n * 8;
	default:
		return 0;
	}
}

static bool same_texts(const char *const *a, const char *const *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!str_eq(str_of(a[i]), str_of(b[i])))
			return false;
	return true;
}

static bool same_value(const struct oriel_attribute *a, const struct oriel_attribute *b)
{
	size_t n = value_size(a);

	if (a->shape != b->shape || compare(key_of(a), key_of(b)) != 0)
		return false;
	if (attribute_type(a) == ORIEL_STRS)
		return same_texts(a->value.p, b->value.p, attribute_n(a));
	if (attribute_type(a) < ORIEL_STR)
		return a->value.integer == b->value.integer;
	return !n || memcmp(a->value.p, b->value.p, n) == 0;
}

static bool texts_keep(struct oriel_attribute *a)
{
	const char *const *given = a->value.p;
	const char **own = keep(given, attribute_n(a) * sizeof(*given));

	for (size_t i = 0; own && i < attribute_n(a); i++) {
		struct str text = str_of(given[i]);

		own[i] = keep(text.n ? given[i] : "", text.n + 1);
		if (!own[i])
			return false;
	}
	a->value.p = own;
	return own != NULL;
}

static bool attribute_keep(struct oriel_attribute *a)
{
	a->key = keep(a->key, attribute_key_n(a));
	if (!a->key)
		return false;
	if (attribute_type(a) == ORIEL_STRS)
		return texts_keep(a);
	if (attribute_type(a) >= ORIEL_STR)
		a->value.p = keep(a->value.p, value_size(a));
	return attribute_type(a) < ORIEL_STR || a->value.p;
}

static bool text_keep(struct str *text)
{
	text->p = keep(text->p, text->n);
	return text->p != NULL;
}

/* ---- in the segment ------------------------------------------------------------------------------ */

/* What is secret in the attributes stays out here: before the start nobody knows the rules. */
static void fill(uint32_t i)
{
	const struct scope *s = &scope[i];
	const struct str text[] = { s->is.name, s->is.version, s->is.schema_url };
	struct oriel_attributes attributes = { s->attribute, s->n };
	char row[NAME_SCOPE_MOST + 8]; /* encode_put may write a little further */
	size_t n = NAME_SCOPE_TEXTS;
	struct encode e;

	for (size_t k = 0; k < 3; k++) {
		memcpy(row + 2 * k, &(uint16_t){ (uint16_t)text[k].n }, 2);
		memcpy(row + n, text[k].p, text[k].n);
		n += text[k].n;
	}
	e = encode_fit(attributes, NAME_SCOPE_MOST - n);
	encode_put((unsigned char *)row + n, &e);
	names_scope(i, (struct str){ row, n + e.bytes });
}

void scope_fill_all(void)
{
	uint32_t n = atomic_load_explicit(&n_scopes, memory_order_relaxed);

	for (uint32_t i = 0; i < n; i++)
		fill(i);
	process_lose(LOSS_names_no_room, n_refused);
	n_refused = 0;
}

struct scope_texts scope_texts(uint8_t number)
{
	static const struct str built_in[N_SCOPES] = {
#define X(id, text) [SCOPE_##id] = STR(text),
		WIRE_SCOPES(X)
#undef X
	};

	if (number >= SCOPE_OWN)
		return scope[(number - SCOPE_OWN) % NAME_SCOPES].is;
	return (struct scope_texts){ .name = built_in[number < N_SCOPES ? number : 0],
				     .version = STR(ORIEL_VERSION),
				     .schema_url = STR("") };
}

/* ---- making -------------------------------------------------------------------------------------- */

static bool is_same(const struct scope *a, const struct scope *b)
{
	if (!str_eq(a->is.name, b->is.name) || !str_eq(a->is.version, b->is.version) ||
	    !str_eq(a->is.schema_url, b->is.schema_url) || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_value(&a->attribute[i], &b->attribute[i]))
			return false;
	return true;
}

/* Acquire: pairs with scope_make's release of the count. NAME_SCOPES: there is none yet. */
static uint32_t scope_find(const struct scope *asked)
{
	uint32_t n = atomic_load_explicit(&n_scopes, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++)
		if (is_same(&scope[i], asked))
			return i;
	return NAME_SCOPES;
}

static bool scope_keep(struct scope *s)
{
	bool whole =
		text_keep(&s->is.name) && text_keep(&s->is.version) && text_keep(&s->is.schema_url);

	for (size_t i = 0; whole && i < s->n; i++)
		whole = attribute_keep(&s->attribute[i]);
	return whole;
}

static uint32_t scope_make(const struct scope *asked)
{
	uint32_t i = atomic_load_explicit(&n_scopes, memory_order_relaxed);
	size_t used = kept_used;

	if (i < NAME_SCOPES)
		scope[i] = *asked;
	if (i == NAME_SCOPES || !scope_keep(&scope[i])) {
		kept_used = used;
		if (process_is_ours())
			process_lose(LOSS_names_no_room, 1);
		else
			n_refused++;
		return NAME_SCOPES;
	}
	if (process_is_ours())
		fill(i);
	atomic_store_explicit(&n_scopes, i + 1, memory_order_release);
	return i;
}

struct oriel_scope *oriel_scope(const char *name, const struct oriel_scope_options *options)
{
	struct scope asked = asked_for(name, options);
	uint32_t i = scope_find(&asked);

	if (i == NAME_SCOPES) {
		door_shut(&process.door);
		i = scope_find(&asked);
		if (i == NAME_SCOPES)
			i = scope_make(&asked);
		door_open(&process.door);
	}
	return i < NAME_SCOPES ? (struct oriel_scope *)(uintptr_t)(SCOPE_OWN + i) : NULL;
}
