/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process: start, stop and fork.
 *
 * fork is the hard part. `prepare` keeps the forking thread's context stack; the child, which has
 * only that thread, makes a segment of its own before fork returns to the program: a moment later
 * it may have changed its user, its root directory, or entered a sandbox. The child's segment is
 * half of its parent's size, because committing memory is most of a fork's added cost, and never
 * grows: that would take a descriptor or a system call later. What the parent mapped is gone there
 * (MADV_DONTFORK), and its thread slots read as zeros (MADV_WIPEONFORK), also in children that no
 * handler saw.
 */
#include "lib/process.h"

#include "lib/alone.h"
#include "lib/audit.h"
#include "lib/carry.h"
#include "lib/clock.h"
#include "lib/collector.h"
#include "lib/context.h"
#include "lib/control.h"
#include "lib/encode.h"
#include "lib/exclude.h"
#include "lib/fault.h"
#include "lib/metric.h"
#include "lib/observe.h"
#include "lib/passing.h"
#include "lib/segment.h"
#include "lib/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

struct process process = { .why_off = ORIEL_OFF_NOT_STARTED, .control = &process.own_control };

/* Before the first start nothing passes. */
static const int64_t closed[ORIEL_LOGGERS / sizeof(int64_t)];
struct oriel_gate oriel_gate = { .levels = closed };

extern char **environ;

static struct {
	struct entry entry[CONTEXT_DEPTH];
	uint32_t depth;
	bool there;
	uint64_t created_ns, collector_ns;
	struct control_kept control;
} kept;

enum {
	COLLECTOR_DEAD_S =
		30, /* no sign of it for so long: a child would only leave a file behind */
	COLLECTOR_FIRST_S = 5, /* none at all since the segment was made */
	SLOTS_LEAST = 512,     /* of the smallest segments, which a child may get */
};

/* Acquire: pairs with the release in process_open, which comes after all else is made. */
bool process_is_ours(void)
{
	if (!process.wiped || !process.segment)
		return false;
	if (atomic_load_explicit(process.wiped, memory_order_acquire) == WIPE_MARK)
		return true;
	atomic_store_explicit(&process.why_off, ORIEL_OFF_FORKED, memory_order_relaxed);
	__atomic_store_n(&oriel_gate.recording, 0, __ATOMIC_RELEASE);
	process.segment = NULL;
	return false;
}

void process_lose(enum segment_loss reason, uint64_t n)
{
	if (n && process_is_ours())
		atomic_fetch_add_explicit(&process.segment->loss[reason], n, memory_order_relaxed);
}

/*
 * What the collector needs may well be a credential (a destination's headers, its URL): it is handed over
 * as it is, in a file that only this user reads, and shown nowhere. Other secrets stay here.
 */
static bool process_hands_over(struct str name)
{
	if (str_eq(name, STR("ORIEL_REDACT_HASH_KEY")))
		return false;
	return str_starts(name, STR("OTEL_EXPORTER_")) || str_starts(name, STR("ORIEL_")) ||
	       !redact_key(&process.redact, name);
}

/* These become attributes of all that is recorded. */
static bool process_describes(struct str name)
{
	return str_eq(name, STR("OTEL_RESOURCE_ATTRIBUTES")) || str_eq(name, STR("DD_TAGS"));
}

static void process_setting(const char *variable)
{
	struct cut pair = str_cut(str_of(variable), '=');
	size_t room = sizeof(process.settings) - process.settings_n, n = pair.head.n + 1;
	bool describes = process_describes(pair.head);
	char *to = process.settings + process.settings_n;
	size_t value_n;

	if (!config_travels(variable) || !process_hands_over(pair.head))
		return;
	value_n = describes ? redact_text(&process.redact, pair.tail, NULL, SETTINGS_MOST)
			    : pair.tail.n;
	if (n + value_n + 1 > room) {
		process.settings_cut = true;
		return;
	}
	memcpy(to, variable, n);
	if (describes)
		redact_text(&process.redact, pair.tail, to + n, value_n);
	else
		memcpy(to + n, pair.tail.p, value_n);
	to[n + value_n] = '\0';
	process.settings_n += n + value_n + 1;
}

