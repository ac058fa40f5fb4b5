/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redact: what is a secret, and what goes out in its place. One set of rules for the library, the
 * agent and the collector (doc/redaction.md has them as a user sees them).
 *
 *     redact_default(&r);
 *     redact_read(&r, str_of(getenv("ORIEL_REDACT")), &wrong);
 *     action = redact_key(&r, key);                     an attribute's value, by its key
 *     if (redact_is_loud(text.p, text.n))               else there is nothing in it
 *             n = redact_text(&r, text, out, room);     what a text may say of itself
 *
 * Keys are judged by their words, cut at separators and camelCase: `session_id`, `sessionId` and
 * `user.session-id.value` are the same, `author` is not `auth`. A text is searched for values that
 * look like secrets (card numbers with a valid check digit, tokens, private keys, passwords in URLs)
 * and for key=value, "key": "value" and --key value with such a key.
 *
 * Rules are made once and read by any thread; guests use all of this, also in signal handlers. Time
 * is linear in the text, the stack small, nothing is allocated, and nothing of a secret is copied.
 */
#pragma once

#include "base/str.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum redact_action {
	REDACT_KEEP,
	REDACT_MASK, /* [REDACTED] */
	REDACT_DROP, /* nothing at all, the attribute neither */
	REDACT_HASH, /* hash:0123456789abcdef, of the value under a key */
};

#define REDACT_MARK "[REDACTED]"

enum {
	REDACT_RULES_MOST = 96,
	REDACT_TEXT_MOST = 2048, /* of all rules' names */
	REDACT_MARK_MOST = 24,	 /* what stands for a value is no longer */
	REDACT_AHEAD = 128,	 /* so many bytes show what begins before them */
};

struct redact_rule {
	uint16_t at;
	uint8_t n, action; /* enum redact_action */
	bool parameter;	   /* of a URL's query */
};

struct redact {
	bool off;
	uint8_t usual; /* enum redact_action: what is done by the built-in rules */
	uint16_t n_rules, text_n;
	uint64_t hash_key[2];
	uint8_t first[27];	 /* of the built-in names, by their first letter */
	uint8_t end[32], n_ends; /* those that are also ends of longer words */
	struct redact_rule rule[REDACT_RULES_MOST];
	char text[REDACT_TEXT_MOST]; /* the rules' names in lower case, without separators */
};

/* The built-in rules. The key of hashes is the caller's to set. */
void redact_default(struct redact *r);

/*
 * More rules, separated by commas, semicolons or line ends; what is wrong is left out.
 *
 *     NAME, NAME=ACTION    keys that have these words; ACTION is mask (the default), drop, hash, keep
 *     ?NAME, ?NAME=ACTION  a parameter of a URL's query, by its whole name
 *     *=ACTION             what the built-in rules do
 *     off                  nothing is redacted at all
 *
 * Rules that are given go before built-in ones, longer names before shorter. False: some rule makes
 * no sense; *wrong (may be NULL) is the first.
 */
bool redact_read(struct redact *r, struct str rules, struct str *wrong);

/* A key for hashes, of a text of any length. */
void redact_hash_key(struct redact *r, struct str key);

enum redact_action redact_key(const struct redact *r, struct str key);

/*
 * The rules of this process's environment, ORIEL_REDACT and ORIEL_REDACT_HASH_KEY; where there is no
 * key of hashes, it is made of `random`. False: as redact_read, `wrong` too.
 */
bool redact_of_environment(struct redact *r, struct str random, struct str *wrong);

/* A parameter of a URL's query: those that carry signatures, too. */
enum redact_action redact_parameter(const struct redact *r, struct str name);

/*
 * Words that stand before a `:` or `=` in a text: their end must be what is meant ("wrong api key",
 * not "password of user").
 */
enum redact_action redact_words(const struct redact *r, struct str words);

/* What stands for a value: its length; REDACT_MARK_MOST bytes are enough. */
size_t redact_mark(const struct redact *r, enum redact_action action, struct str value,
		   char out[REDACT_MARK_MOST]);

/* A word of a command line, such as --password: is the next word what it says? */
bool redact_is_option(const struct redact *r, struct str word);

/* Is this what stands for a value, so that there is none to take out? */
bool redact_is_mark(struct str value);

/*
 * The text without its secrets, as much of it as there is room for; how many bytes that is. With
 * `out` NULL nothing is written, and the answer is at most `room` too.
 */
size_t redact_text(const struct redact *r, struct str text, char *out, size_t room);

/* Shorter texts are never searched: there is no room for a name and a secret. */
enum { REDACT_LEAST = 8 };

/* Of 13 bytes and more. */
bool redact_is_loud_long(const char *p, size_t n);

/* A byte of : ; < = > ? in 8 to 16. */
static inline bool redact_has_sign(const char *p, size_t n)
{
#if defined(__SSE2__)
	__m128i x = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)p),
				       _mm_loadl_epi64((const __m128i *)(const void *)(p + n - 8)));

	x = _mm_sub_epi8(x, _mm_set1_epi8((char)(':' + 128)));
	return _mm_movemask_epi8(_mm_cmplt_epi8(x, _mm_set1_epi8(-128 + 6))) != 0;
#else
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)(p[i] - ':') < 6)
			return true;
	return false;
#endif
}

/* May there be a secret in this text? A quick no for most; a yes is only a guess. */
static inline bool redact_is_loud(const char *p, size_t n)
{
	if (n < REDACT_LEAST)
		return false;
	if (n > 12)
		return redact_is_loud_long(p, n);
	return redact_has_sign(p, n);
}
