/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls: what commands ask of the collector (collect/control.h), the server's side.
 *
 *     r = calls_open(&s, dir_fd, epoll_fd, tag);
 *     while (calls_next(&s, &call)) ...       whole requests of callers that may ask
 *     call_answer(&s, &call, &reply);         and that caller is done
 *
 * Nothing here waits. So many callers at once, each with so much time to say something; the rest
 * are turned away. Descriptors that came with a request are the taker's.
 */
#pragma once

#include "collect/control.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CALLERS = 16, CALLER_NS = 1000 * 1000 * 1000 };

struct caller {
	int fd;		   /* -1: none */
	uint64_t since_ns; /* CLOCK_MONOTONIC */
	bool asked;	   /* is waiting for its answer */
	uint32_t number;   /* a new one for each caller in this place */
};

struct calls {
	int dir_fd, listen_fd, epoll_fd;
	uint64_t tag;
	uint32_t n;
	struct caller caller[CALLERS];
};

struct call {
	struct control_request request;
	int fd[2]; /* RUN: standard output and error; -1: not given */
	pid_t pid; /* of the caller, in our own pid namespace */
	uint32_t place, number;
};

int calls_open(struct calls *s, int dir_fd, int epoll_fd, uint64_t tag);
void calls_close(struct calls *s);
bool calls_next(struct calls *s, struct call *out, uint64_t now_ns);
void call_answer(struct calls *s, const struct call *call, const struct control_reply *reply);
bool calls_waiting(const struct calls *s);
