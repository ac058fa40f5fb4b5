/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/intake.h"

#include "base/err.h"
#include "collect/guard.h"
#include "collect/lease.h"
#include "collect/settle.h"
#include "model/stats.h"
#include "wire/control.h"
#include "wire/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int intake_step(struct intake *in, void (*step)(void *you), void *you)
{
	if (in->cut_short)
		return -EFAULT;
	if (!guard_run(step, you))
		return 0;
	in->cut_short = true;
	stats_add(segments_truncated, 1);
	return -EFAULT;
}

static int intake_copy(struct intake *in, void *to, size_t at, size_t n)
{
	if (!guard_copy(to, in->map + at, n))
		return 0;
	in->cut_short = true;
	stats_add(segments_truncated, 1);
	return -EFAULT;
}

/* ---- open ------------------------------------------------------------------------------------- */

static bool area_fits(const struct segment_header *h, uint64_t at, uint64_t size, uint64_t align)
{
	return at >= sizeof(*h) && at % align == 0 && at <= h->size && size <= h->size - at;
}

/* Why this can't be read; NULL: it can. */
static const char *header_fault(const struct segment_header *h, uint64_t file_size)
{
	if (h->layout != SEGMENT_LAYOUT || h->header_size != sizeof(*h))
		return "another layout: the service has another version of liboriel";
	if (h->size != file_size || h->size < SEGMENT_LEAST || h->size > SEGMENT_MOST)
		return "its size is not what it says";
	if (h->chunk_size != CHUNK_SIZE || !h->n_chunks)
		return "chunks of another size";
	if (!area_fits(h, h->slots_at, (uint64_t)h->n_slots * 4, 4) ||
	    !area_fits(h, h->settings_at, h->settings_size, 1) ||
	    !area_fits(h, h->series_at, h->series_size, 8) ||
	    (h->crash_size && !area_fits(h, h->crash_at, h->crash_size, 8)) ||
	    !area_fits(h, h->states_at, (uint64_t)h->n_chunks * 4, 4) ||
	    !area_fits(h, h->control_at, h->control_size, 64) ||
	    !area_fits(h, h->names_at, h->names_size, NAME_UNIT) ||
	    !area_fits(h, h->chunks_at, (uint64_t)h->n_chunks * CHUNK_SIZE, 64))
		return "a part of it lies outside of it";
	if (h->control_size != sizeof(struct control) || h->names_size < sizeof(struct names) ||
	    h->names_size > NAMES_MOST)
		return "levels or names of another size";
	if (h->settings_size > INTAKE_SETTINGS)
		return "too many settings";
	if (h->crash_size > CRASH_AREA_MOST)
		return "too much of a crash";
	if (h->clock != SEGMENT_CLOCK_TSC && h->clock != SEGMENT_CLOCK_MONOTONIC)
		return "a clock that nobody knows";
	return NULL;
}

static int intake_refuse(const struct intake *in, const char *why)
{
	fprintf(stderr, "oriel: segment refused file=%s why=\"%s\"\n", in->name, why);
	stats_add(segments_refused, 1);
	return INTAKE_REFUSED;
}

/* A file that nobody is making any more, and that isn't made, is rubbish, and goes. */
static int intake_later(const struct intake *in, int dir_fd)
{
	return lease_remove(in->fd, dir_fd, in->name) ? INTAKE_UNMADE : INTAKE_LATER;
}

static int intake_map(struct intake *in, int dir_fd)
{
	struct stat st;

	in->fd = openat(dir_fd, in->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in->fd < 0 && errno == ENOENT)
		return -ENOENT;
	/* Another collector asks just now whether it is alone with it. */
	if (in->fd < 0 && errno == EWOULDBLOCK)
		return INTAKE_LATER;
	if (in->fd < 0)
		return intake_refuse(in, strerror(errno));
	if (fstat(in->fd, &st) < 0)
		return ERR(-errno);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return intake_refuse(in, "not a file that is ours alone");
	if (st.st_size > SEGMENT_MOST)
		return intake_refuse(in, "too large");
	if (st.st_size < SEGMENT_LEAST)
		return intake_later(in, dir_fd);
	in->size = (size_t)st.st_size;
	in->map = mmap(NULL, in->size, PROT_READ | PROT_WRITE, MAP_SHARED, in->fd, 0);
	if (in->map == MAP_FAILED) {
		in->map = NULL;
		return ERR(-errno);
	}
	return 0;
}

