/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwarded: whom a request is from, where proxies that are trusted say so, in X-Forwarded-For or
 * Forwarded (RFC 7239).
 *
 * Each proxy adds who connected to it on the right, and all further left may be made up. So the list is
 * read from the right for as long as those who speak are trusted: the first address that isn't a
 * trusted proxy's is the client. If all are, or the first says nothing that can be read, it is the peer.
 * When both fields are there and say different things, one of them has come through a proxy that doesn't
 * know it, and neither counts; ORIEL_FORWARDED_HEADER names the one that does.
 *
 * Pure; any bytes may be in the fields.
 */
#pragma once

#include "base/proxies.h"

struct forwarded_rules {
	struct proxies trusted;
	bool x_forwarded_for, forwarded; /* which fields count */
};

void forwarded_rules_read(struct forwarded_rules *r, struct str proxies, struct str header);

struct forwarded_seen {
	const uint8_t *peer; /* as in base/proxies.h; NULL: it has no address */
	struct str x_forwarded_for, forwarded;
};

/* False: the peer itself is the client, or nobody says who is. */
bool forwarded_client(const struct forwarded_rules *r, const struct forwarded_seen *seen,
		      uint8_t out[16]);
