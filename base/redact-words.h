/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a key, for base/redact: in lower case, joined, with their beginnings and ends marked.
 *
 *     "user.apiKey-2"  ->  userapikey2
 *                          ^   ^  ^  ^     begins
 *                              ^  ^  ^ ^   ends, before the next
 */
#pragma once

#include "base/str.h"

enum { WORDS_MOST = 255, WORD_BEGINS = 1, WORD_ENDS = 2 };

struct words {
	size_t n;
	char low[WORDS_MOST];
	uint8_t mark[WORDS_MOST + 1];
};

/* The last WORDS_MOST bytes of it. */
void words_of(struct words *w, struct str key);

/* Do words from `at` on, joined, make this name? Not the half of a word. */
bool words_are(const struct words *w, size_t at, struct str name, bool plural, size_t *end);
