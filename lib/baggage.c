/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Baggage: entries of the current context ("Baggage API"), kept in the form of W3C's header
 * (lib/carry.h), and as fields of their own for the formats that have one for each.
 */
#include "lib/propagate.h"
#include "lib/w3c.h"

/* Every member but those of `key`, to `to` if it isn't NULL; how many bytes. */
static size_t baggage_others(char *to, struct str all, struct str key)
{
	size_t n = 0;

	while (all.n) {
		struct cut item = str_cut(all, ',');
		struct str member = str_trim(item.head);

		all = item.tail;
		if (!member.n ||
		    str_eq(str_trim(str_cut(str_cut(member, ';').head, '=').head), key))
			continue;
		if (to && n)
			to[n] = ',';
		n += n > 0;
		if (to)
			memcpy(to + n, member.p, member.n);
		n += member.n;
	}
	return n;
}

void oriel_baggage_set(const char *key, const char *value)
{
	struct thread *t = context_thread();
	struct entry *e = t ? &t->entry[t->depth] : NULL;
	struct str k = str_of(key), v = str_of(value);
	struct carried old;
	size_t others, n;
	char *to = NULL;
	uint16_t carry;

	if (!e || !w3c_token_valid(k))
		return;
	old = carry_read(entry_carry(e));
	n = others = baggage_others(NULL, old.baggage, k);
	if (value)
		n += (others > 0) + k.n + 1 + w3c_encoded_n(v);
	old.baggage.n = n;
	carry = carry_reserve(old, &to);
	if (!carry && (n || old.trace_state.n || old.request_id.n || old.debug || old.deferred))
		return;
	old = carry_read(entry_carry(e));
	if (carry && n)
		baggage_others(to, old.baggage, k);
	if (carry && value) {
		to += others;
		if (others)
			*to++ = ',';
		memcpy(to, k.p, k.n);
		to[k.n] = '=';
		w3c_encode(to + k.n + 1, v);
	}
	context_carry(e, carry);
}

int oriel_baggage_get(const char *key, char *out, size_t size)
{
	struct thread *t = context_thread_if_any();
	struct str member, value;
	size_t n;

	if (!out)
		size = 0;
	if (size)
		out[0] = '\0';
	if (!t || !key ||
	    !w3c_baggage_find(carry_read(entry_carry(thread_top(t))).baggage, str_of(key), &member,
			      &value))
		return -1;
	n = w3c_decode(out, size ? size - 1 : 0, value);
	if (size)
		out[n < size ? n : size - 1] = '\0';
	return (int)n;
}

/* ---- a field for each entry ------------------------------------------------------------------------- */

enum { ENTRY_NAME_ROOM = 128, ENTRY_VALUE_ROOM = 512 };

/* What stands in a list as it is; a % too, since values usually come encoded. */
static bool list_char(char c)
{
	return c > 0x20 && c < 0x7f && !strchr("\",;\\", c);
}

static size_t list_value(char *to, struct str value)
{
	static const char digit[16] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (list_char((char)c)) {
			to[n++] = (char)c;
			continue;
		}
		to[n++] = '%';
		to[n++] = digit[c >> 4];
		to[n++] = digit[c & 15];
	}
	return n;
}

/* What is found first is copied behind what came in a list, if any. */
static void list_add(struct found *f, struct str key, struct str value)
{
	struct str list = f->carried.baggage;
	bool begun = list.n && list.p >= f->text && list.p + list.n == f->text + f->n;
	char *to;

	if ((begun ? 0 : list.n) + 2 + key.n + 3 * value.n > FOUND_ROOM - f->n) {
		process_lose(LOSS_contexts_no_room, 1);
		return;
	}
	if (!begun)
		list = f->carried.baggage = found_keep(f, list);
	to = f->text + f->n;
	if (list.n)
		*to++ = ',';
	memcpy(to, key.p, key.n);
	to += key.n;
	*to++ = '=';
	to += list_value(to, value);
	f->n = (size_t)(to - f->text);
	f->carried.baggage = (struct str){ list.p, (size_t)(to - list.p) };
}

void found_baggage(struct found *f, const struct source *from, struct str prefix)
{
	const char *name;

	for (size_t i = 0; from->from.key && (name = from->from.key(from->from.carrier, i)) != NULL;
	     i++) {
		struct str key = str_of(name);

		if (key.n <= prefix.n || !str_eq_nocase(str_first(key, prefix.n), prefix))
			continue;
		key = str_from(key, prefix.n);
		if (w3c_token_valid(key))
			list_add(f, key, str_trim(field(from, name)));
	}
}

static bool printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

static void entry_set(const struct target *to, struct str prefix, struct str key, struct str value,
		      enum baggage_form form)
{
	char name[ENTRY_NAME_ROOM], text[ENTRY_VALUE_ROOM];
	size_t n = value.n;

	if (prefix.n + key.n >= sizeof(name) || n >= sizeof(text))
		return;
	memcpy(name, prefix.p, prefix.n);
	memcpy(name + prefix.n, key.p, key.n);
	name[prefix.n + key.n] = '\0';
	if (form == BAGGAGE_PLAIN)
		n = w3c_decode(text, sizeof(text) - 1, value);
	else
		memcpy(text, value.p, n);
	if (!printable((struct str){ text, n }))
		return;
	text[n] = '\0';
	to->set(to->carrier, name, text);
}

void inject_baggage_fields(const struct current *c, const struct target *to, struct str prefix,
			   enum baggage_form form)
{
	struct str rest = c->carried.baggage;

	while (rest.n) {
		struct cut item = str_cut(rest, ',');
		struct cut pair = str_cut(str_cut(item.head, ';').head, '=');

		rest = item.tail;
		if (pair.found)
			entry_set(to, prefix, str_trim(pair.head), str_trim(pair.tail), form);
	}
}
