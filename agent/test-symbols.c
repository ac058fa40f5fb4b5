/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/symbols.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct symbols libc;

static int visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct symbols s;

	(void)size, (void)arg;
	if (!strstr(info->dlpi_name, "/libc.so.6"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC &&
		    symbols_read(&s, info->dlpi_addr,
				 (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr)))
			libc = s;
	return 1;
}

static int begin(void **state)
{
	(void)state;
	dl_iterate_phdr(visit, NULL);
	return libc.symbols ? 0 : -1;
}

static void *found(const char *name, const char *version, bool or_plain)
{
	struct symbol_wanted w = symbol_wanted(name, version, or_plain);
	uint32_t i = symbols_find(&libc, &w);

	return i ? (void *)(libc.base + libc.symbols[i].st_value) : NULL;
}

static void what_the_linker_finds_is_found(void **state)
{
	static const char *const names[] = { "pthread_create", "execve", "read", "qsort",
					     "getenv" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_non_null(found(names[i], NULL, false));
		assert_ptr_equal(found(names[i], NULL, false),
				 dlsym(dlopen("libc.so.6", RTLD_LAZY), names[i]));
	}
}

static void a_version_is_that_version(void **state)
{
	void *l = dlopen("libc.so.6", RTLD_LAZY);

	(void)state;
	assert_ptr_equal(found("posix_spawn", "GLIBC_2.15", false),
			 dlvsym(l, "posix_spawn", "GLIBC_2.15"));
	assert_ptr_equal(found("posix_spawn", "GLIBC_2.2.5", true),
			 dlvsym(l, "posix_spawn", "GLIBC_2.2.5"));
	assert_null(found("posix_spawn", "GLIBC_9.9", true));
}

static void what_is_not_there_is_not_found(void **state)
{
	(void)state;
	assert_null(found("oriel_start", NULL, true));
	assert_null(found("", NULL, true));
	assert_null(found("sqlite3_step", NULL, true));
}

static void each_symbol_of_the_table_is_hashed(void **state)
{
	uint32_t n = symbols_count(&libc), seen = 0;

	(void)state;
	assert_in_range(n, 1000, 100000);
	for (uint32_t i = 1; i < n; i++) {
		const ElfW(Sym) *s = &libc.symbols[i];
		struct symbol_wanted w = symbol_wanted(libc.strings + s->st_name, NULL, true);

		if (s->st_shndx == SHN_UNDEF || ELF64_ST_BIND(s->st_info) == STB_LOCAL)
			continue;
		assert_true(symbols_may_have(&libc, w.gnu));
		assert_true(symbols_hashed(&libc, w.gnu));
		seen++;
	}
	assert_in_range(seen, 1000, n);
	assert_false(symbols_hashed(&libc, symbol_wanted("oriel_start", NULL, true).gnu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_linker_finds_is_found),
		cmocka_unit_test(a_version_is_that_version),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(each_symbol_of_the_table_is_hashed),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
