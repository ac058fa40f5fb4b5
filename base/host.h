/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host: where the server listens, and which Host headers it takes for its own.
 *
 * A page from elsewhere can point its own name at 127.0.0.1 and then read our answers as its own
 * origin (DNS rebinding); the Host header still has that name. So a name is ours only if it is
 * localhost or what we were told to listen on; with an address that means "everywhere", also any
 * literal address (which can't be rebound) and this machine's name.
 */
#pragma once

#include "base/str.h"

enum { HOST_BYTES = 256 };

struct host {
	char name[HOST_BYTES]; /* without brackets */
	uint16_t port;
	bool everywhere;
	bool exact; /* no other port will do */
};

enum { HOST_OK = 0, HOST_BAD = 1 };

/* "127.0.0.1:8321", "[::1]:8321", "localhost:8321" */
int host_read(struct host *h, struct str listen);

bool host_is_ours(const struct host *h, struct str header);

/* Opens the first free port of `h->port` and the 20 after it; a descriptor, or a negative errno. */
int host_listen(struct host *h);

/* "127.0.0.1:8322", "[::1]:8322" */
void host_text(const struct host *h, char *to, size_t room);
