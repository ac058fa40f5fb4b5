/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watch: numbers at addresses, which the collector reads in this process's memory when somebody asks
 * (process_vm_readv). Where it may not (Yama, a process that isn't dumpable), the helper thread does,
 * by the same call on itself: memory that is gone is an error, never a fault.
 */
#include "lib/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WATCHES = 256 };

struct oriel_watch {
	const volatile void *address; /* NULL: free */
	unsigned type;
	struct bound *bound;
	uint32_t at; /* of its struct watch in the segment; 0: none */
};

static struct oriel_watch watch[WATCHES];

/* Needs descriptors, so it is asked when something is registered, not later. */
static bool may_be_read(void)
{
	char scope = '0';
	int fd;

	if (prctl(PR_GET_DUMPABLE) != 1)
		return false;
	fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (read(fd, &scope, 1) != 1)
		scope = '0';
	close(fd);
	return scope == '0';
}

static bool needs_help;

bool watches_need_help(void)
{
	return needs_help;
}

/* ---- values -------------------------------------------------------------------------------------- */

static bool value_read(const struct oriel_watch *w, uint64_t *bits)
{
	unsigned char bytes[8] = { 0 };
	size_t n = w->type & WATCH_SIZE;
	struct iovec to = { bytes, n }, from = { (void *)(uintptr_t)w->address, n };

	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)n)
		return false;
	*bits = watch_bits(bytes, w->type);
	return true;
}

static void watch_keep(const struct oriel_watch *w, uint64_t now_ns)
{
	uint64_t bits;

	if (w->address && w->bound && bound_ready(w->bound) && value_read(w, &bits))
		observed_set(w->bound->handle, w->bound->at, bits, now_ns);
}

void watches_read(uint64_t now_ns)
{
	for (size_t i = 0; i < WATCHES; i++)
		watch_keep(&watch[i], now_ns);
}

/* ---- in the segment ------------------------------------------------------------------------------ */

static bool watch_place(struct oriel_watch *w)
{
	struct watch *in;

	w->at = bound_ready(w->bound) && !w->bound->overflows ? area_take(sizeof(*in)) : 0;
	if (!w->at)
		return false;
	in = (struct watch *)(series_area() + w->at);
	in->series_at = w->bound->at;
	in->type = (uint16_t)w->type;
	/* What the helper reads the collector needn't try. */
	atomic_init(&in->address, needs_help ? 0 : (uint64_t)(uintptr_t)w->address);
	area_publish(w->at, SERIES_WATCH);
	area_publish(w->bound->at, SERIES_POINT); /* it may have been watched before */
	atomic_fetch_add_explicit(&process.segment->watches, 1, memory_order_release);
	return true;
}

void watches_again(void)
{
	for (size_t i = 0; i < WATCHES; i++)
		if (watch[i].address)
			watch_place(&watch[i]);
}

static struct oriel_watch *watch_add(struct bound *b, const volatile void *address, unsigned type)
{
	for (size_t i = 0; i < WATCHES; i++) {
		struct oriel_watch *w = &watch[i];

		if (w->address)
			continue;
		w->type = type;
		w->bound = b;
		/* Last: a child that is forked meanwhile has all of it or nothing. */
		__atomic_store_n(&w->address, address, __ATOMIC_RELEASE);
		if (watch_place(w))
			return w;
		w->address = NULL;
		break;
	}
	process_lose(LOSS_series_overflow, 1);
	return NULL;
}

static bool type_is_known(unsigned type)
{
	unsigned n = type & WATCH_SIZE;

	if (type & WATCH_FLOAT)
		return n == sizeof(float) || n == sizeof(double);
	return n == 1 || n == 2 || n == 4 || n == 8;
}

static struct oriel_watch *watch_new(struct handle *h, const volatile void *address, unsigned type,
				     struct oriel_attributes attributes)
{
	struct oriel_watch *w;
	struct bound *b;

	if (h && h->to)
		h = h->to[0]; /* a number by address has one place, that of its first view */
	b = h ? series_bind(h, attributes) : NULL;
	needs_help = needs_help || !may_be_read();
	w = b ? watch_add(b, address, type) : NULL;
	if (!w)
		return NULL;
	watch_keep(w, observe_now_ns());
	if (needs_help)
		observe_help();
	return w;
}

struct oriel_watch *oriel_make_watch(const struct oriel_instrument_of *of,
				     const volatile void *address, unsigned type,
				     struct oriel_attributes attributes)
{
	struct oriel_instrument_of number = *of;
	struct oriel_watch *w;
	int kept = errno;

	number.what = of->what | (type & WATCH_FLOAT ? ORIEL_F64_OF : 0u);
	if (!address || !is_number(of->what) || !type_is_known(type) || !oriel_recording() ||
	    !observe_begin())
		return NULL;
	w = watch_new(instrument_observed(&number), address, type, attributes);
	observe_end();
	errno = kept;
	return w;
}

struct oriel_watch *oriel_watch_address(enum oriel_watched what, const char *name, const char *unit,
					const char *description, const volatile void *address,
					unsigned type, struct oriel_attributes attributes)
{
	struct oriel_instrument_of of = oriel_instrument_in(NULL, what, name, unit, description);

	return oriel_make_watch(&of, address, type, attributes);
}

/* The last value of a counter stays; what rises and falls is gone with what it was about. */
static void watch_end(struct oriel_watch *w)
{
	struct watch *in = (struct watch *)(series_area() + w->at);

	watch_keep(w, observe_now_ns());
	atomic_store_explicit(&in->address, 0, memory_order_relaxed);
	area_publish(w->at, SERIES_DEAD);
	if (w->bound->handle->kind != INSTRUMENT_COUNTER)
		area_publish(w->bound->at, SERIES_DEAD);
}

void oriel_unwatch(struct oriel_watch *w)
{
	int kept = errno;

	if (!w || !w->address || !observe_begin())
		return;
	if (w->at && process_is_ours())
		watch_end(w);
	w->address = NULL;
	observe_end();
	errno = kept;
}
