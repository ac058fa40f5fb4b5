/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: HTTP/1 that a program serves and asks for, seen by what passes through its sockets, when
 * no watcher of a library knows better.
 *
 *     sockets_own(&library);      what that library's own code accepts or connects is its affair
 *     sockets_leave(fd);          nor is this one looked at, or what a listener accepts on it
 *
 * How it is done:
 *
 *     agent/preload/sockets-*.c   the calls: accept, connect, read, write, close, SSL_read, ...
 *     sockets-descriptors         from a descriptor to its connection
 *     sockets-connection          a connection: a follower (agent/http/http1.h) for each direction, and
 *                                 the exchanges that are under way
 *     sockets-server, -client     an exchange as a server's or a client's span
 *     sockets-current             which exchange this thread works on
 *     sockets-edit                our headers between the program's bytes
 *
 * Any thread. Signal-safe: a handler that interrupts us on the same connection ends its watching.
 */
#pragma once

#include <stdbool.h>

#include "agent/agent.h"
#include "agent/real.h"
#include "agent/sockets/current.h"

/* In a watcher's start; the library's address may be found later. */
void sockets_own(const struct real_library *library);
bool sockets_owned(const void *caller);

void sockets_leave(int fd);

extern struct watch sockets_watch;

/* Switches of the environment, read at the start. */
extern struct sockets_settings {
	bool inject;	 /* ORIEL_SOCKETS_INJECT: our context into the program's requests */
	bool request_id; /* ORIEL_SOCKETS_REQUEST_ID: the request id on its responses */
} sockets_settings;

/* A vfork child runs in its parent's memory: what it does to descriptors is not the parent's. */
static inline bool sockets_vforked(void)
{
	return current_here.vforks != 0;
}
