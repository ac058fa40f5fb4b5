/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request id: a short text that travels with the context, so that whatever a request leads to
 * can be found by it, sampled or not.
 */

#include "base/uuid.h"
#include "lib/context.h"
#include "lib/encode.h"
#include "lib/fields.h"

static bool is_valid(const char *id)
{
	size_t n = id ? strnlen(id, CARRY_REQUEST_ID_MOST + 1) : 0;

	for (size_t i = 0; i < n; i++) {
		char c = str_lower(id[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return n > 0 && n <= CARRY_REQUEST_ID_MOST;
}

/* RFC 9562, 5.4: version 4. */
static void make_uuid(struct thread *t, char out[ORIEL_REQUEST_ID_ROOM])
{
	uint64_t random[2] = { thread_random(t), thread_random(t) };
	uint8_t bytes[16];

	memcpy(bytes, random, sizeof(bytes));
	bytes[6] = (uint8_t)(0x40 | (bytes[6] & 0x0f));
	bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
	uuid_write(out, bytes);
	out[UUID_TEXT] = '\0';
}

static uint16_t carry_with(uint16_t carry, struct str id, struct str fields)
{
	struct carried c;

	c = carry_read(carry);
	if (id.n)
		c.request_id = id;
	if (fields.n)
		c.fields = fields;
	return carry_make(c);
}

static void context_set(struct oriel_context *c, struct str id, struct str fields)
{
	uint16_t carry = carry_with(c->carry, id, fields);

	if (carry) {
		carry_drop(c->carry);
		c->carry = carry;
	}
}

static void choose(struct thread *t, const char *id, char out[ORIEL_REQUEST_ID_ROOM])
{
	if (id && is_valid(id))
		memcpy(out, id, strlen(id) + 1);
	else
		make_uuid(t, out);
}

void oriel_context_set_request_id(struct oriel_context *c, const char *id,
				  char out[ORIEL_REQUEST_ID_ROOM])
{
	struct thread *t = oriel_recording() && c ? thread_self() : NULL;
	char made[ORIEL_REQUEST_ID_ROOM];

	if (!out)
		out = made;
	out[0] = '\0';
	if (!t)
		return;
	choose(t, id, out);
	context_set(c, str_of(out), STR(""));
}

/*
 * An id of ours, if one is wanted, and fields that are harmless and fit, in a context that carries
 * nothing yet. Nearly all requests are that; 0: this one isn't.
 */
static uint16_t carry_begin(struct thread *t, char *out, struct oriel_attributes fields)
{
	char *at, *end;
	uint16_t handle = carry_request_open(&at, &end);
	size_t id_n = out ? UUID_TEXT : 0;
	unsigned char *from, *to;

	if (!handle)
		return 0;
	if (out) {
		make_uuid(t, out);
		memcpy(at, out, UUID_TEXT);
	}
	from = (unsigned char *)at + id_n + 1;
	to = encode_try(from, (unsigned char *)end - 8, fields);
	carry_request_close(handle, id_n, to ? (size_t)(to - from) : 0);
	if (to)
		return handle;
	carry_drop(handle);
	return 0;
}

void oriel_context_begin_request(struct oriel_context *c, const char *id,
				 char out[ORIEL_REQUEST_ID_ROOM], struct oriel_attributes fields)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	unsigned char row[CARRY_FIELDS_MOST + 8];

	if (out)
		out[0] = '\0';
	if (!t)
		return;
	if (!c->carry && fields.n && !(out && id)) {
		c->carry = carry_begin(t, out, fields);
		if (c->carry)
			return;
	}
	if (out)
		choose(t, id, out);
	context_set(c, str_of(out), fields_row(row, fields));
}

void oriel_set_request_id(const char *id)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	struct entry *e = t ? &t->entry[t->depth] : NULL;
	uint16_t carry = e && is_valid(id) ? carry_with(entry_carry(e), str_of(id), STR("")) : 0;

	if (carry)
		context_carry(e, carry);
}

bool oriel_request_id(char out[ORIEL_REQUEST_ID_ROOM])
{
	struct thread *t = thread_if_any();
	struct str id = t ? carry_read(entry_carry(thread_top(t))).request_id : STR("");

	if (id.n)
		memcpy(out, id.p, id.n);
	out[id.n] = '\0';
	return id.n != 0;
}
