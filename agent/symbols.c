/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/symbols.h"

#include <elf.h>

static uint32_t hash_gnu(const char *s)
{
	uint32_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

static uint32_t hash_sysv(const char *s)
{
	uint32_t h = 0;

	for (; *s; s++) {
		h = (h << 4) + (unsigned char)*s;
		h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
	}
	return h;
}

struct symbol_wanted symbol_wanted(const char *name, const char *version, bool or_plain)
{
	return (struct symbol_wanted){ name, version, or_plain, hash_gnu(name), hash_sysv(name) };
}

bool symbols_same(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (!*a)
			return true;
	return false;
}

/* glibc has relocated these pointers in place, but not where the section is read-only. */
static const void *pointer_of(uintptr_t base, const ElfW(Dyn) * d)
{
	return (const void *)(d->d_un.d_ptr < base ? base + d->d_un.d_ptr : d->d_un.d_ptr);
}

bool symbols_read(struct symbols *s, uintptr_t base, const ElfW(Dyn) * d)
{
	*s = (struct symbols){ .base = base };
	for (; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			s->symbols = pointer_of(base, d);
		else if (d->d_tag == DT_STRTAB)
			s->strings = pointer_of(base, d);
		else if (d->d_tag == DT_GNU_HASH)
			s->gnu_hash = pointer_of(base, d);
		else if (d->d_tag == DT_HASH)
			s->hash = pointer_of(base, d);
		else if (d->d_tag == DT_VERSYM)
			s->versions = pointer_of(base, d);
		else if (d->d_tag == DT_VERDEF)
			s->definitions = pointer_of(base, d);
		else if (d->d_tag == DT_VERDEFNUM)
			s->n_definitions = d->d_un.d_val;
	}
	return s->symbols && s->strings && (s->gnu_hash || s->hash);
}

const char *symbols_version(const struct symbols *s, uint32_t i)
{
	const ElfW(Verdef) *d = s->definitions;
	unsigned index = s->versions ? s->versions[i] & 0x7fff : VER_NDX_GLOBAL;

	for (size_t k = 0; d && index > VER_NDX_GLOBAL && k < s->n_definitions; k++) {
		const ElfW(Verdaux) *aux = (const void *)((const char *)d + d->vd_aux);

		if ((d->vd_ndx & 0x7fff) == index)
			return s->strings + aux->vda_name;
		d = d->vd_next ? (const void *)((const char *)d + d->vd_next) : NULL;
	}
	return "";
}

static bool symbol_fits(const struct symbols *s, uint32_t i, const struct symbol_wanted *w)
{
	const ElfW(Sym) *symbol = &s->symbols[i];
	const char *version;

	if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
	    ELF64_ST_BIND(symbol->st_info) == STB_LOCAL ||
	    !symbols_same(s->strings + symbol->st_name, w->name))
		return false;
	if (!w->version)
		return !s->versions || !(s->versions[i] & 0x8000);
	version = symbols_version(s, i);
	return *version ? symbols_same(version, w->version) : w->or_plain;
}

bool symbols_may_have(const struct symbols *s, uint32_t gnu)
{
	const ElfW(Addr) *bloom = (const void *)(s->gnu_hash + 4);
	const unsigned bits = 8 * sizeof(*bloom);
	ElfW(Addr) mask;

	if (!s->gnu_hash)
		return true;
	mask = (ElfW(Addr))1 << gnu % bits | (ElfW(Addr))1 << (gnu >> s->gnu_hash[3]) % bits;
	return s->gnu_hash[2] && (bloom[gnu / bits % s->gnu_hash[2]] & mask) == mask;
}

/* Behind the header of four words and the filter. */
static const uint32_t *buckets_of(const struct symbols *s)
{
	return s->gnu_hash + 4 + s->gnu_hash[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
}

bool symbols_hashed(const struct symbols *s, uint32_t gnu)
{
	const uint32_t *bucket;
	uint32_t n, i;

	if (!s->gnu_hash)
		return true;
	n = s->gnu_hash[0];
	bucket = buckets_of(s);
	for (i = n ? bucket[gnu % n] : 0; i && i >= s->gnu_hash[1]; i++) {
		uint32_t h = bucket[n + i - s->gnu_hash[1]];

		if ((h | 1) == (gnu | 1))
			return true;
		if (h & 1)
			break;
	}
	return false;
}

/* Chains lie in the order of the symbols; the last one ends where the table does. */
uint32_t symbols_count(const struct symbols *s)
{
	uint32_t n, last = 0;
	const uint32_t *bucket;

	if (!s->gnu_hash)
		return s->hash ? s->hash[1] : 0;
	n = s->gnu_hash[0];
	bucket = buckets_of(s);
	for (uint32_t i = 0; i < n; i++)
		last = bucket[i] > last ? bucket[i] : last;
	if (last < s->gnu_hash[1])
		return 0;
	while (!(bucket[n + last - s->gnu_hash[1]] & 1))
		last++;
	return last + 1;
}

uint32_t symbols_find(const struct symbols *s, const struct symbol_wanted *w)
{
	if (!s->gnu_hash) {
		uint32_t n = s->hash[0];

		for (uint32_t i = n ? s->hash[2 + w->sysv % n] : 0; i; i = s->hash[2 + n + i])
			if (symbol_fits(s, i, w))
				return i;
		return 0;
	}

	uint32_t n = s->gnu_hash[0], first = s->gnu_hash[1];
	const uint32_t *bucket = buckets_of(s);

	if (!n || !symbols_may_have(s, w->gnu))
		return 0;
	for (uint32_t i = bucket[w->gnu % n]; i >= first && i; i++) {
		uint32_t h = bucket[n + i - first];

		if ((h | 1) == (w->gnu | 1) && symbol_fits(s, i, w))
			return i;
		if (h & 1)
			break;
	}
	return 0;
}
