/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symbol lookup of our own, over the loaded objects' hash tables. `text` of a library is stored
 * before `address`; both are relaxed, as a hook that runs twice by a stale range would need the
 * library to call itself before its first caller's lookup was done.
 */
#include "agent/real.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>

static _Atomic bool started;

struct object {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash, *hash;
	const ElfW(Half) * versions;
	const ElfW(Verdef) * definitions;
	size_t n_definitions;
};

struct search {
	const char *name, *version;
	bool or_plain;
	uint32_t gnu, sysv;
	bool past_ourselves;
	void *found;
	uintptr_t text, text_end;
	char path[512];
};

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

/* glibc has relocated these pointers in place, but not where the section is read-only. */
static const void *pointer_of(uintptr_t base, const ElfW(Dyn) * d)
{
	return (const void *)(d->d_un.d_ptr < base ? base + d->d_un.d_ptr : d->d_un.d_ptr);
}

static bool object_read(struct object *o, const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *d = NULL;

	*o = (struct object){ .base = info->dlpi_addr };
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			d = (const void *)(o->base + info->dlpi_phdr[i].p_vaddr);
	for (; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			o->symbols = pointer_of(o->base, d);
		else if (d->d_tag == DT_STRTAB)
			o->strings = pointer_of(o->base, d);
		else if (d->d_tag == DT_GNU_HASH)
			o->gnu_hash = pointer_of(o->base, d);
		else if (d->d_tag == DT_HASH)
			o->hash = pointer_of(o->base, d);
		else if (d->d_tag == DT_VERSYM)
			o->versions = pointer_of(o->base, d);
		else if (d->d_tag == DT_VERDEF)
			o->definitions = pointer_of(o->base, d);
		else if (d->d_tag == DT_VERDEFNUM)
			o->n_definitions = d->d_un.d_val;
	}
	return o->symbols && o->strings && (o->gnu_hash || o->hash);
}

static bool version_is(const struct object *o, unsigned index, const char *wanted)
{
	const ElfW(Verdef) *d = o->definitions;

	for (size_t i = 0; d && i < o->n_definitions; i++) {
		const ElfW(Verdaux) *aux = (const void *)((const char *)d + d->vd_aux);

		if ((d->vd_ndx & 0x7fff) == index)
			return strcmp(o->strings + aux->vda_name, wanted) == 0;
		d = d->vd_next ? (const void *)((const char *)d + d->vd_next) : NULL;
	}
	return false;
}

static bool symbol_fits(const struct object *o, uint32_t i, const struct search *s)
{
	const ElfW(Sym) *symbol = &o->symbols[i];

	if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
	    ELF64_ST_BIND(symbol->st_info) == STB_LOCAL ||
	    strcmp(o->strings + symbol->st_name, s->name) != 0)
		return false;
	if (!s->version)
		return !o->versions || !(o->versions[i] & 0x8000);
	if (!o->versions || (o->versions[i] & 0x7fff) <= VER_NDX_GLOBAL)
		return s->or_plain;
	return version_is(o, o->versions[i] & 0x7fff, s->version);
}

static uint32_t object_look(const struct object *o, const struct search *s)
{
	if (!o->gnu_hash) {
		uint32_t n = o->hash[0];

		for (uint32_t i = n ? o->hash[2 + s->sysv % n] : 0; i; i = o->hash[2 + n + i])
			if (symbol_fits(o, i, s))
				return i;
		return 0;
	}

	uint32_t n = o->gnu_hash[0], first = o->gnu_hash[1], n_bloom = o->gnu_hash[2];
	const ElfW(Addr) *bloom = (const void *)(o->gnu_hash + 4);
	const uint32_t *bucket = (const void *)(bloom + n_bloom);
	const unsigned bits = 8 * sizeof(*bloom);
	ElfW(Addr) mask =
		(ElfW(Addr))1 << s->gnu % bits | (ElfW(Addr))1 << (s->gnu >> o->gnu_hash[3]) % bits;

	if (!n || !n_bloom || (bloom[s->gnu / bits % n_bloom] & mask) != mask)
		return 0;
	for (uint32_t i = bucket[s->gnu % n]; i >= first && i; i++) {
		uint32_t h = bucket[n + i - first];

		if ((h | 1) == (s->gnu | 1) && symbol_fits(o, i, s))
			return i;
		if (h & 1)
			break;
	}
	return 0;
}

static const ElfW(Phdr) * segment_of(const struct dl_phdr_info *info, uintptr_t address)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && address - info->dlpi_addr - p->p_vaddr < p->p_memsz)
			return p;
	}
	return NULL;
}

static int search_visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *s = arg;
	struct object o;
	uint32_t i;

	(void)size;
	if (segment_of(info, (uintptr_t)&started)) {
		s->past_ourselves = true;
		return 0;
	}
	if (!s->past_ourselves || !object_read(&o, info))
		return 0;
	i = object_look(&o, s);
	if (!i)
		return 0;

	uintptr_t address = o.base + o.symbols[i].st_value;
	const ElfW(Phdr) *text = segment_of(info, address);

	if (!text)
		return 0;
	s->found = (void *)address;
	s->text = o.base + text->p_vaddr;
	s->text_end = s->text + text->p_memsz;
	if (info->dlpi_name && strlen(info->dlpi_name) < sizeof(s->path))
		strcpy(s->path, info->dlpi_name);
	return 1;
}

void *real_find(struct real *r)
{
	struct search s = {
		.name = r->name,
		.version = r->version,
		.or_plain = r->or_plain,
		.gnu = hash_gnu(r->name),
		.sysv = hash_sysv(r->name),
	};
	int kept = errno;

	dl_iterate_phdr(search_visit, &s);
	if (s.found) {
		if (atomic_load_explicit(&started, memory_order_relaxed) && s.path[0])
			(void)dlopen(s.path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
		atomic_store_explicit(&r->library->text, s.text, memory_order_relaxed);
		atomic_store_explicit(&r->library->text_end, s.text_end, memory_order_relaxed);
		atomic_store_explicit(&r->address, s.found, memory_order_relaxed);
	}
	errno = kept;
	return s.found;
}

bool real_find_all(struct real *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!real_find(&r[i]) && i == 0)
			return false;
	return true;
}

void real_started(void)
{
	atomic_store_explicit(&started, true, memory_order_relaxed);
}
