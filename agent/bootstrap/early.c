/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's constructors note arguments and environment. Who calls them is the dynamic linker: when it
 * opens an object, it first initialises what that needs and has not been initialised, with what libc
 * has noted. So they are called here first, with what a constructor is given, and then by the linker,
 * which opens the smallest object that there is.
 *
 * Under LD_AUDIT that does one thing too many. What has not been initialised is taken as loaded just
 * now, and its thread-local storage gets its first content again; the tables of ctype.h, which are
 * among that, would then be NULL. It is saved and put back.
 */
#include "agent/bootstrap/early.h"

#include <ctype.h>
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

enum { STORAGE_MOST = 1024 };

struct libc {
	int argc;
	char **argv, **envp;
	void *storage; /* this thread's */
	size_t storage_n;
	unsigned char saved[STORAGE_MOST];
};

typedef void constructor(int argc, char **argv, char **envp);

static void run_constructors(const struct libc *c, uintptr_t base, const ElfW(Dyn) * d)
{
	constructor *one = NULL, **list = NULL;
	size_t n = 0;

	for (; d->d_tag != DT_NULL; d++)
		switch (d->d_tag) {
		case DT_INIT:
			one = (constructor *)(base + d->d_un.d_ptr);
			break;
		case DT_INIT_ARRAY:
			list = (constructor **)(base + d->d_un.d_ptr);
			break;
		case DT_INIT_ARRAYSZ:
			n = d->d_un.d_val / sizeof(*list);
			break;
		}
	if (one)
		one(c->argc, c->argv, c->envp);
	for (size_t i = 0; list && i < n; i++)
		list[i](c->argc, c->argv, c->envp);
}

static int look(struct dl_phdr_info *info, size_t size, void *you)
{
	const char *name = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
	struct libc *c = you;

	if (!name || strcmp(name, "/libc.so.6") != 0 || size < sizeof(*info))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_TLS) {
			c->storage = info->dlpi_tls_data;
			c->storage_n = part->p_memsz;
		} else if (part->p_type == PT_DYNAMIC) {
			run_constructors(c, info->dlpi_addr,
					 (const ElfW(Dyn) *)(info->dlpi_addr + part->p_vaddr));
		}
	}
	return 1;
}

/* One of libc's own that are empty since glibc 2.34, and not there yet; NULL: there is none. */
static const char *something_small(void)
{
	static const char *const small[] = { "libutil.so.1", "libanl.so.1", "librt.so.1",
					     "libdl.so.2" };

	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		void *there = dlopen(small[i], RTLD_NOW | RTLD_NOLOAD);

		if (!there)
			return small[i];
		dlclose(there);
	}
	return NULL;
}

/* What dlerror holds is in the storage, too; free()d here, it must not come back with that. */
static void forget_errors(void)
{
	dlerror();
	dlerror();
}

bool early_libc(int argc, char **argv, char **envp)
{
	struct libc c = { .argc = argc, .argv = argv, .envp = envp };
	const char *small;
	void *opened;

	if (environ)
		return true;
	dl_iterate_phdr(look, &c);
	if (!environ || !c.storage || c.storage_n > sizeof(c.saved))
		return false;
	small = something_small();
	if (!small)
		return false;
	forget_errors();
	memcpy(c.saved, c.storage, c.storage_n);
	opened = dlopen(small, RTLD_NOW | RTLD_LOCAL);
	if (!*__ctype_b_loc())
		memcpy(c.storage, c.saved, c.storage_n);
	if (opened)
		dlclose(opened);
	else
		forget_errors();
	return opened != NULL;
}
