/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/inside.h"

#include <link.h>

static uintptr_t text, text_end; /* the agent's; set before there are hooks to ask */

static int visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || (uintptr_t)arg - begin >= p->p_memsz)
			continue;
		text = begin;
		text_end = begin + p->p_memsz;
		return 1;
	}
	return 0;
}

void inside_ready(void)
{
	dl_iterate_phdr(visit, (void *)(uintptr_t)inside_ready);
}

bool inside_call(bool inside, const struct real_library *l, const void *caller)
{
	return inside && (real_calls_itself(l, caller) ||
			  ((uintptr_t)caller >= text && (uintptr_t)caller < text_end));
}
