/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash: what a fatal signal leaves in the segment, for a post-mortem that needs nothing alive.
 *
 *     crash_at    struct crash_block              by the fatal-signal handler (lib/crash.c)
 *     behind it   struct crash_module, ...        objects in memory, in the order they were noted
 *
 * Never bytes of the stack, which may hold secrets: registers and return addresses only. The block
 * is filled in the order of what is surest: `signal` is stored, with release, when the first facts
 * are there, then come registers, frames (each counts when `n_frames` does), modules, words. So a
 * block that was left half done still says what it says.
 *
 * Modules are noted when an address in them is recorded (a crash notes all), and never removed;
 * `modules_used` is stored with release when a module is whole. Of two with the same addresses the
 * later one is meant.
 *
 * All of it may be lies, as everything in a segment: the reader copies, bounds and validates.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
	CRASH_FIRST = 96, /* innermost frames that are kept */
	CRASH_LAST = 32,  /* and outermost ones; those between are only counted */
	CRASH_STEPS = 65536,
	CRASH_REGISTERS = 33, /* DWARF's numbers; the program counter is `pc` */
	CRASH_BUILD_ID = 20,
};

enum crash_state {
	CRASH_NONE = 0,
	CRASH_WRITING = 1,
	CRASH_WHOLE = 2,
};

/* What became of the signal, as far as the process could still tell. */
enum crash_fate {
	CRASH_DEFAULT = 0, /* the system's default act followed */
	CRASH_HANDLED = 1, /* the program's own handler was called, and had not returned */
	CRASH_SURVIVED = 2,
};

enum crash_machine {
	CRASH_X86_64 = 62, /* as in an ELF file's e_machine */
	CRASH_AARCH64 = 183,
};

struct crash_block {
	_Atomic uint32_t state;
	_Atomic uint32_t fate;
	_Atomic uint32_t signal; /* 0: nothing ever happened */
	int32_t code;		 /* si_code */
	uint64_t address;	 /* si_addr */
	uint64_t real_ns, mono_ns;
	uint32_t tid;
	uint32_t machine;
	/* Another fatal signal of the same thread, raised from within the program's handler; 0: none. */
	_Atomic uint32_t then_signal;
	uint32_t n_survived; /* faults of this signal before this one */
	uint8_t trace_id[16];
	uint64_t span_id;
	uint8_t trace_flags;
	uint8_t pad[7];
	uint64_t pc;
	uint64_t known; /* a bit a register */
	uint64_t reg[CRASH_REGISTERS];
	_Atomic uint32_t n_frames; /* walked; `last` is a ring of those beyond CRASH_FIRST */
	uint32_t pad2;
	uint64_t first[CRASH_FIRST], last[CRASH_LAST];
	char thread[16];     /* its name, NUL-terminated; empty: not known */
	char exception[128]; /* C++: the type that was thrown, as the compiler writes it */
	char message[256];   /* what libc said before it aborted */

	_Atomic uint32_t modules_used; /* bytes */
	_Atomic uint32_t modules_missed;
	_Atomic uint32_t modules_lock; /* 1: somebody is noting one */
	uint32_t modules_room;	       /* bytes behind the block */
};

struct crash_module {
	uint16_t size; /* of this and the path, a multiple of 8 */
	uint16_t path_n;
	uint8_t build_id_n;
	uint8_t reserved[3];
	uint64_t begin, end; /* mapped here */
	uint64_t bias;	     /* address in memory minus address in the file */
	uint8_t build_id[CRASH_BUILD_ID];
	uint8_t reserved2[4];
	/* path_n bytes: what was loaded; empty: the program itself */
};

_Static_assert(sizeof(struct crash_block) % 8 == 0 && sizeof(struct crash_module) % 8 == 0,
	       "modules lie aligned behind the block");
