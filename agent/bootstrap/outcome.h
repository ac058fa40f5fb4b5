/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcome: how the bootstrap hook went, in a form that fits into memory shared with a child and into
 * a variable for the image that is executed anew.
 */
#pragma once

#include "base/str.h"

enum outcome_kind {
	OUTCOME_NONE, /* there is no hook */
	OUTCOME_FIRED,
	OUTCOME_RETURNED,   /* detail: what it returned */
	OUTCOME_UNLOADABLE, /* text: why */
	OUTCOME_UNTRUSTED,  /* text: why */
	OUTCOME_NO_FUNCTION,
	OUTCOME_SIGNAL,	 /* detail: which */
	OUTCOME_HEAP,	 /* detail: the signal that the heap's own checks, or using it, ended in */
	OUTCOME_THREAD,	 /* detail: the signal; one of its threads */
	OUTCOME_EXITED,	 /* detail: the status */
	OUTCOME_TIMEOUT, /* detail: after how many ms */
	OUTCOME_DESCRIPTOR, /* detail: the one that it closed or replaced */
	OUTCOME_DIRECTORY,
	OUTCOME_UMASK,
	OUTCOME_MASK,
	N_OUTCOMES,
};

struct outcome {
	enum outcome_kind kind;
	int detail;
	char text[300];
};

/* What is said of it, after the hook's name: "crashed (signal 11)". At most `room` bytes with NUL. */
void outcome_says(const struct outcome *o, char *to, size_t room);

/*
 * "PID:KIND:DETAIL:NAME" of the process and its first thread's name, and back; false if it is not
 * that, or of another process. Without `text`. Signal-safe.
 */
enum { OUTCOME_WIRE = 80, OUTCOME_NAME = 16 };
void outcome_write(const struct outcome *o, int pid, const char *name, char to[OUTCOME_WIRE]);
bool outcome_read(struct outcome *o, int pid, char name[OUTCOME_NAME], const char *from);