static void process_settings(void)
{
	process.settings_n = 0;
	process.settings_cut = false;
	for (char **v = environ; v && *v; v++)
		process_setting(*v);
}

static void process_seed(void)
{
	if (getrandom(process.seed, sizeof(process.seed), GRND_NONBLOCK) != sizeof(process.seed)) {
		process.seed[0] ^= clock_tick_cheap();
		process.seed[1] ^= (uint64_t)getpid() * 0x9e3779b97f4a7c15u;
		process.seed[2] ^= (uint64_t)(uintptr_t)&process;
		process.seed[3] += 1;
	}
}

/*
 * glibc keeps a thread's tid in its control block; the offset is no interface, so it is used only
 * where it is found to hold what gettid says.
 */
static unsigned process_tid_offset(void)
{
#if defined(__x86_64__) && defined(__GLIBC__)
	int32_t tid;

	memcpy(&tid, (const char *)pthread_self() + 0x2d0, sizeof(tid));
	return tid == gettid() ? 0x2d0 : 0;
#else
	return 0;
#endif
}

void *process_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* A huge page for a few touched bytes would be memory that nobody asked for. */
	madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

/* Thread slots behind a page that only holds the wipe mark. */
static bool process_slots(uint32_t n_slots)
{
	size_t size = SEGMENT_PAGE + (size_t)n_slots * THREAD_SIZE;
	char *p;

	if (process.wiped)
		return true; /* a second start, in a child that got no segment at its fork */
	p = process_map(size);
	if (!p)
		return false;
	if (madvise(p, size, MADV_WIPEONFORK) != 0) {
		munmap(p, size);
		return false;
	}
	process.n_mapped = n_slots;
	process.threads = (struct thread *)(p + SEGMENT_PAGE);
	process.wiped = (_Atomic uint32_t *)p;
	return true;
}

