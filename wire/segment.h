/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment: one process's shared memory, which it writes and the collector reads. The only contract
 * between the two.
 *
 *     file $ORIEL_RUN_DIR/PID-RANDOM.segment, mode 0600, one mapping on each side
 *
 *     0          struct segment_header, one page: who, where the parts are, words that both use
 *     slots_at   _Atomic uint32_t[n_slots]: thread slots, the tid of the thread that holds it or 0
 *     settings_at  NAME=VALUE NUL ...: the OTEL_* and ORIEL_* variables of the process
 *     crash_at   what a fatal signal leaves (wire/crash.h)
 *     series_at  metrics (wire/series.h)
 *     states_at  _Atomic uint32_t[n_chunks]: what each chunk is, enum chunk_state
 *     control_at  what can be changed from outside while the process runs (wire/control.h)
 *     names_at   texts that records name by number (wire/names.h)
 *     chunks_at  n_chunks chunks of CHUNK_SIZE bytes, each 128 bytes of struct chunk and records
 *
 * Everything that a writer may touch is committed (posix_fallocate) before it is mapped; the file
 * is never sparse, never punched. `magic` is stored last, with release, so a reader that sees it
 * sees the rest; a reader that doesn't comes back later, or removes the file if its maker is gone.
 *
 * A chunk's life, and who may take each step (always one compare-and-swap or store on its state):
 *
 *     FREE -> OWNED    a thread that needs room                  writer, CAS acquire
 *     OWNED -> FULL    no room for the next record               its owner, release
 *     OWNED -> IDLE    its thread ended, or chunks are scarce    its owner, release
 *     IDLE -> OWNED    a thread goes on where another stopped    writer, CAS acquire
 *     IDLE -> LOCKED   drained, to be recycled                   collector, CAS acquire
 *     LOCKED -> IDLE   was written to meanwhile                  collector, release
 *     OWNED -> FULL    its owner is dead (tid gone)              collector, CAS
 *     FULL, LOCKED -> FREE   drained, cursors reset              collector, release
 *     FREE -> CELLS    for good: threads' own metric cells       writer, CAS (wire/series.h)
 *     FREE -> SERIES   for good: more room for metrics           writer, CAS (wire/series.h)
 *
 * The release/acquire pairs on the state hand over the chunk's bytes and both cursors with it.
 * Chunks carry no order among each other: records find together by span id and time.
 *
 * The reader copies everything under a guard and validates the copy: the writer may be hostile,
 * and the file may be cut short at any moment.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SEGMENT_MAGIC 0x314745534c45524fULL /* the bytes "ORELSEG1" */
#define SEGMENT_LAYOUT 10u		    /* both sides must have the same */
#define SEGMENT_SUFFIX ".segment"

enum {
	SEGMENT_PAGE = 4096,
	CHUNK_SIZE = 16384,
	CHUNK_HEAD = 128,
	CHUNK_ROOM = CHUNK_SIZE - CHUNK_HEAD,
	SEGMENT_LEAST = 64 * 1024,
	SEGMENT_MOST = 1024 * 1024 * 1024,
	SEGMENT_USUAL = 1024 * 1024,
	SEGMENT_SHARE = 64, /* at most so small a part of what is free */
};

enum segment_clock {
	SEGMENT_CLOCK_TSC = 1,	     /* records carry the time stamp counter, unless flagged */
	SEGMENT_CLOCK_MONOTONIC = 2, /* records carry nanoseconds of CLOCK_MONOTONIC */
};

/* Losses in the service, by reason. One list: header words, /metrics and the page read it. */
#define SEGMENT_LOSSES(X) \
	X(spans_no_room, "spans", "Spans not recorded because no chunk was free") \
	X(spans_no_slot, "spans", "Spans not recorded because all thread slots were taken") \
	X(ends_no_room, "records", "Span ends lost because no chunk was free") \
	X(details_no_room, "records", "Span attributes, events, links and names lost likewise") \
	X(logs_no_room, "records", "Log records lost because no chunk was free") \
	X(logs_no_slot, "records", "Log records lost because all thread slots were taken") \
	X(nested, "records", "Records lost in a signal handler that interrupted two writes") \
	X(values_cut, "values", "Attribute values or names cut short to fit a record") \
	X(attributes_no_room, "attributes", "Attributes left out because the record was full") \
	X(contexts_no_room, "contexts", "Baggage or trace states not carried for want of memory") \
	X(series_overflow, "measurements", "Measurements that went to the overflow series") \
	X(exemplars_no_room, "measurements", "Measurements that left no example for want of room") \
	X(settings_no_room, "settings", "Settings that did not fit into the segment") \
	X(forks_unwatched, "processes", "Forked children without a segment of their own") \
	X(audits_no_room, "records", "Audit records that found no room, after waiting for some") \
	X(names_no_room, "names", "Call sites, loggers and scopes that no room was left to name")

enum segment_loss {
#define X(name, unit, sentence) LOSS_##name,
	SEGMENT_LOSSES(X)
#undef X
		N_LOSSES
};

