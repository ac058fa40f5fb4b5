/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/decoding.h"

#include "base/err.h"
#include "model/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void *decoding_slot(struct decoding *d, void *array, size_t *n, size_t *room, size_t size)
{
	void **at = array;

	if (*n == *room) {
		size_t more = *room ? *room * 2 : 64;
		void *p = realloc(*at, more * size);

		if (!p) {
			d->error = ERR(-ENOMEM);
			return NULL;
		}
		*at = p;
		*room = more;
	}
	return memset((char *)*at + size * (*n)++, 0, size);
}

void *decoding_keep(struct decoding *d, const void *from, size_t n, size_t size)
{
	void *to = n ? arena_take(&d->batch->arena, n * size) : NULL;

	if (n && !to)
		d->error = ERR(-ENOMEM);
	return to ? memcpy(to, from, n * size) : NULL;
}

struct str decoding_copy(struct decoding *d, struct str item)
{
	char *p;

	if (d->batch && batch_items(d->batch) >= RECEIPT_ITEMS)
		d->batch = NULL;
	if (!d->batch) {
		d->batch = receipt_add(d->to, d->resource);
		d->scope = NULL;
	}
	p = d->batch ? arena_take(&d->batch->arena, item.n) : NULL;
	if (!p) {
		d->error = ERR(-ENOMEM);
		return (struct str){ "", 0 };
	}
	if (item.n)
		memcpy(p, item.p, item.n);
	return (struct str){ p, item.n };
}

static struct made_scope *make_scope(struct decoding *d)
{
	struct made_scope *made = arena_take_n(&d->batch->arena, struct made_scope, 1);

	if (!made) {
		d->error = ERR(-ENOMEM);
		return NULL;
	}
	*made = (struct made_scope){ .next = d->made, .arena = &d->batch->arena };
	d->made = made;
	return made;
}

const struct scope *decoding_scope(struct decoding *d)
{
	struct made_scope *made = d->scope || !d->has_scope ? NULL : make_scope(d);
	struct proto_reader r = { .rest = { "", 0 } };
	struct proto_field f;
	uint32_t dropped = 0;
	size_t mark = d->n_values;

	if (!made)
		return d->scope;
	r.rest = arena_copy(&d->batch->arena, d->scope_bytes);
	while (!d->error && decoding_read(d, &r, &f)) {
		if (f.number == SCOPE_NAME && f.wire == PROTO_BYTES)
			made->scope.name = f.bytes;
		else if (f.number == SCOPE_VERSION && f.wire == PROTO_BYTES)
			made->scope.version = f.bytes;
		else if (f.number == SCOPE_ATTRIBUTES && f.wire == PROTO_BYTES)
			decode_key_value(d, f.bytes, mark, &dropped);
		else if (f.number == SCOPE_DROPPED && f.wire == PROTO_VARINT)
			dropped += (uint32_t)f.value;
	}
	made->scope.attributes = decoded_attributes(d, mark, dropped);
	d->scope = &made->scope;
	return d->scope;
}

bool decoding_room(struct decoding *d)
{
	if (d->items_left) {
		d->items_left--;
		return true;
	}
	decoding_reject(d, "there is too much in one request");
	return false;
}

/* ---- the frame ---------------------------------------------------------------------------------- */

/* The last field of this number, as protobuf has it. */
static bool find_bytes(struct decoding *d, struct str in, uint32_t number, struct str *found)
{
	struct proto_reader r = { .rest = in };
	struct proto_field f;
	bool any = false;

	while (decoding_read(d, &r, &f))
		if (f.number == number && f.wire == PROTO_BYTES) {
			*found = f.bytes;
			any = true;
		}
	return any;
}

/* Where there is a schema and no scope, a scope without a name has it. */
static void find_scope(struct decoding *d, struct str bytes)
{
	d->has_scope = find_bytes(d, bytes, SCOPED_SCOPE, &d->scope_bytes) ||
		       find_bytes(d, bytes, SCOPED_SCHEMA, &d->schema_bytes);
}

/* Room for the rest at once, when there is none left: as many as there would be if all were as long as this one. */
static void expect_spans(struct decoding *d, size_t one, size_t left)
{
	struct batch *b = d->batch;
	size_t more = left / (one + 2) + 1, most;

	if (!b || b->n_spans < b->room_spans || b->n_spans >= RECEIPT_ITEMS)
		return;
	most = RECEIPT_ITEMS - b->n_spans;
	batch_expect_spans(b, more < most ? more : most);
}

/*
 * The scope is the first field, mostly; if an item comes before it, it is looked for. The schema is the
 * last one: looking for it first would be to read all of it twice.
 */
