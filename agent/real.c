/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A symbol lookup of our own, over the loaded objects' hash tables. `text` of a library is stored
 * before `address`; both are relaxed, as a hook that runs twice by a stale range would need the
 * library to call itself before its first caller's lookup was done.
 *
 * Objects that were there when the program began are never unloaded, and lie first in the list.
 */
#include "agent/real.h"
#include "agent/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

/* So many objects were loaded when the constructors ran; all, until then. */
static _Atomic size_t n_first = SIZE_MAX;

struct search {
	struct symbol_wanted wanted;
	bool past_ourselves;
	size_t n_seen;
	void *found;
	uintptr_t text, text_end;
	bool came_later;
	char path[512];
};

static const ElfW(Phdr) * segment_of(const struct dl_phdr_info *info, uintptr_t address)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && address - info->dlpi_addr - p->p_vaddr < p->p_memsz)
			return p;
	}
	return NULL;
}

static const ElfW(Dyn) * dynamic_of(const struct dl_phdr_info *info)
{
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			return (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return NULL;
}

static int search_visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *s = arg;
	struct symbols object;
	uint32_t i;

	(void)size;
	s->n_seen++;
	if (!s->past_ourselves) {
		s->past_ourselves = segment_of(info, (uintptr_t)&n_first) != NULL;
		return 0;
	}
	if (!symbols_read(&object, info->dlpi_addr, dynamic_of(info)))
		return 0;
	i = symbols_find(&object, &s->wanted);
	if (!i)
		return 0;

	uintptr_t address = object.base + object.symbols[i].st_value;
	const ElfW(Phdr) *text = segment_of(info, address);

	if (!text)
		return 0;
	s->found = (void *)address;
	s->text = object.base + text->p_vaddr;
	s->text_end = s->text + text->p_memsz;
	s->came_later = s->n_seen > atomic_load_explicit(&n_first, memory_order_relaxed);
	if (info->dlpi_name && strlen(info->dlpi_name) < sizeof(s->path))
		strcpy(s->path, info->dlpi_name);
	return 1;
}

/* Once for each library is enough. */
static void keep_loaded(const struct real_library *l, const struct search *s)
{
	if (s->came_later && s->path[0] &&
	    atomic_load_explicit(&l->text, memory_order_relaxed) != s->text)
		(void)dlopen(s->path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

void *real_find(struct real *r)
{
	struct search s = { .wanted = symbol_wanted(r->name, r->version, r->or_plain) };
	int kept = errno;

	dl_iterate_phdr(search_visit, &s);
	if (s.found) {
		keep_loaded(r->library, &s);
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
		if (!real_of(&r[i]) && i == 0)
			return false;
	return true;
}

static int count_visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info;
	(void)size;
	++*(size_t *)arg;
	return 0;
}

void real_started(void)
{
	size_t n = 0;

	dl_iterate_phdr(count_visit, &n);
	atomic_store_explicit(&n_first, n, memory_order_relaxed);
}