/* What became of what was recorded before a flush was asked for. */
enum segment_flush {
	FLUSH_DELIVERED = 0,
	FLUSH_LATE = 1, /* some is still on its way */
	FLUSH_LOST = 2, /* some was dropped, or refused, since the flush before */
};

struct segment_header {
	_Atomic uint64_t magic;
	uint32_t layout;
	uint32_t header_size; /* sizeof(struct segment_header) of the writer */
	uint64_t size;	      /* of the file */
	uint32_t slots_at, n_slots;
	uint32_t settings_at, settings_size;
	uint32_t series_at, series_size;
	uint32_t states_at, n_chunks;
	uint32_t chunks_at, chunk_size;
	uint32_t control_at, control_size;
	uint32_t names_at, names_size;
	uint32_t crash_at, crash_size; /* 0: it has none */

	int32_t pid; /* in the writer's own pid namespace */
	int32_t parent_pid;
	uint64_t pid_start_ticks; /* field 22 of /proc/PID/stat: tells a reused pid */
	uint64_t pid_namespace;	  /* inode of /proc/self/ns/pid */
	uint32_t uid;
	uint32_t clock; /* enum segment_clock */
	uint64_t created_real_ns, created_mono_ns, created_tsc;
	uint8_t boot_id[16];
	uint8_t instance[16]; /* a random UUID, fresh after fork */
	char run[16];	      /* ORIEL_RUN_ID: hex digits, or NULs */
	char program[256];    /* /proc/self/exe, NUL-terminated, cut to fit */

	/* Given by oriel_start; a seqlock of one writer: odd while being changed. */
	_Atomic uint32_t identity_seq;
	char service[128];
	char version[64];
	char pad0[60];

	/* Words that the writer changes while it runs. */
	/*
	 * How many chunks are FREE or IDLE. Whoever makes a chunk one of them adds one, who takes it
	 * subtracts one (IDLE to LOCKED to FREE changes nothing). 0 means: don't even look.
	 */
	_Alignas(64) _Atomic uint32_t n_free;
	_Atomic uint32_t next_chunk; /* where the next search begins */
	_Atomic uint32_t next_slot;
	_Atomic uint32_t stopped;     /* oriel_stop was called and nothing else records */
	_Atomic uint32_t observers;   /* 1: somebody answers when observe_asked changes */
	_Atomic uint32_t observed;    /* the last number in it that was answered */
	_Atomic uint32_t flush_asked; /* one more: everything recorded so far is wanted delivered */
	_Atomic uint32_t watches; /* how often an address was given (struct watch); never falls */
	_Alignas(64) _Atomic uint64_t loss[N_LOSSES];
	_Atomic uint64_t audits; /* numbers given to audit records */

	/* Words that the collector changes. */
	_Alignas(64) _Atomic uint64_t collector_ns; /* CLOCK_MONOTONIC of its last round, ~1 Hz */
	_Atomic int32_t collector_pid;
	_Atomic uint32_t observe_asked;		   /* one more: new values are wanted; a futex */
	_Atomic uint32_t flush_outcome;		   /* enum segment_flush, of the number after it */
	_Atomic uint32_t flush_answered;	   /* stored with release, after its outcome */
	_Atomic uint64_t accounted_loss[N_LOSSES]; /* what collectors have already counted */
	_Atomic uint64_t audits_kept;		   /* audit records that are on disk; only rises */
};

_Static_assert(sizeof(struct segment_header) <= SEGMENT_PAGE, "the header is one page");

enum chunk_state {
	CHUNK_FREE = 0,
	CHUNK_OWNED = 1,
	CHUNK_FULL = 2,
	CHUNK_IDLE = 3,
	CHUNK_LOCKED = 4,
	CHUNK_CELLS = 5,
	CHUNK_SERIES = 6,
	CHUNK_MAKING = 7, /* one of these two, soon */
};

/* No records are in it, nor will ever be. */
static inline int chunk_is_metrics(uint32_t state)
{
	return state >= CHUNK_CELLS && state <= CHUNK_MAKING;
}

/*
 * Offsets count from the chunk's first byte, so both cursors start at CHUNK_HEAD. 0 stands for that
 * in a chunk that nobody has had yet.
 */
struct chunk {
	_Atomic uint32_t write; /* owner: stored with release after a record is whole */
	uint32_t owner_tid;	/* the thread that has it; 0 while nobody has, or nobody says */
	uint32_t last_tid;	/* the thread whose records stand before `write` */
	char pad[52];
	/*
	 * The collector's, kept here so that the next one goes on: open <= read <= seen. What lies
	 * before `read` has been delivered, apart from spans that are open; their records begin at
	 * `open`. What lies before `seen` had been looked at.
	 */
	_Atomic uint32_t read;
	uint32_t reader_tid; /* tid of the records at `read` */
	uint32_t open, open_tid;
	uint32_t seen;
	char pad2[44];
};

_Static_assert(sizeof(struct chunk) == CHUNK_HEAD, "a chunk's head is two cache lines");