static void read_scoped(struct decoding *d, enum signal kind, struct str bytes)
{
	struct proto_reader r = { .rest = bytes };
	struct proto_field f;
	bool looked = false;

	d->scope = NULL;
	d->scope_bytes = (struct str){ "", 0 };
	d->schema_bytes = (struct str){ "", 0 };
	d->made = NULL;
	d->has_scope = false;
	while (!d->error && decoding_read(d, &r, &f)) {
		if (!looked && f.wire == PROTO_BYTES && f.number == SCOPED_SCOPE) {
			d->scope_bytes = f.bytes;
			d->has_scope = looked = true;
		}
		if (f.number == SCOPED_SCHEMA && f.wire == PROTO_BYTES)
			d->schema_bytes = f.bytes;
		if (f.number != SCOPED_ITEMS || f.wire != PROTO_BYTES)
			continue;
		if (!looked)
			find_scope(d, bytes);
		looked = true;
		if (kind == SIGNAL_SPAN) {
			expect_spans(d, f.bytes.n, r.rest.n);
			decode_span(d, f.bytes);
		} else if (kind == SIGNAL_LOG) {
			decode_log(d, f.bytes);
		} else {
			decode_metric(d, f.bytes);
		}
	}
	for (struct made_scope *m = d->made; m; m = m->next)
		m->scope.schema_url = arena_copy(m->arena, d->schema_bytes);
}

/* A service that doesn't say its name has the one that the specification gives it. */
static void name_service(struct decoding *d, size_t mark)
{
	struct attribute *a;

	for (size_t i = mark; i < d->n_values; i++)
		if (str_eq(d->value[i].key, STR("service.name")))
			return;
	a = DECODING_SLOT(d, value);
	if (a)
		*a = (struct attribute){ STR("service.name"),
					 { VALUE_STRING, .text = STR("unknown_service") } };
}

static int32_t pid_of(struct attributes a)
{
	int64_t pid = attributes_int(a, STR("process.pid"), 0);

	return pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0;
}

/* Read in a batch of its own, which only lends its arena. */
static struct resource *read_resource(struct decoding *d, struct str bytes,
				      const struct otlp_source *from)
{
	struct batch arena = { 0 };
	struct proto_reader r = { .rest = bytes };
	struct resource *resource = NULL;
	struct proto_field f;
	uint32_t dropped = 0;
	size_t mark = d->n_values;

	d->batch = &arena;
	while (!d->error && decoding_read(d, &r, &f)) {
		if (f.number == RESOURCE_ATTRIBUTES && f.wire == PROTO_BYTES)
			decode_key_value(d, f.bytes, mark, &dropped);
		else if (f.number == RESOURCE_DROPPED && f.wire == PROTO_VARINT)
			dropped += (uint32_t)f.value;
	}
	name_service(d, mark);
	struct attributes all = decoded_attributes(d, mark, dropped);

	if (!d->error && !d->bad &&
	    (!from->sieve || sieve_attributes(from->sieve, &all, &arena.arena)))
		resource = resource_new(all, from->run, pid_of(all));
	if (!resource && !d->bad)
		d->error = ERR(-ENOMEM);
	d->batch = NULL;
	arena_fini(&arena.arena);
	return resource;
}

/* One is known by its bytes; of two that differ in their schema alone only the first is. */
static struct resource *take_resource(struct decoding *d, struct str bytes, struct str schema_url,
				      const struct otlp_source *from)
{
	struct resource *r = from->known ? sources_find(from->known, bytes, from->run) : NULL;
	bool is_known = r;

	if (r && str_eq(r->schema_url, schema_url))
		return r;
	resource_free(r);
	r = read_resource(d, bytes, from);
	if (r)
		r->schema_url = arena_copy(&r->arena, schema_url);
	if (r && from->known && !is_known)
		sources_keep(from->known, bytes, from->run, r);
	return r;
}

static void read_part(struct decoding *d, enum signal kind, struct str bytes,
		      const struct otlp_source *from)
{
	struct proto_reader r = { .rest = bytes };
	struct str resource = { "", 0 }, schema_url = { "", 0 };
	struct proto_field f;

	find_bytes(d, bytes, PART_RESOURCE, &resource);
	find_bytes(d, bytes, PART_SCHEMA, &schema_url);
	d->resource = take_resource(d, resource, schema_url, from);
	d->batch = NULL;
	while (d->resource && !d->error && decoding_read(d, &r, &f))
		if (f.number == PART_SCOPES && f.wire == PROTO_BYTES)
			read_scoped(d, kind, f.bytes);
	resource_free(d->resource);
}

static void decoding_fini(struct decoding *d)
{
	free(d->value);
	free(d->event);
	free(d->link);
	free(d->exemplar);
	free(d->quantile);
	free(d->number[0]);
	free(d->number[1]);
}

int otlp_decode(struct receipt *out, enum signal kind, struct str body,
		const struct otlp_source *from)
{
	struct decoding d = { .to = out,
			      .items_left = OTLP_ITEMS_MOST,
			      .values_left = OTLP_VALUES_MOST };
	struct proto_reader r = { .rest = body };
	struct proto_field f;

	while (!d.error && !d.bad && decoding_read(&d, &r, &f))
		if (f.number == REQUEST_RESOURCES && f.wire == PROTO_BYTES)
			read_part(&d, kind, f.bytes, from);
	decoding_fini(&d);
	if (!d.error && !d.bad)
		return 0;
	receipt_fini(out);
	if (d.error)
		return TRACE(d.error);
	snprintf(out->why, sizeof(out->why), "this is no such message in protobuf");
	return RECEIPT_BAD;
}
