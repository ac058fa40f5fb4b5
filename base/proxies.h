/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxies: the addresses whose word about their clients counts (ORIEL_TRUSTED_PROXIES).
 *
 *     proxies_read(&p, STR("10.0.0.0/8, 192.0.2.7, fd00::/8, unix"), &wrong);
 *     if (proxies_have(&p, address)) ...
 *
 * Addresses and blocks of both families, "loopback", "private" (RFC 1918 and 4193), and "unix" for peers
 * that have no address. All addresses are IPv6 here; those of IPv4 are mapped (::ffff:192.0.2.7). Pure;
 * guest-safe.
 */
#pragma once

#include "base/str.h"

enum { PROXIES_MOST = 64, PROXIES_ADDRESS_TEXT = 46 };

struct proxies {
	size_t n;
	bool local; /* peers without an address */
	struct proxies_block {
		uint8_t address[16], bits;
	} block[PROXIES_MOST];
};

/* Adds those of the list; what is none is left out. False: *wrong (may be NULL) is the first of it. */
bool proxies_read(struct proxies *p, struct str list, struct str *wrong);

/* "192.0.2.7", "2001:db8::1"; no zones, no ports, no brackets. */
bool proxies_address(struct str text, uint8_t out[16]);

bool proxies_have(const struct proxies *p, const uint8_t address[16]);
