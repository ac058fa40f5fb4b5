/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/modules.h"

#include "lib/process.h"
#include "lib/readable.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

enum {
	PATH_MOST = 512,
	HEADERS_MOST = 64,
	NOTES_MOST = 4096,
	LIST_MOST = 4096, /* objects in the loader's list */
	SPINS = 100000,
};

static bool read_memory(void *you, uint64_t at, void *to, size_t n)
{
	(void)you;
	return readable_copy(to, at, n);
}

static bool find_module(void *you, uint64_t pc, struct unwind_module *out)
{
	struct dl_find_object found;

	(void)you;
	if (_dl_find_object((void *)(uintptr_t)pc, &found) != 0)
		return false;
	out->begin = (uint64_t)(uintptr_t)found.dlfo_map_start;
	out->end = (uint64_t)(uintptr_t)found.dlfo_map_end;
	out->eh_frame_hdr = (uint64_t)(uintptr_t)found.dlfo_eh_frame;
	return true;
}

const struct unwind_space modules_space = { read_memory, find_module, NULL };

struct crash_block *modules_block(void)
{
	struct segment_header *s = process.segment;

	/* A wiped mark means that the segment isn't mapped here. */
	if (!s || atomic_load_explicit(process.wiped, memory_order_relaxed) != WIPE_MARK)
		return NULL;
	return (struct crash_block *)((char *)s + s->crash_at);
}

/* ---- an object -------------------------------------------------------------------------------- */

static uint64_t pad4(uint64_t n)
{
	return (n + 3) & ~(uint64_t)3;
}

/* One segment of notes; the build id's is a note of type 3 by "GNU". */
static void read_notes(struct crash_module *m, uint64_t at, uint64_t size)
{
	uint64_t end = at + (size < NOTES_MOST ? size : NOTES_MOST);

	while (end - at >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) h;
		uint64_t value;
		char name[4];

		if (!readable_copy(&h, at, sizeof(h)))
			return;
		value = at + sizeof(h) + pad4(h.n_namesz);
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == sizeof(name) &&
		    readable_copy(name, at + sizeof(h), sizeof(name)) && !memcmp(name, "GNU", 4)) {
			uint8_t n = h.n_descsz < CRASH_BUILD_ID ? (uint8_t)h.n_descsz
								: (uint8_t)CRASH_BUILD_ID;

			if (readable_copy(m->build_id, value, n))
				m->build_id_n = n;
			return;
		}
		at = value + pad4(h.n_descsz);
		if (at > end)
			return;
	}
}

static void read_build_id(struct crash_module *m)
{
	ElfW(Ehdr) h;

	if (!readable_copy(&h, m->begin, sizeof(h)) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
	    h.e_phentsize != sizeof(ElfW(Phdr)))
		return;
	for (unsigned i = 0; i < h.e_phnum && i < HEADERS_MOST && !m->build_id_n; i++) {
		ElfW(Phdr) p;

		if (!readable_copy(&p, m->begin + h.e_phoff + i * sizeof(p), sizeof(p)))
			return;
		if (p.p_type == PT_NOTE && p.p_vaddr + m->bias >= m->begin &&
		    p.p_vaddr + m->bias < m->end)
			read_notes(m, p.p_vaddr + m->bias, p.p_filesz);
	}
}

/* Text at `at`, or none if it isn't readable or too long. */
static size_t read_text(char *to, size_t room, uint64_t at)
{
	for (size_t n = 0; at && n < room; n++)
		if (!readable_copy(to + n, at + n, 1))
			return 0;
		else if (!to[n])
			return n;
	return 0;
}

/* ---- the list --------------------------------------------------------------------------------- */

static bool module_at(const struct crash_block *b, uint32_t at, uint32_t used,
		      struct crash_module *m)
{
	if (used - at < sizeof(*m))
		return false;
	memcpy(m, (const char *)(b + 1) + at, sizeof(*m));
	return m->size >= sizeof(*m) && m->size <= used - at;
}

static bool is_noted(const struct crash_block *b, const struct crash_module *wanted)
{
	uint32_t used = atomic_load_explicit(&b->modules_used, memory_order_acquire);
	struct crash_module m;

	for (uint32_t at = 0; module_at(b, at, used, &m); at += m.size)
		if (m.begin == wanted->begin && m.end == wanted->end && m.bias == wanted->bias)
			return true;
	return false;
}

/* Release: pairs with whoever reads as far as `modules_used`. */
static void append(struct crash_block *b, struct crash_module *m, const char *path)
{
	uint32_t used = atomic_load_explicit(&b->modules_used, memory_order_relaxed);
	char *to = (char *)(b + 1) + used;

	m->size = (uint16_t)((sizeof(*m) + m->path_n + 7) & ~7u);
	if (used > b->modules_room || m->size > b->modules_room - used) {
		atomic_fetch_add_explicit(&b->modules_missed, 1, memory_order_relaxed);
		return;
	}
	memcpy(to, m, sizeof(*m));
	memcpy(to + sizeof(*m), path, m->path_n);
	atomic_store_explicit(&b->modules_used, used + m->size, memory_order_release);
}

/* Acquire and release: who has it finds the list as the last one left it. */
static bool lock_try(struct crash_block *b)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&b->modules_lock, &free, 1,
						       memory_order_acquire, memory_order_relaxed);
}

static void lock_give(struct crash_block *b)
{
	atomic_store_explicit(&b->modules_lock, 0, memory_order_release);
}

void modules_seize(struct crash_block *b)
{
	for (int i = 0; i < SPINS; i++)
		if (!atomic_load_explicit(&b->modules_lock, memory_order_acquire))
			return;
	lock_give(b);
}

void modules_note(struct crash_block *b, uint64_t address)
{
	struct crash_module m = { 0 };
	struct dl_find_object found;
	struct link_map map;
	char path[PATH_MOST];

	if (_dl_find_object((void *)(uintptr_t)address, &found) != 0 ||
	    !readable_copy(&map, (uint64_t)(uintptr_t)found.dlfo_link_map, sizeof(map)))
		return;
	m.begin = (uint64_t)(uintptr_t)found.dlfo_map_start;
	m.end = (uint64_t)(uintptr_t)found.dlfo_map_end;
	m.bias = map.l_addr;
	if (is_noted(b, &m) || !lock_try(b))
		return;
	read_build_id(&m);
	m.path_n = (uint16_t)read_text(path, sizeof(path), (uint64_t)(uintptr_t)map.l_name);
	append(b, &m, path);
	lock_give(b);
}

void modules_note_all(struct crash_block *b)
{
	struct r_debug list;
	struct link_map map;

	if (!readable_copy(&list, (uint64_t)(uintptr_t)&_r_debug, sizeof(list)))
		return;
	map.l_next = list.r_map;
	for (int i = 0; map.l_next && i < LIST_MOST; i++) {
		if (!readable_copy(&map, (uint64_t)(uintptr_t)map.l_next, sizeof(map)))
			return;
		modules_note(b, (uint64_t)(uintptr_t)map.l_ld);
	}
}