static bool process_memory(void)
{
	size_t carry = (size_t)CARRY_UNIT * CARRY_UNITS;
	char *p;

	if (process.unwatched)
		return true;
	p = process_map(carry + metric_memory_size() + exclude_memory_size());
	if (!p)
		return false;
	carry_use(p);
	metric_use(p + carry);
	exclude_use(p + carry + metric_memory_size());
	p = mmap(NULL, SEGMENT_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	process.unwatched = p != MAP_FAILED ? (_Atomic uint32_t *)p : NULL;
	return process.unwatched != NULL;
}

static void process_adopt(struct segment_header *s)
{
	process.segment = s;
	process.slots = (_Atomic uint32_t *)((char *)s + s->slots_at);
	process.states = (_Atomic uint32_t *)((char *)s + s->states_at);
	process.chunks = (unsigned char *)s + s->chunks_at;
	process.control = (struct control *)((char *)s + s->control_at);
	process.n_slots = s->n_slots < process.n_mapped ? s->n_slots : process.n_mapped;
	process.n_chunks = s->n_chunks;
	atomic_store_explicit(&process.n_threads, 0, memory_order_relaxed);
	atomic_store_explicit(&process.crowded, 0, memory_order_relaxed);
	process.generation_mark =
		(atomic_fetch_add_explicit(&process.generation, 1, memory_order_relaxed) + 1) << 16;
}

/* Release on the wipe mark: pairs with thread_attach's acquire; all else is made by now. */
static void process_open(const struct control_kept *control)
{
	segment_publish(process.segment);
	atomic_store_explicit(&process.why_off, 0, memory_order_relaxed);
	atomic_store_explicit(process.wiped, WIPE_MARK, memory_order_release);
	control_open(control);
	__atomic_store_n(&oriel_gate.recording, 1, __ATOMIC_RELEASE);
}

static void name_copy(char *to, size_t room, const char *from)
{
	size_t n = from ? encode_cut(from, strlen(from), room - 1) : 0;

	if (!from)
		return;
	memset(to, 0, room);
	memcpy(to, from, n);
}

/* Options grow at their end: is this member one that the caller knows? */
#define GIVEN(o, member) ((o)->size >= offsetof(struct oriel_options, member) + sizeof((o)->member))

/* A new value of a published header: odd while it changes, so that a reader comes back. */
static void process_name(const struct oriel_options *o)
{
	struct segment_header *s = process.segment;
	uint32_t seq = atomic_load_explicit(&s->identity_seq, memory_order_relaxed);

	if (!o || !GIVEN(o, version) || (!o->service && !o->version))
		return;
	/* Acquire: the words below are not written before the number is odd. */
	atomic_exchange_explicit(&s->identity_seq, seq + 1, memory_order_acquire);
	name_copy(process.service, sizeof(process.service), o->service);
	name_copy(process.version, sizeof(process.version), o->version);
	memcpy(s->service, process.service, sizeof(s->service));
	memcpy(s->version, process.version, sizeof(s->version));
	/* Release: pairs with the collector's acquire of the even number after the copy. */
	atomic_store_explicit(&s->identity_seq, seq + 2, memory_order_release);
}

static void process_prepare(void)
{
	struct thread *t;

	door_shut(&process.door);
	t = context_thread_if_any();
	kept.there = t != NULL;
	if (t) {
		kept.depth = t->depth;
		memcpy(kept.entry, t->entry, (t->depth + 1) * sizeof(t->entry[0]));
	}
	if (process_is_ours()) {
		kept.created_ns = process.segment->created_mono_ns;
		kept.collector_ns =
			atomic_load_explicit(&process.segment->collector_ns, memory_order_relaxed);
		control_keep(&kept.control);
	}
}

static void process_parent(void)
{
	process_children_count();
	door_open(&process.door);
}

void process_children_count(void)
{
	if (process.unwatched && atomic_load_explicit(process.unwatched, memory_order_relaxed))
		process_lose(LOSS_forks_unwatched,
			     atomic_exchange_explicit(process.unwatched, 0, memory_order_relaxed));
}

static bool collector_is_gone(void)
{
	struct timespec now;

	uint64_t seen_s = kept.collector_ns / 1000000000u + COLLECTOR_DEAD_S;

	/* One that never showed itself may not have found us yet. */
	if (!kept.collector_ns)
		seen_s = kept.created_ns / 1000000000u + COLLECTOR_FIRST_S;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec > seen_s;
}

/* Half of what a process usually has, in every generation. */
static size_t child_size(void)
{
	size_t half = process.config.segment_size / 2;

	return half > SEGMENT_LEAST ? half : SEGMENT_LEAST;
}

static void process_child(void)
{
	int kept_errno = errno;
	bool recording = oriel_recording();
	struct segment_header *s = NULL;

	__atomic_store_n(&oriel_gate.recording, 0, __ATOMIC_RELEASE);
	thread_set_here(&thread_none);
	process.segment = NULL;
	metric_forked();
	exclude_forked();
	observe_forked();
	if (recording && !collector_is_gone() && segment_make(&s, child_size()) == 0) {
		process_adopt(s);
		process_seed();
		memcpy(s->service, process.service, sizeof(s->service));
		memcpy(s->version, process.version, sizeof(s->version));
		process_open(&kept.control);
		if (kept.there)
			thread_inherit(thread_attach(), kept.entry, kept.depth);
		observe_again();
	} else if (recording) {
		atomic_store_explicit(&process.why_off, ORIEL_OFF_FORKED, memory_order_relaxed);
		atomic_fetch_add_explicit(process.unwatched, 1, memory_order_relaxed);
		alone_without_segment();
	} else {
		passing_forked(kept.there ? kept.entry : NULL, kept.depth);
	}
	door_forked(&process.door);
	errno = kept_errno;
}

static void process_tell_of_forks(void)
{
	static bool told;

	if (!told)
		told = pthread_atfork(process_prepare, process_parent, process_child) == 0;
}

/* Disabled once is disabled for good. */
static int process_pass(void)
{
	if (passing_begin())
		process_tell_of_forks();
	return ORIEL_OFF_DISABLED;
}

static int process_first_start(void)
{
	struct segment_header *s;
	int why;

	if (!process.config.disabled)
		config_read(&process.config);
	atomic_store_explicit(&process.tid_offset, process_tid_offset(), memory_order_relaxed);
	if (process.config.disabled)
		return process_pass();
	atomic_store_explicit(&process.clock, clock_choose(), memory_order_relaxed);
	process_seed();
	/* `oriel run` has told of rules that make no sense. */
	redact_of_environment(&process.redact,
			      (struct str){ (const char *)process.seed, sizeof(process.seed) },
			      NULL);
	judged_begin();
	process_settings();
	if (thread_key_make() != 0)
		return ORIEL_OFF_NO_MEMORY;
	segment_place();
	why = segment_make(&s, process.config.segment_size);
	if (why)
		return why;
	if (!process_slots(s->n_slots > SLOTS_LEAST ? s->n_slots : SLOTS_LEAST) ||
	    !process_memory()) {
		segment_discard(s);
		return ORIEL_OFF_NO_MEMORY;
	}
	process_adopt(s);
	if (process.settings_cut)
		atomic_store_explicit(&s->loss[LOSS_settings_no_room], 1, memory_order_relaxed);
	process_tell_of_forks();
	/* Its TRACEPARENT is the parent of all that has no other (context/env-carriers). */
	context_of_environment(&process.root);
	if (!process.config.no_fault_handler)
		fault_install();
	return 0;
}

static int process_start(const struct oriel_options *options)
{
	int why = 0;

	if (process.segment && !process_is_ours())
		return ORIEL_OFF_FORKED;
	if (!process.segment)
		why = process_first_start();
	if (why) {
		atomic_store_explicit(&process.why_off, (uint32_t)why, memory_order_relaxed);
		if (why != ORIEL_OFF_DISABLED) {
			alone_begin(false);
			alone_without_segment();
		}
		return why;
	}
	process.starts++;
	process_name(options);
	atomic_store_explicit(&process.segment->stopped, 0, memory_order_relaxed);
	process_open(NULL);
	views_read();
	exclude_read(options && GIVEN(options, excluded_urls) ? options->excluded_urls : NULL);
	if (process.starts == 1)
		alone_begin(collector_expect(!process.config.no_collector));
	return 0;
}

int oriel_start(const struct oriel_options *options)
{
	int kept_errno = errno, why;

	door_shut(&process.door);
	why = process_start(options);
	door_open(&process.door);
	errno = kept_errno;
	return why;
}

void oriel_stop(void)
{
	bool ours, last;

	door_shut(&process.door);
	last = process.starts == 1;
	door_open(&process.door);
	if (last)
		audit_stop();
	/* Before the door: a callback may go through it. After this none is called any more. */
	ours = observe_begin();
	door_shut(&process.door);
	if (process.starts && --process.starts == 0) {
		process_children_count();
		__atomic_store_n(&oriel_gate.recording, 0, __ATOMIC_RELEASE);
		control_close();
		atomic_store_explicit(&process.why_off, ORIEL_OFF_STOPPED, memory_order_relaxed);
		if (process_is_ours())
			atomic_store_explicit(&process.segment->stopped, 1, memory_order_release);
	}
	door_open(&process.door);
	if (ours)
		observe_end();
}

int oriel_why_off(void)
{
	return oriel_recording()
		       ? 0
		       : (int)atomic_load_explicit(&process.why_off, memory_order_relaxed);
}

const char *oriel_off_text(int why)
{
	switch ((enum oriel_off)why) {
	case ORIEL_OFF_DISABLED:
		return "OTEL_SDK_DISABLED is true";
	case ORIEL_OFF_NO_DIRECTORY:
		return "the run directory can't be used: it must be ours, with mode 0700";
	case ORIEL_OFF_NO_ROOM:
		return "there is no room for a segment: shared memory is full or limited";
	case ORIEL_OFF_NO_MEMORY:
		return "memory can't be mapped";
	case ORIEL_OFF_FORKED:
		return "this process was forked and has no segment of its own";
	case ORIEL_OFF_STOPPED:
		return "oriel_stop was called";
	case ORIEL_OFF_NOT_STARTED:
		return "oriel_start was not called";
	case ORIEL_OFF_FAILED:
		break;
	}
	return why ? "it could not be started" : "recording";
}
