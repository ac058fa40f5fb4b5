/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By hand: records and segments as a service would write them, for tests, fuzz targets and benches.
 * Plain and slow; lib/ is the real writer.
 */
#pragma once

#include "base/clock.h"
#include "collect/guard.h"
#include "wire/control.h"
#include "wire/names.h"
#include "wire/record.h"
#include "wire/segment.h"
#include "wire/series.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct hand_record {
	_Alignas(8) unsigned char bytes[RECORD_MOST];
	size_t n;
};

static inline struct record_head *hand_head(struct hand_record *r)
{
	return (struct record_head *)r->bytes;
}

static inline void hand_put(struct hand_record *r, const void *p, size_t n)
{
	memcpy(r->bytes + r->n, p, n);
	r->n += n;
}

/* Sizes and padding; to be called after the last put. */
static inline const struct record_head *hand_seal(struct hand_record *r)
{
	struct record_head *h = hand_head(r);
	size_t whole = (r->n + 7) & ~(size_t)7;

	h->pad_n = (uint8_t)(whole - r->n);
	h->size = (uint16_t)whole;
	return h;
}

static inline void hand_attribute(struct hand_record *r, uint8_t type, const char *key,
				  const void *value, size_t n)
{
	uint8_t head[2] = { type, (uint8_t)strlen(key) };
	uint16_t value_n = (uint16_t)n;

	hand_put(r, head, 2);
	hand_put(r, &value_n, 2);
	hand_put(r, key, head[1]);
	hand_put(r, value, n);
}

static inline void hand_str(struct hand_record *r, const char *key, const char *value)
{
	hand_attribute(r, WIRE_STRING, key, value, strlen(value));
}

static inline void hand_int(struct hand_record *r, const char *key, int64_t value)
{
	hand_attribute(r, WIRE_INT, key, &value, sizeof(value));
}

static inline void hand_f64(struct hand_record *r, const char *key, double value)
{
	hand_attribute(r, WIRE_DOUBLE, key, &value, sizeof(value));
}

static inline void hand_bool(struct hand_record *r, const char *key, bool value)
{
	hand_attribute(r, WIRE_BOOL, key, &(uint8_t){ value }, 1);
}

static inline struct hand_record hand_start(uint64_t span_id, const char *name, uint64_t time)
{
	struct hand_record r = { .n = 0 };
	struct record_start s = {
		.head = { .type = RECORD_START, .flags = RECORD_TIME_MONO, .code = 1 },
		.time = time,
		.trace_id = { 1 },
		.span_id = span_id,
		.trace_flags = 1
	};

	s.head.text_n = (uint16_t)strlen(name);
	hand_put(&r, &s, sizeof(s));
	hand_put(&r, name, strlen(name));
	return r;
}

/* The same in one of the process's own scopes. */
static inline struct hand_record hand_start_in(uint64_t span_id, const char *name, uint64_t time,
					       uint8_t scope)
{
	struct hand_record r = hand_start(span_id, name, time);

	hand_head(&r)->code = 1 | SCOPE_FOLLOWS << RECORD_KIND_BITS;
	hand_put(&r, &scope, 1);
	return r;
}

static inline struct hand_record hand_end(uint64_t span_id, uint64_t time)
{
	struct hand_record r = { .n = 0 };
	struct record_end e = { .head = { .type = RECORD_END, .flags = RECORD_TIME_MONO },
				.time = time,
				.span_id = span_id };

	hand_put(&r, &e, sizeof(e));
	return r;
}

/* SET, STATUS, NAME */
static inline struct hand_record hand_about(uint8_t type, uint64_t span_id, const char *text)
{
	struct hand_record r = { .n = 0 };
	struct record_span s = { .head = { .type = type, .text_n = (uint16_t)strlen(text) },
				 .span_id = span_id };

	hand_put(&r, &s, sizeof(s));
	hand_put(&r, text, strlen(text));
	return r;
}

static inline struct hand_record hand_event(uint64_t span_id, const char *name, uint64_t time)
{
	struct hand_record r = { .n = 0 };
	struct record_event e = { .head = { .type = RECORD_EVENT,
					    .flags = RECORD_TIME_MONO,
					    .text_n = (uint16_t)strlen(name) },
				  .time = time,
				  .span_id = span_id };

	hand_put(&r, &e, sizeof(e));
	hand_put(&r, name, strlen(name));
	return r;
}

