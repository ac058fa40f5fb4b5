/* SPDX-License-Identifier: Apache-2.0 */
/* A program of somebody else, as `oriel run` reads it. */
#include "launch/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_source source = elf_of_bytes((struct str){ (const char *)data, size });
	struct arena arena = { 0 };
	struct elf elf = { 0 };

	if (elf_read(&elf, &source, &arena) == 0)
		for (size_t i = 0; i < elf.n_needed; i++)
			if (elf.needed[i].n >= ELF_MOST_NAME)
				__builtin_trap();
	elf_mentions(&source, "__asan_init");
	elf_exports(&source, "oriel_bootstrap");
	arena_fini(&arena);
	return 0;
}