static void magic_step(void *you)
{
	struct intake *in = you;

	/* Acquire: pairs with the maker's release, which comes after everything else. */
	in->head.magic = atomic_load_explicit(&intake_words(in)->magic, memory_order_acquire);
}

static int intake_header(struct intake *in, int dir_fd)
{
	const char *fault;
	int r = intake_step(in, magic_step, in);

	if (r < 0)
		return r;
	if (!in->head.magic)
		return intake_later(in, dir_fd);
	if (in->head.magic != SEGMENT_MAGIC)
		return intake_refuse(in, "no segment");
	r = intake_copy(in, &in->head, 0, sizeof(in->head));
	if (r < 0)
		return r;
	in->head.program[sizeof(in->head.program) - 1] = '\0';
	fault = header_fault(&in->head, in->size);
	return fault ? intake_refuse(in, fault) : 0;
}

struct adopt {
	struct intake *in;
	uint32_t i;
};

static _Atomic uint32_t *intake_states(const struct intake *in)
{
	return (_Atomic uint32_t *)(in->map + in->head.states_at);
}

/*
 * Go on where the last collector stopped. A chunk that it had locked is drained and freed as a
 * full one; `write` is reset before `read`, so a half-done reset shows as a chunk with nothing in it.
 */
static void adopt_step(void *you)
{
	struct adopt *a = you;

	for (a->i = 0; a->i < a->in->head.n_chunks; a->i++) {
		uint32_t was = CHUNK_LOCKED;

		settle_find(intake_chunk_at(a->in, a->i), &a->in->chunk[a->i].found);
		atomic_compare_exchange_strong_explicit(&intake_states(a->in)[a->i], &was,
							CHUNK_FULL, memory_order_acquire,
							memory_order_relaxed);
	}
}

static int intake_adopt(struct intake *in)
{
	char *settings = calloc(1, in->head.settings_size + 1u);

	in->settings.block = (struct str){ settings, in->head.settings_size };
	in->chunk = calloc(in->head.n_chunks, sizeof(*in->chunk));
	in->state = calloc(in->head.n_chunks, sizeof(*in->state));
	if (!settings || !in->chunk || !in->state)
		return ERR(-ENOMEM);

	int r = intake_copy(in, settings, in->head.settings_at, in->head.settings_size);
	/* What lies behind the last in their area is NULs, which would be looked at each time. */
	while (!r && in->settings.block.n > 1 && !settings[in->settings.block.n - 1] &&
	       !settings[in->settings.block.n - 2])
		in->settings.block.n--;

	if (!r)
		r = intake_step(in, adopt_step, &(struct adopt){ .in = in });
	for (uint32_t i = 0; !r && i < in->head.n_chunks; i++)
		settle_adopt(&in->chunk[i]);
	return r;
}