static inline struct hand_record hand_link(uint64_t span_id, uint64_t to)
{
	struct hand_record r = { .n = 0 };
	struct record_link l = { .head = { .type = RECORD_LINK },
				 .span_id = span_id,
				 .trace_id = { 2 },
				 .linked_id = to };

	hand_put(&r, &l, sizeof(l));
	return r;
}

static inline struct hand_record hand_log(uint64_t span_id, const char *body, uint64_t time)
{
	struct hand_record r = { .n = 0 };
	struct record_log l = { .head = { .type = RECORD_LOG,
					  .flags = RECORD_TIME_MONO,
					  .text_n = (uint16_t)strlen(body),
					  .code = 9 },
				.time = time,
				.trace_id = { 1 },
				.span_id = span_id };

	hand_put(&r, &l, sizeof(l));
	hand_put(&r, body, strlen(body));
	return r;
}

/* From that call site and logger, by their numbers. */
static inline struct hand_record hand_log_at(struct hand_record r, uint16_t site, uint8_t logger)
{
	memcpy(r.bytes + offsetof(struct record_log, site), &site, sizeof(site));
	memcpy(r.bytes + offsetof(struct record_log, logger), &logger, sizeof(logger));
	return r;
}

static inline struct hand_record hand_thread(uint64_t tid)
{
	struct hand_record r = { .n = 0 };
	struct record_thread t = { .head = { .type = RECORD_THREAD }, .tid = tid };

	hand_put(&r, &t, sizeof(t));
	return r;
}

/* ---- segments --------------------------------------------------------------------------------- */

enum { HAND_SLOTS = 16, HAND_SETTINGS = 4096, HAND_SERIES = 16384, HAND_NAMES = 4096 };

struct hand_segment {
	struct segment_header *head;
	_Atomic uint32_t *slot, *state;
	unsigned char *chunks;
	size_t size;
	int fd;
};

static inline void hand_layout(struct segment_header *h, uint32_t n_chunks)
{
	memset(h, 0, sizeof(*h));
	h->layout = SEGMENT_LAYOUT;
	h->header_size = sizeof(*h);

	h->slots_at = SEGMENT_PAGE;
	h->n_slots = HAND_SLOTS;
	h->settings_at = h->slots_at + HAND_SLOTS * 4;
	h->settings_size = HAND_SETTINGS;
	h->series_at = h->settings_at + HAND_SETTINGS;
	h->series_size = HAND_SERIES;
	h->control_at = h->series_at + HAND_SERIES;
	h->control_size = sizeof(struct control);
	h->names_at = h->control_at + (uint32_t)sizeof(struct control);
	h->names_size = HAND_NAMES;
	h->states_at = h->names_at + HAND_NAMES;
	h->n_chunks = n_chunks;
	h->chunks_at = (h->states_at + n_chunks * 4 + 4095) & ~4095u;
	h->chunk_size = CHUNK_SIZE;
	h->size = h->chunks_at + (uint64_t)n_chunks * CHUNK_SIZE;
	h->pid = getpid();
	h->uid = geteuid();
	h->clock = SEGMENT_CLOCK_MONOTONIC;
	h->created_real_ns = clock_real_ns();
	h->created_mono_ns = clock_mono_ns();
}

static inline struct chunk *hand_chunk(const struct hand_segment *s, uint32_t i)
{
	return (struct chunk *)(s->chunks + (size_t)i * CHUNK_SIZE);
}

/*
 * Opened first and named then, as lib/segment.c does it: between its name and the end of the open that
 * makes it a new file is nobody's, and a collector that comes by removes it (collect/lease.h).
 */
