/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/observe.h"

#include "lib/process.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { OBSERVERS = 128, HELPER_STACK = 1024 * 1024 };

struct oriel_observer {
	struct handle *handle;
	oriel_callback call; /* NULL: free */
	void *you;
};

struct oriel_observation {
	struct handle *handle;
	uint64_t now_ns;
};

static struct oriel_observer observer[OBSERVERS];
static struct door turn;
static bool helped; /* the thread is there */
static __thread bool within __attribute__((tls_model("initial-exec")));

bool observe_begin(void)
{
	if (within)
		return false;
	door_shut(&turn);
	return true;
}

void observe_end(void)
{
	door_open(&turn);
}

uint64_t observe_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- what a callback says ------------------------------------------------------------------------ */

static uint64_t plus(const struct handle *h, uint64_t a, uint64_t b)
{
	return h->is_double ? as_bits(as_double(a) + as_double(b)) : a + b;
}

void observed_set(struct handle *h, uint32_t at, uint64_t bits, uint64_t now_ns)
{
	_Atomic uint64_t *cell = series_cells(at);
	bool again = atomic_load_explicit(&cell[GAUGE_SET_NS], memory_order_relaxed) == now_ns;

	if (again && h->kind != INSTRUMENT_GAUGE && (h->filter || at == h->overflow_at))
		bits = plus(h, bits,
			    atomic_load_explicit(&cell[GAUGE_VALUE], memory_order_relaxed));
	atomic_store_explicit(&cell[GAUGE_VALUE], bits, memory_order_relaxed);
	/* Release: what was set before it was is never seen with this time. */
	atomic_store_explicit(&cell[GAUGE_SET_NS], now_ns, memory_order_release);
}

static void observation_set_one(const struct oriel_observation *o, struct handle *h, uint64_t bits,
				struct oriel_attributes attributes)
{
	struct filtered f;
	uint32_t at;

	if (h->filter) {
		filtered_make(&f, h, attributes);
		attributes = f.kept;
	}
	at = series_of(h, attributes);
	if (at)
		observed_set(h, at, bits, o->now_ns);
}

static void observation_set(const struct oriel_observation *o, uint64_t bits,
			    struct oriel_attributes attributes)
{
	for (size_t i = 0; i < o->handle->n_to; i++)
		observation_set_one(o, o->handle->to[i], bits, attributes);
	if (!o->handle->to)
		observation_set_one(o, o->handle, bits, attributes);
}

void oriel_observe_int_all(struct oriel_observation *to, int64_t n,
			   struct oriel_attributes attributes)
{
	if (to && oriel_recording() && !to->handle->is_double)
		observation_set(to, (uint64_t)n, attributes);
}

void oriel_observe_f64_all(struct oriel_observation *to, double v,
			   struct oriel_attributes attributes)
{
	if (to && oriel_recording() && to->handle->is_double && v == v)
		observation_set(to, as_bits(v), attributes);
}

/* ---- a round ------------------------------------------------------------------------------------- */

/* What was not observed in the last round is not told: its time is an earlier one. */
static void observer_mark(struct handle *h, uint64_t now_ns)
{
	struct instrument *in;

	for (size_t i = 0; i < h->n_to; i++)
		observer_mark(h->to[i], now_ns);
	if (h->to || !handle_ready(h))
		return;
	in = (struct instrument *)(series_area() + h->at);
	/* Release: pairs with the collector's acquire; the values are there. */
	atomic_store_explicit(&in->observed_ns, now_ns, memory_order_release);
}

static void observers_mark(uint64_t now_ns)
{
	for (size_t i = 0; i < OBSERVERS; i++)
		if (observer[i].call)
			observer_mark(observer[i].handle, now_ns);
}

static void observe_round(void)
{
	uint64_t now_ns = observe_now_ns();

	door_shut(&turn);
	if (!oriel_recording()) {
		door_open(&turn);
		return;
	}
	within = true;
	for (size_t i = 0; i < OBSERVERS; i++) {
		oriel_callback call = __atomic_load_n(&observer[i].call, __ATOMIC_ACQUIRE);
		struct oriel_observation o = { observer[i].handle, now_ns };

		if (call)
			call(&o, observer[i].you);
	}
	within = false;
	observers_mark(now_ns);
	if (watches_need_help())
		watches_read(now_ns);
	door_open(&turn);
}

/* Not private: the collector wakes it through its own mapping of the same file. */
static void *help(void *unused)
{
	pthread_setname_np(pthread_self(), "oriel");
	for (;;) {
		struct segment_header *s = process.segment;
		uint32_t asked;

		if (!s)
			break;
		asked = atomic_load_explicit(&s->observe_asked, memory_order_acquire);
		if (asked == atomic_load_explicit(&s->observed, memory_order_relaxed)) {
			syscall(SYS_futex, &s->observe_asked, FUTEX_WAIT, asked, NULL, NULL, 0);
			continue;
		}
		observe_round();
		/* Release: pairs with the collector's acquire; what was asked for is there. */
		atomic_store_explicit(&s->observed, asked, memory_order_release);
	}
	return unused;
}

/* All signals blocked from its first instruction on. */
void observe_help(void)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;

	if (helped || pthread_attr_init(&attributes) != 0)
		return;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, HELPER_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	helped = pthread_create(&thread, &attributes, help, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (helped)
		atomic_store_explicit(&process.segment->observers, 1, memory_order_release);
}

/* Its parent's helper is not there, nor who may have had the turn. */
void observe_forked(void)
{
	door_forked(&turn);
	within = false;
	helped = false;
}

void observe_again(void)
{
	bool any = false;

	watches_again();
	for (size_t i = 0; i < OBSERVERS; i++)
		any = any || observer[i].call;
	if (any || watches_need_help())
		observe_help();
}

/* ---- registering --------------------------------------------------------------------------------- */

static struct oriel_observer *observer_add(struct handle *h, oriel_callback call, void *you)
{
	for (size_t i = 0; i < OBSERVERS; i++)
		if (!observer[i].call) {
			observer[i].handle = h;
			observer[i].you = you;
			/* Last: a child that is forked meanwhile has all of it or nothing. */
			__atomic_store_n(&observer[i].call, call, __ATOMIC_RELEASE);
			return &observer[i];
		}
	return NULL;
}

struct oriel_observer *oriel_make_observer(const struct oriel_instrument_of *of,
					   oriel_callback call, void *you)
{
	int kept = errno;
	struct oriel_observer *o = NULL;
	struct handle *h;

	if (!call || !is_number(of->what) || !oriel_recording() || !observe_begin())
		return NULL;
	h = instrument_observed(of);
	if (h)
		o = observer_add(h, call, you);
	if (o)
		observe_help();
	observe_end();
	errno = kept;
	return o;
}

#define OBSERVER(maker) \
	struct oriel_observer *maker(const char *name, const char *unit, const char *description, \
				     oriel_callback call, void *you) \
	{ \
		return maker##_in(NULL, name, unit, description, call, you); \
	}

OBSERVER(oriel_counter_observe)
OBSERVER(oriel_counter_f64_observe)
OBSERVER(oriel_up_down_observe)
OBSERVER(oriel_up_down_f64_observe)
OBSERVER(oriel_gauge_observe)
OBSERVER(oriel_gauge_f64_observe)

/* Within a callback the turn is ours already, and the round goes on behind it. */
void oriel_unobserve(struct oriel_observer *o)
{
	bool ours = o && observe_begin();

	if (!o)
		return;
	__atomic_store_n(&o->call, NULL, __ATOMIC_RELEASE);
	if (ours)
		observe_end();
}
