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
 *     a second copy of a library: the agent passes calls on to the first that is loaded, and what one
 *     copy made must not be given to the other. Where LD_PRELOAD alone would mix them up (two Python
 *     packages, each with a copy of its own), a plugin that needs the second is led past the agent
 *
 * `oriel run` sets it for glibc 2.35 and later, whose auditing costs nothing once a name is bound.
 */
#include "agent/audit/heap.h"
#include "agent/symbols.h"

#define EXPORT __attribute__((visibility("default")))

/* The agent's hooks, by their hashes, so that an object without any is known at once. */
enum { HOOKS_MOST = 2048 };

static const struct link_map *agent_map, *last_at_start;
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
	agent_map = map;
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
		return LA_FLG_BINDTO;
	}
	if (starts(name, "liboriel"))
		return 0;
	if (starts(name, "ld-linux"))
		heap_linker(map);
	return !is_system(name) && may_define_hooks(map) ? LA_FLG_BINDTO | LA_FLG_BINDFROM
							 : LA_FLG_BINDFROM;
}

/* Everything is loaded that the program began with, and nothing of it has run. */
EXPORT void la_preinit(uintptr_t *cookie)
{
	(void)cookie;
	for (const struct link_map *m = agent_map; m; m = m->l_next)
		last_at_start = m;
}

/* ---- who defines it ----------------------------------------------------------------------------- */

static uintptr_t address_in(const struct link_map *map, const struct symbol_wanted *w)
{
	struct symbols s;
	uint32_t i = read_map(&s, map) ? symbols_find(&s, w) : 0;

	return i ? s.base + s.symbols[i].st_value : 0;
}

/* Where the agent passes the call on to (agent/real.c). */
static const struct link_map *first_owner(const struct symbol_wanted *w)
{
	const struct link_map *m = agent_map->l_next;

	while (m && !address_in(m, w))
		m = m->l_next;
	return m;
}

static bool came_later(const struct link_map *map)
{
	const struct link_map *m = last_at_start ? last_at_start->l_next : NULL;

	while (m && m != map)
		m = m->l_next;
	return m;
}

static bool is_called(const struct link_map *map, const char *name)
{
	const ElfW(Dyn) *d = map->l_ld;
	struct symbols s;

	if (symbols_same(last_part(map->l_name), name))
		return true;
	if (!read_map(&s, map))
		return false;
	for (; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_SONAME)
			return symbols_same(s.strings + d->d_un.d_val, name);
	return false;
}

/* Among what `user` names as needed: who defines it? */
static const struct link_map *needed_owner(const struct link_map *user,
					   const struct symbol_wanted *w)
{
	struct symbols s;

	if (!read_map(&s, user))
		return NULL;
	for (const ElfW(Dyn) *d = user->l_ld; d && d->d_tag != DT_NULL; d++)
		for (const struct link_map *m = d->d_tag == DT_NEEDED ? agent_map->l_next : NULL; m;
		     m = m->l_next)
			if (is_called(m, s.strings + d->d_un.d_val) && address_in(m, w))
				return m;
	return NULL;
}

/* The agent has it already: unless the user has a copy of its own, that is right. */
static uintptr_t away_from_agent(const struct link_map *user, unsigned index, uintptr_t found,
				 const char *name)
{
	const struct link_map *first, *own;
	struct symbol_wanted wanted;

	if (!user || !came_later(user))
		return found;
	wanted = symbol_wanted(name, NULL, true);
	if (*symbols_version(&agent, index))
		wanted.version = symbols_version(&agent, index);
	own = needed_owner(user, &wanted);
	first = own ? first_owner(&wanted) : NULL;
	return first && first != own && came_later(first) ? address_in(own, &wanted) : found;
}

static uintptr_t to_agent(const struct link_map *user, const struct link_map *owner, unsigned index,
			  uintptr_t found, const char *name)
{
	struct symbol_wanted wanted = symbol_wanted(name, NULL, true);
	struct symbols from, to;
	uint32_t hook;

	if (!symbols_find(&agent, &wanted) || !read_map(&from, user) || !read_map(&to, owner) ||
	    symbols_find(&from, &wanted))
		return found;
	if (*symbols_version(&to, index))
		wanted.version = symbols_version(&to, index);
	hook = symbols_find(&agent, &wanted);
	if (!hook || first_owner(&wanted) != owner)
		return found;
	return agent.base + agent.symbols[hook].st_value;
}

EXPORT uintptr_t la_symbind64(ElfW(Sym) * found, unsigned index, uintptr_t *user, uintptr_t *owner,
			      unsigned *flags, const char *name)
{
	const struct link_map *by = (const struct link_map *)*user;
	const struct link_map *of = (const struct link_map *)*owner;

	if (*flags & LA_SYMB_DLSYM && symbols_same(name, "calloc") &&
	    starts(last_part(of->l_name), "libc.so."))
		return heap_calloc(found->st_value);
	if (!agent_map || ELF64_ST_TYPE(found->st_info) != STT_FUNC)
		return found->st_value;
	if (of == agent_map)
		return away_from_agent(by, index, found->st_value, name);
	return to_agent(by, of, index, found->st_value, name);
}
