/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Current: the served exchange that this thread works on. Its context is attached from when its
 * request was read until its response is complete, or until the thread turns to something else.
 *
 *     current_set(e, true)     a request was read here
 *     current_set(e, false)    its connection moves on
 *     current_drop(e)          it is over; NULL: whichever it is (the loop waits for events)
 *
 * An event loop comes by at every connection in turn. Code that has spans of its own open above our
 * context has not turned away, whatever it reads or waits for: then only a new request, which can't
 * belong to the old one, takes its place.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

struct current {
	struct exchange *exchange;
	uint32_t serial;
	unsigned token;	 /* of oriel_context_attach; 0: nothing is attached */
	uint32_t vforks; /* 1: this thread runs as a vfork child (agent/preload/vfork-*.S) */
	int raw_fd;	 /* whose cipher text passed last, for SSL_* of other BIOs */
	int *error;	 /* where errno is, once it was asked for */
};

extern __thread struct current current_here __attribute__((tls_model("initial-exec")));

void current_set(struct exchange *e, bool new_request);
void current_drop(const struct exchange *e);

/* The one that is attached here and still under way, or NULL. */
struct exchange *current_exchange(void);

/* errno, which libc tells by a call each time. */
static inline int *current_error(void)
{
	if (__builtin_expect(!current_here.error, 0))
		current_here.error = &errno;
	return current_here.error;
}

/* Whatever waits for events: nothing is attached is the usual case. */
static inline void current_waits(void)
{
	if (__builtin_expect(current_here.token != 0, 0))
		current_drop(NULL);
}
