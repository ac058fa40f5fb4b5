/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/judged.h"

#include "base/uuid.h"
#include "lib/process.h"
#include "lib/watcher.h"

#include <link.h>
#include <sys/auxv.h>

enum { RANGES = 4, KEYS = 512, KEY_MOST = 31 };

_Atomic uint64_t judged_keys[JUDGED], judged_texts[JUDGED];
uint8_t judged_known[N_KEYS];

/* Their writers have an eye on them (agent/http, agent/database), or they are one of a few. */
static const enum wire_key clean[] = {
	KEY_HTTP_REQUEST_METHOD,
	KEY_URL_FULL,
	KEY_URL_QUERY,
	KEY_URL_SCHEME,
	KEY_CLIENT_ADDRESS,
	KEY_NETWORK_PEER_ADDRESS,
	KEY_NETWORK_PROTOCOL_VERSION,
	KEY_DB_SYSTEM_NAME,
	KEY_DB_OPERATION_NAME,
	KEY_DB_QUERY_SUMMARY,
	KEY_DB_QUERY_TEXT,
	KEY_MESSAGING_SYSTEM,
	KEY_MESSAGING_OPERATION_NAME,
	KEY_MESSAGING_OPERATION_TYPE,
};

/* ---- literals ------------------------------------------------------------------------------------ */

static struct {
	uintptr_t begin, end;
} literals[RANGES];

/* The executable's segments that can't be written to. */
static void literals_find(void)
{
	const ElfW(Phdr) *h = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM), found = 0;
	uintptr_t base = 0;

	for (size_t i = 0; h && i < n; i++)
		if (h[i].p_type == PT_PHDR)
			base = (uintptr_t)h - h[i].p_vaddr;
	for (size_t i = 0; h && i < n && found < RANGES; i++) {
		if (h[i].p_type != PT_LOAD || h[i].p_flags & PF_W)
			continue;
		literals[found].begin = base + h[i].p_vaddr;
		literals[found++].end = base + h[i].p_vaddr + h[i].p_filesz;
	}
}

static bool is_literal(const char *p, size_t n)
{
	for (size_t i = 0; i < RANGES; i++)
		if ((uintptr_t)p >= literals[i].begin && (uintptr_t)p < literals[i].end)
			return n <= literals[i].end - (uintptr_t)p;
	return false;
}

void judged_begin(void)
{
	literals_find();
	judged_keys[0] = 1; /* NULL is no key */
	for (unsigned i = 1; i < N_KEYS; i++)
		judged_known[i] = (uint8_t)redact_key(&process.redact, wire_key(i));
	for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
		judged_known[clean[i]] |= JUDGED_CLEAN;
}

const struct redact *oriel_redaction(void)
{
	return &process.redact;
}

static void keep(_Atomic uint64_t table[JUDGED], const char *p, uint64_t word)
{
	atomic_store_explicit(&table[(uintptr_t)p % JUDGED], word, memory_order_relaxed);
}

/* A UUID looks loud and is no secret: each request has one as its id, and so has each log record in it. */
bool judged_text_slow(const char *text, size_t n)
{
	if (uuid_is(text, n))
		return true;
	if (redact_is_loud(text, n))
		return false;
	if (is_literal(text, n))
		keep(judged_texts, text, (uintptr_t)text | n << JUDGED_LENGTH_SHIFT);
	return true;
}

/* ---- other keys ------------------------------------------------------------------------------------ */

/*
 * A key's bytes, with zeros behind. A place is taken once and never given up: `taken` is set first, the
 * word that its reader looks at last.
 */
struct whole {
	_Atomic uint64_t word[4];
};

static struct whole whole[KEYS];
static _Atomic uint8_t taken[KEYS];

/* Copies of fixed lengths: a call of memcpy would cost more than all the rest. */
static void words_of_key(uint64_t word[4], const char *key, size_t n)
{
	char bytes[32] = { 0 };

	if (n >= 16) {
		memcpy(bytes, key, 16);
		memcpy(bytes + n - 16, key + n - 16, 16);
	} else if (n >= 8) {
		memcpy(bytes, key, 8);
		memcpy(bytes + n - 8, key + n - 8, 8);
	} else {
		for (size_t i = 0; i < n; i++)
			bytes[i] = key[i];
	}
	memcpy(word, bytes, 32);
}

static size_t place_of(const uint64_t word[4])
{
	uint64_t h = (word[0] ^ word[1] * 3 ^ word[2] * 5 ^ word[3] * 7) * 0x9e3779b97f4a7c15u;

	return h >> 32 & (KEYS - 1);
}

static bool is_kept(const struct whole *w, const uint64_t word[4])
{
	/* Acquire: pairs with the release in whole_keep. */
	return atomic_load_explicit(&w->word[0], memory_order_acquire) == word[0] &&
	       atomic_load_explicit(&w->word[1], memory_order_relaxed) == word[1] &&
	       atomic_load_explicit(&w->word[2], memory_order_relaxed) == word[2] &&
	       atomic_load_explicit(&w->word[3], memory_order_relaxed) == word[3];
}

static void whole_keep(size_t place, const uint64_t word[4])
{
	if (atomic_exchange_explicit(&taken[place], 1, memory_order_relaxed))
		return;
	for (int i = 3; i > 0; i--)
		atomic_store_explicit(&whole[place].word[i], word[i], memory_order_relaxed);
	atomic_store_explicit(&whole[place].word[0], word[0], memory_order_release);
}

static bool is_harmless(const char *key, size_t n)
{
	return !redact_key(&process.redact, (struct str){ key, n });
}

bool judged_key_slow(const char *key, size_t n)
{
	uint64_t word[4];
	size_t place;

	if (!n)
		return false;
	if (is_literal(key, n)) {
		if (!is_harmless(key, n))
			return false;
		keep(judged_keys, key, (uintptr_t)key);
		return true;
	}
	if (n > KEY_MOST)
		return is_harmless(key, n);
	words_of_key(word, key, n);
	place = place_of(word);
	if (is_kept(&whole[place], word))
		return true;
	if (!is_harmless(key, n))
		return false;
	whole_keep(place, word);
	return true;
}
