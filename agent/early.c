/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/early.h"

#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

struct arguments {
	int argc;
	char **argv, **envp;
};

typedef void constructor(int argc, char **argv, char **envp);

static void run_constructors(const struct arguments *a, uintptr_t base, const ElfW(Dyn) * d)
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
		one(a->argc, a->argv, a->envp);
	for (size_t i = 0; list && i < n; i++)
		list[i](a->argc, a->argv, a->envp);
}

static int look(struct dl_phdr_info *info, size_t size, void *you)
{
	const char *name = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;

	(void)size;
	if (!name || strcmp(name, "/libc.so.6") != 0)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			run_constructors(you, info->dlpi_addr,
					 (const ElfW(Dyn) *)(info->dlpi_addr +
							     info->dlpi_phdr[i].p_vaddr));
	return 1;
}

bool early_libc(int argc, char **argv, char **envp)
{
	struct arguments a = { argc, argv, envp };

	if (!environ)
		dl_iterate_phdr(look, &a);
	return environ != NULL;
}