static int intake_map_copy(struct intake *in, const char *path)
{
	struct stat st;

	in->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (in->fd < 0 || fstat(in->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < SEGMENT_LEAST || st.st_size > SEGMENT_MOST)
		return intake_refuse(in, "no segment");
	in->size = (size_t)st.st_size;
	in->map = mmap(NULL, in->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, in->fd,
		       0);
	if (in->map == MAP_FAILED) {
		in->map = NULL;
		return ERR(-errno);
	}
	return 0;
}

/* `path`: of a copy; NULL: `name` in `dir_fd`. */
static int intake_begin(struct intake **out, int dir_fd, const char *name, const char *path)
{
	struct intake *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return ERR(-ENOMEM);
	in->fd = -1;
	snprintf(in->name, sizeof(in->name), "%s", name);
	r = path ? intake_map_copy(in, path) : intake_map(in, dir_fd);
	if (!r)
		r = intake_header(in, dir_fd);
	if (!r)
		r = intake_adopt(in);
	if (r) {
		intake_close(in);
		return r;
	}
	stats_add(segments_opened, 1);
	*out = in;
	return 0;
}

int intake_open(struct intake **out, int dir_fd, const char *name)
{
	return intake_begin(out, dir_fd, name, NULL);
}

int intake_open_copy(struct intake **out, const char *path)
{
	const char *slash = strrchr(path, '/');

	return intake_begin(out, -1, slash ? slash + 1 : path, path);
}

struct intake *intake_close(struct intake *in)
{
	if (!in)
		return NULL;
	if (in->map)
		munmap(in->map, in->size);
	if (in->fd >= 0)
		close(in->fd);
	free((char *)in->settings.block.p);
	free(in->chunk);
	free(in->state);
	free(in);
	return NULL;
}

/* ---- drain ------------------------------------------------------------------------------------ */

struct chunk_step {
	struct intake *in;
	uint32_t i;
	uint32_t write, owner_tid;
	bool done;
};

/* Acquire: pairs with the owners' releases of state and, in copy_step, of `write`. */
static void states_step(void *you)
{
	struct intake *in = you;

	for (uint32_t i = 0; i < in->head.n_chunks; i++)
		in->state[i] = atomic_load_explicit(&intake_states(in)[i], memory_order_acquire);
}

struct room_step {
	const struct intake *in;
	uint32_t n_free;
};

static void room_step(void *you)
{
	struct room_step *s = you;

	for (uint32_t i = 0; i < s->in->head.n_chunks; i++)
		s->n_free += atomic_load_explicit(&intake_states(s->in)[i], memory_order_relaxed) ==
			     CHUNK_FREE;
}

uint32_t intake_room(struct intake *in)
{
	struct room_step s = { .in = in };

	return intake_step(in, room_step, &s) ? 0 : s.n_free;
}

static void copy_step(void *you)
{
	struct chunk_step *s = you;
	struct chunk *c = intake_chunk_at(s->in, s->i);
	uint32_t read = s->in->chunk[s->i].read;
	uint32_t write = atomic_load_explicit(&c->write, memory_order_acquire);

	s->write = write;
	s->owner_tid = __atomic_load_n(&c->owner_tid, __ATOMIC_RELAXED);
	write = write > CHUNK_SIZE ? CHUNK_SIZE : write;
	if (write > read)
		memcpy(s->in->bytes, (unsigned char *)c + read, write - read);
}

/* Acquire: pairs with the release of the owner that left it idle. */
static void lock_step(void *you)
{
	struct chunk_step *s = you;
	uint32_t was = CHUNK_IDLE;

	s->done = atomic_compare_exchange_strong_explicit(&intake_states(s->in)[s->i], &was,
							  CHUNK_LOCKED, memory_order_acquire,
							  memory_order_relaxed);
}

/* Release: pairs with the acquire of the thread that takes it next. */
static void unlock_step(void *you)
{
	struct chunk_step *s = you;

	atomic_store_explicit(&intake_states(s->in)[s->i], CHUNK_IDLE, memory_order_release);
}

/*
 * The hint first, so that a collector that dies in between leaves it too large: that costs a search,
 * too small costs a chunk. Idle chunks were counted when they became idle. Release: pairs with the
 * next owner's acquire of the state.
 */
static void free_step(void *you)
{
	struct chunk_step *s = you;
	struct chunk *c = intake_chunk_at(s->in, s->i);

	if (s->in->state[s->i] == CHUNK_FULL)
		atomic_fetch_add_explicit(&intake_words(s->in)->n_free, 1, memory_order_relaxed);
	__atomic_store_n(&c->owner_tid, 0, __ATOMIC_RELAXED);
	atomic_store_explicit(&c->write, CHUNK_HEAD, memory_order_relaxed);
	settle_reset(c);
	atomic_store_explicit(&intake_states(s->in)[s->i], CHUNK_FREE, memory_order_release);
}

static void intake_bad(uint64_t n)
{
	stats_add(records_bad, n);
}

/* A size that makes no sense leaves nothing to go on from: the rest is skipped. */
static uint64_t intake_walk(struct intake *in, uint32_t i, size_t n, intake_each *each, void *you)
{
	struct intake_chunk *mine = &in->chunk[i];
	uint64_t n_records = 0;
	size_t at = 0;

	while (at < n) {
		const struct record_head *h = (const void *)(in->bytes + at);

		if (n - at < sizeof(*h) || h->size < sizeof(*h) || h->size % 8 ||
		    h->size > RECORD_MOST || h->size > n - at) {
			intake_bad(1);
			break;
		}
		n_records++;
		if (h->type == RECORD_THREAD && h->size >= sizeof(struct record_thread)) {
			mine->tid = (uint32_t)((const struct record_thread *)h)->tid;
		} else {
			in->here = (struct place){ i, mine->gen, mine->read + (uint32_t)at };
			each(h, mine->tid, you);
		}
		at += h->size;
	}
	return n_records;
}

/* The bytes between `read` and `write`, which was looked at once and is now ours to judge. */
static uint32_t chunk_bytes(struct intake_chunk *mine, uint32_t write)
{
	if (write == 0) /* new, and its first owner is just coming */
		return 0;
	if (write < CHUNK_HEAD || write > CHUNK_SIZE || write % 8) {
		if (!mine->bad)
			intake_bad(1);
		mine->bad = 1;
		write = write > CHUNK_SIZE ? CHUNK_SIZE : write & ~7u;
	}
	return write > mine->read ? write - mine->read : 0;
}

static int chunk_drain(struct intake *in, uint32_t i, intake_each *each, void *you,
		       struct intake_drained *d)
{
	struct chunk_step s = { .in = in, .i = i };
	struct intake_chunk *mine = &in->chunk[i];
	int r = intake_step(in, copy_step, &s);
	uint32_t n;

	if (r < 0)
		return r;
	n = chunk_bytes(mine, s.write);
	if (!n)
		return settle_chunk(in, i);
	if (!mine->tid)
		mine->tid = s.owner_tid;
	d->n_records += intake_walk(in, i, n, each, you);
	d->n_bytes += n;
	mine->read += n;
	mine->last = (struct intake_spot){ mine->read, mine->tid, in->round };
	return settle_chunk(in, i);
}

static int chunk_free(struct intake *in, uint32_t i)
{
	int r = intake_step(in, free_step, &(struct chunk_step){ .in = in, .i = i });

	settle_fresh(in, i);
	return r;
}

/* Between the look at it and the lock, a thread may have written into it and left it again. */
static int chunk_recycle_idle(struct intake *in, uint32_t i, intake_each *each, void *you,
			      struct intake_drained *d)
{
	struct chunk_step s = { .in = in, .i = i };
	int r = intake_step(in, lock_step, &s);

	if (r < 0 || !s.done)
		return r;
	r = chunk_drain(in, i, each, you, d);
	if (r < 0)
		return r;
	return settle_may_free(in, i) ? chunk_free(in, i) : intake_step(in, unlock_step, &s);
}

static int chunk_round(struct intake *in, uint32_t i, intake_each *each, void *you,
		       struct intake_drained *d)
{
	int r = chunk_drain(in, i, each, you, d);

	if (r < 0)
		return r;
	if (in->state[i] != CHUNK_FULL && in->state[i] != CHUNK_IDLE) {
		settle_is_used(in, i);
		return 0;
	}
	if (!settle_may_free(in, i))
		return 0;
	return in->state[i] == CHUNK_FULL ? chunk_free(in, i)
					  : chunk_recycle_idle(in, i, each, you, d);
}

int intake_drain(struct intake *in, intake_each *each, void *you, struct intake_drained *d)
{
	uint32_t most = INTAKE_AT_ONCE;
	int r = in->next ? 0 : intake_step(in, states_step, in);

	*d = (struct intake_drained){ 0 };
	for (; !r && in->next < in->head.n_chunks && most; in->next++) {
		if (in->state[in->next] == CHUNK_FREE || chunk_is_metrics(in->state[in->next]))
			continue;
		most--;
		r = chunk_round(in, in->next, each, you, d);
	}
	stats_add(records_read, d->n_records);
	if (r < 0)
		return r;
	if (in->next < in->head.n_chunks)
		return INTAKE_MORE;
	in->next = 0;
	return 0;
}
