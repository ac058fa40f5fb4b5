/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process: what this process has to record with, made once at oriel_start and again at fork.
 *
 *     segment     the shared mapping (wire/segment.h); MADV_DONTFORK
 *     threads     n_slots private slots of THREAD_SIZE bytes; MADV_WIPEONFORK, so a child that no
 *                 handler saw finds zeros and doesn't write into its parent's chunks
 *     memory      private and inherited: carried contexts, settings, instruments, series index
 *
 * Nothing is ever unmapped: another thread may be inside. All of it is made before `gate.recording`
 * says so, with release; who sees the gate open through thread_attach's acquire sees the rest.
 */
#pragma once

#include "base/redact.h"
#include "lib/config.h"
#include "lib/door.h"
#include "oriel.h"
#include "wire/control.h"
#include "wire/segment.h"

#include <stdatomic.h>
#include <stdbool.h>

enum {
	SETTINGS_MOST = 16384,
};

struct thread;

struct process {
	struct segment_header *segment;
	_Atomic uint32_t *slots;
	_Atomic uint32_t *states;
	unsigned char *chunks;
	struct control *control;    /* never NULL */
	struct control own_control; /* without a segment */
	_Atomic uint64_t look_at;   /* lib/alone.h: when a log call must look for the collector */
	uint32_t n_slots, n_chunks;
	uint32_t n_mapped; /* slots that `threads` has room for */
	struct thread *threads;
	_Atomic uint32_t *wiped; /* WIPE_MARK, or 0 in a child that nobody told of */
	_Atomic uint32_t
		*unwatched; /* shared with children: those that got no segment count here */
	_Atomic uint32_t n_threads;
	_Atomic uint32_t crowded; /* more threads than chunks are good for: give them back early */
	_Atomic uint32_t why_off; /* enum oriel_off, or 0 */
	_Atomic uint32_t generation; /* counts segments: 1, and one more each fork */
	uint32_t generation_mark;    /* its low half << 16: what call sites know their number by */
	_Atomic uint32_t clock;	     /* enum clock_source, see lib/clock.h */
	_Atomic uint32_t tid_offset; /* of the tid within pthread_self(), 0: not known */
	/*
	 * May a signal handler, or a new thread, make a system call that the program itself may not
	 * need? Only while somebody watches that no sandbox is entered (lib/fault.h).
	 */
	_Atomic bool may_call;
	unsigned starts; /* oriel_start calls not yet matched by a stop */
	uint64_t seed[4];
	struct config config;
	struct redact redact;		/* ORIEL_REDACT; read before anything is recorded */
	struct oriel_context root;	/* TRACEPARENT of the environment */
	char service[128], version[64]; /* as oriel_start had them, for forked children */
	char settings[SETTINGS_MOST];
	size_t settings_n;
	bool settings_cut;
	struct door door; /* of start, stop, fork and the making of loggers */
};

extern struct process process __attribute__((visibility("hidden")));

enum { WIPE_MARK = 0x6f72696c };

/*
 * The same without forgetting anything: also false while the first start is under way. Acquire: pairs
 * with the release in process_open, which comes after all else is made.
 */
static inline bool process_is_set_up(void)
{
	return process.wiped &&
	       atomic_load_explicit(process.wiped, memory_order_acquire) == WIPE_MARK;
}

/* The word behind oriel_gate.levels, in the page that a fork wipes; the rest of its line is zeros. */
static inline int64_t *process_levels(void)
{
	return (int64_t *)((char *)process.wiped + 64);
}

/* Zeroed memory of our own; NULL: there is none. */
void *process_map(size_t size);

/* Does the environment name a parent, or carry anything? */
static inline bool process_has_root(void)
{
	return process.root.flags || process.root.carry || process.root.remote;
}

/*
 * Is the segment mapped here? Not in a child that nobody told of, which forgets it: then recording
 * is off.
 */
bool process_is_ours(void);

/* What children without a segment counted, into our own; now and then, by whoever passes. */
void process_children_count(void);

void process_lose(enum segment_loss reason, uint64_t n);
