/* SPDX-License-Identifier: Apache-2.0 */
/*
 * liboriel-audit.so: for the calls that LD_PRELOAD misses. A library that was opened with
 * RTLD_DEEPBIND looks for symbols in itself first, and dlsym on a handle finds the library's own
 * function (as Python's ctypes does). The dynamic linker tells an auditing library (LD_AUDIT) of
 * each such binding, and takes its word for where it should go: to the agent, if that has a hook of
 * this name and version.
 *
 * It lives in a namespace of its own and uses no other library, not even libc, so it costs what it
 * takes to map one small file. Left alone are:
 *
 *     objects in other namespaces (dlmopen): the agent isn't there, and calling it would crash
 *     objects that define the name themselves: who stands between a program and a library asks for
 *     the next definition, and must not be sent back to the first
 *     libc's own functions: thousands of bindings, and nobody opens libc with RTLD_DEEPBIND
 *
 * `oriel run` sets it for glibc 2.35 and later, whose auditing costs nothing once a name is bound.
 */
#include "agent/symbols.h"

#define EXPORT __attribute__((visibility("default")))

/* The agent's hooks, by their hashes, so that an object without any is known at once. */
enum { HOOKS_MOST = 2048 };

static struct symbols agent;
static uint32_t hooks[HOOKS_MOST];
static unsigned n_hooks;

static const char *last_part(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (*path == '/')
			last = path + 1;
	return last;
}

static bool starts(const char *text, const char *with)
{
	while (*with)
		if (*text++ != *with++)
			return false;
	return true;
}

/* Objects whose functions nobody needs to be led away from. */
static bool is_system(const char *name)
{
	static const char *const known[] = {
		"libc.so.", "ld-linux", "libm.so.", "libpthread.so.", "libresolv.so.", "linux-vdso",
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (starts(name, known[i]))
			return true;
	return false;
}

EXPORT unsigned la_version(unsigned version)
{
	return version < LAV_CURRENT ? version : LAV_CURRENT;
}

static bool read_map(struct symbols *s, const struct link_map *map)
{
	return map && symbols_read(s, map->l_addr, map->l_ld);
}

static void read_agent(const struct link_map *map)
{
	if (!read_map(&agent, map))
		return;
	for (uint32_t i = 1; i < symbols_count(&agent) && n_hooks < HOOKS_MOST; i++) {
		const ElfW(Sym) *s = &agent.symbols[i];

		if (s->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(s->st_info) == STT_FUNC)
			hooks[n_hooks++] =
				symbol_wanted(agent.strings + s->st_name, NULL, true).gnu;
	}
}

static bool may_define_hooks(const struct link_map *map)
{
	struct symbols s;

	if (!read_map(&s, map))
		return false;
	for (unsigned i = 0; i < n_hooks; i++)
		if (symbols_may_have(&s, hooks[i]) && symbols_hashed(&s, hooks[i]))
			return true;
	return n_hooks == HOOKS_MOST;
}

EXPORT unsigned la_objopen(struct link_map *map, Lmid_t namespace, uintptr_t *cookie)
{
	const char *name = last_part(map->l_name);

	*cookie = (uintptr_t)map;
	if (namespace != LM_ID_BASE)
		return 0;
	if (symbols_same(name, "liboriel-agent.so")) {
		read_agent(map);
		return 0;
	}
	if (starts(name, "liboriel"))
		return 0;
	return !is_system(name) && may_define_hooks(map) ? LA_FLG_BINDTO | LA_FLG_BINDFROM
							 : LA_FLG_BINDFROM;
}

EXPORT uintptr_t la_symbind64(ElfW(Sym) * found, unsigned index, uintptr_t *user, uintptr_t *owner,
			      unsigned *flags, const char *name)
{
	struct symbol_wanted wanted = symbol_wanted(name, NULL, true);
	struct symbols from, to;
	uint32_t hook;

	(void)flags;
	if (!agent.symbols || ELF64_ST_TYPE(found->st_info) != STT_FUNC ||
	    !symbols_find(&agent, &wanted) || !read_map(&from, (const struct link_map *)*user) ||
	    !read_map(&to, (const struct link_map *)*owner) || symbols_find(&from, &wanted))
		return found->st_value;
	if (*symbols_version(&to, index))
		wanted.version = symbols_version(&to, index);
	hook = symbols_find(&agent, &wanted);
	return hook ? agent.base + agent.symbols[hook].st_value : found->st_value;
}