static inline int hand_open(int dir_fd, const char *name, off_t size)
{
	char unseen[64];
	int fd;

	snprintf(unseen, sizeof(unseen), ".%s", name);
	fd = openat(dir_fd, unseen, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (posix_fallocate(fd, 0, size) == 0 && renameat(dir_fd, unseen, dir_fd, name) == 0)
		return fd;
	unlinkat(dir_fd, unseen, 0);
	close(fd);
	return -1;
}

/* A whole segment with all chunks free and no magic yet; map NULL when the file can't be made. */
static inline struct hand_segment hand_segment(int dir_fd, const char *name,
					       const struct segment_header *h)
{
	struct hand_segment s = { 0 };
	void *map;

	s.fd = hand_open(dir_fd, name, (off_t)h->size);
	if (s.fd < 0)
		return s;
	map = mmap(NULL, h->size, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);
	if (map == MAP_FAILED)
		return s;
	memcpy(map, h, sizeof(*h));
	s.head = map;
	s.size = h->size;
	s.slot = (void *)((char *)map + h->slots_at);
	s.state = (void *)((char *)map + h->states_at);
	s.chunks = (unsigned char *)map + h->chunks_at;
	s.head->n_free = h->n_chunks;
	for (uint32_t i = 0; i < h->n_chunks; i++) {
		hand_chunk(&s, i)->write = CHUNK_HEAD;
		hand_chunk(&s, i)->read = CHUNK_HEAD;
	}
	((struct series_area *)((char *)map + h->series_at))->used = sizeof(struct series_area);
	((struct names *)((char *)map + h->names_at))->used = sizeof(struct names);
	return s;
}

/* An entry of the names and its number. */
static inline uint16_t hand_name(struct hand_segment *s, enum name_kind kind, const void *bytes,
				 size_t n)
{
	struct names *names = (struct names *)((char *)s->head + s->head->names_at);
	uint32_t at = names->used, head = NAME_HEAD(kind, n);

	memcpy((char *)names + at, &head, sizeof(head));
	memcpy((char *)names + at + sizeof(head), bytes, n);
	names->used += (uint32_t)((sizeof(head) + n + NAME_UNIT - 1) / NAME_UNIT * NAME_UNIT);
	return (uint16_t)(at / NAME_UNIT);
}

static inline uint16_t hand_name_site(struct hand_segment *s, uint32_t line, const char *file,
				      const char *function)
{
	struct {
		uint32_t line;
		uint16_t file, function;
	} site = { line, hand_name(s, NAME_TEXT, file, strlen(file)),
		   hand_name(s, NAME_TEXT, function, strlen(function)) };

	return hand_name(s, NAME_SITE, &site, sizeof(site));
}

static inline void hand_logger(struct hand_segment *s, uint8_t i, const char *name)
{
	struct control *c = (struct control *)((char *)s->head + s->head->control_at);

	c->logger[i] = hand_name(s, NAME_TEXT, name, strlen(name));
}

/* The process's own scope i; `bytes` are attributes as they lie in a record. */
static inline void hand_scope(struct hand_segment *s, unsigned i, const char *const text[3],
			      const void *bytes, size_t n)
{
	struct names *names = (struct names *)((char *)s->head + s->head->names_at);
	char row[NAME_SCOPE_MOST];
	size_t at = NAME_SCOPE_TEXTS;

	for (size_t k = 0; k < 3; k++) {
		uint16_t length = (uint16_t)strlen(text[k]);

		memcpy(row + 2 * k, &length, sizeof(length));
		memcpy(row + at, text[k], length);
		at += length;
	}
	memcpy(row + at, bytes, n);
	names->scope[i] = hand_name(s, NAME_SCOPE, row, at + n);
}

static inline void hand_publish(struct hand_segment *s)
{
	atomic_store_explicit(&s->head->magic, SEGMENT_MAGIC, memory_order_release);
}

/* As the owner does it: take the chunk if it is free, put the record, store the cursor. */
static inline void hand_write(struct hand_segment *s, uint32_t i, struct hand_record r)
{
	const struct record_head *h = hand_seal(&r);
	struct chunk *c = hand_chunk(s, i);
	uint32_t at = atomic_load_explicit(&c->write, memory_order_relaxed), is_free = CHUNK_FREE;

	if (atomic_compare_exchange_strong(&s->state[i], &is_free, CHUNK_OWNED))
		atomic_fetch_sub(&s->head->n_free, 1);
	memcpy((char *)c + at, r.bytes, h->size);
	atomic_store_explicit(&c->write, at + h->size, memory_order_release);
}

static inline void hand_unmap(struct hand_segment *s)
{
	if (s->head)
		munmap(s->head, s->size);
	if (s->fd >= 0)
		close(s->fd);
	s->head = NULL;
	s->fd = -1;
}

/* ---- a folder with one of them ----------------------------------------------------------------- */

struct hand_room {
	char path[32];
	int dir;
	struct hand_segment s; /* "a.segment", not published yet */
};

static inline bool hand_room_open(struct hand_room *r, const struct segment_header *h)
{
	*r = (struct hand_room){ .path = "/tmp/oriel-test-XXXXXX", .dir = -1 };
	if (guard_init() || !mkdtemp(r->path))
		return false;
	r->dir = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->s = hand_segment(r->dir, "a.segment", h);
	return r->s.head != NULL;
}

static inline void hand_room_close(struct hand_room *r)
{
	hand_unmap(&r->s);
	unlinkat(r->dir, "a.segment", 0);
	close(r->dir);
	rmdir(r->path);
}
