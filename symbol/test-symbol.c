/* SPDX-License-Identifier: Apache-2.0 */
/* Names of this very program's addresses, and files that aren't what they were. */
#include "symbol/demangle.h"
#include "symbol/symbol.h"

#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct symbol_module self;
static uint8_t build_id[20];
static char path[256];

static void note(const char *p, size_t n)
{
	ElfW(Nhdr) h;

	for (; n >= sizeof(h); n -= sizeof(h) + h.n_namesz + h.n_descsz) {
		memcpy(&h, p, sizeof(h));
		if (h.n_type == NT_GNU_BUILD_ID && h.n_descsz <= sizeof(build_id)) {
			memcpy(build_id, p + sizeof(h) + 4, h.n_descsz);
			self.build_id_n = h.n_descsz;
			return;
		}
		if (sizeof(h) + h.n_namesz + h.n_descsz > n)
			return;
		p += sizeof(h) + h.n_namesz + h.n_descsz;
	}
}

/* The first object is the program. */
static int look(struct dl_phdr_info *info, size_t size, void *you)
{
	(void)size;
	(void)you;
	self = (struct symbol_module){ .path = str_of(path),
				       .begin = UINT64_MAX,
				       .bias = info->dlpi_addr,
				       .build_id = build_id };
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t at = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_NOTE)
			note((const char *)(uintptr_t)at, p->p_filesz);
		if (p->p_type != PT_LOAD)
			continue;
		self.begin = at < self.begin ? at : self.begin;
		self.end = at + p->p_memsz > self.end ? at + p->p_memsz : self.end;
	}
	return 1;
}

struct told {
	size_t n;
	char function[64], file[256];
	bool inlined, has_module;
	uint32_t line;
	uint64_t file_address;
};

static void tell(const struct symbol_frame *f, void *you)
{
	struct told *t = you;

	t->n++;
	t->has_module = f->module != NULL;
	t->inlined |= f->inlined;
	t->line = f->line;
	t->file_address = f->file_address;
	snprintf(t->function, sizeof(t->function), STR_FMT, STR_ARG(f->function));
	snprintf(t->file, sizeof(t->file), STR_FMT, STR_ARG(f->file));
}

static struct told at(const struct symbol_module *m, uint64_t address)
{
	struct symbols *s = symbols_new(m, 1);
	struct told t = { 0 };

	assert_non_null(s);
	symbols_at(s, address, false, tell, &t);
	symbols_free(s);
	return t;
}

static uint64_t here(void)
{
	return (uint64_t)(uintptr_t)at;
}

static void a_function_of_ours_has_its_name_and_place(void **state)
{
	struct told t = at(&self, here());

	(void)state;
	assert_int_equal(t.n, 1);
	assert_string_equal(t.function, "at");
	assert_non_null(strstr(t.file, "test-symbol.c"));
	assert_true(t.line > 50);
	assert_int_equal(t.file_address, here() - self.bias);
}

static void an_address_in_no_module_is_only_an_address(void **state)
{
	struct told t = at(&self, 16);

	(void)state;
	assert_int_equal(t.n, 1);
	assert_false(t.has_module);
	assert_string_equal(t.function, "");
}

static void a_file_with_another_build_id_names_nothing(void **state)
{
	uint8_t other[20] = { 1 };
	struct symbol_module m = self;
	struct told t;

	(void)state;
	m.build_id = other;
	m.build_id_n = sizeof(other);
	t = at(&m, here());
	assert_int_equal(t.n, 1);
	assert_true(t.has_module);
	assert_string_equal(t.function, "");
}

static void a_pipe_or_no_file_at_all_is_not_waited_for(void **state)
{
	char pipe_path[] = "/tmp/oriel-symbol-XXXXXX";
	struct symbol_module m = self;

	(void)state;
	close(mkstemp(pipe_path));
	unlink(pipe_path);
	m.path = STR("/nowhere/at/all");
	m.build_id_n = 0;
	assert_string_equal(at(&m, here()).function, "");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	m.path = str_of(pipe_path);
	assert_string_equal(at(&m, here()).function, "");
	m.path = STR("relative");
	assert_string_equal(at(&m, here()).function, "");
	unlink(pipe_path);
}

static void a_cplusplus_name_is_read_if_there_is_who_can(void **state)
{
	struct out o = { 0 };

	(void)state;
	assert_false(demangle(&o, "main"));
	assert_false(demangle(&o, NULL));
	if (demangle(&o, "_ZN4shop4Cart3addEi"))
		assert_true(str_eq(out_all(&o), STR("shop::Cart::add(int)")));
	out_fini(&o);
}

static void the_later_of_two_modules_is_meant(void **state)
{
	struct symbol_module m[] = { { .begin = 10, .end = 30 }, { .begin = 20, .end = 40 } };

	(void)state;
	assert_ptr_equal(symbol_module_of(m, 2, 15), &m[0]);
	assert_ptr_equal(symbol_module_of(m, 2, 25), &m[1]);
	assert_null(symbol_module_of(m, 2, 40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_of_ours_has_its_name_and_place),
		cmocka_unit_test(an_address_in_no_module_is_only_an_address),
		cmocka_unit_test(a_file_with_another_build_id_names_nothing),
		cmocka_unit_test(a_pipe_or_no_file_at_all_is_not_waited_for),
		cmocka_unit_test(a_cplusplus_name_is_read_if_there_is_who_can),
		cmocka_unit_test(the_later_of_two_modules_is_meant),
	};

	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return 1;
	dl_iterate_phdr(look, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
