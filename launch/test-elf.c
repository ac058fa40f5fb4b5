/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/*
 * A small 64-bit file by hand: header, program headers, and at 0x400 what they point to.
 *
 *     0x400  "/lib64/ld-linux-x86-64.so.2"
 *     0x440  dynamic section
 *     0x600  its strings
 */
struct image {
	unsigned char bytes[0x800];
	Elf64_Ehdr head;
	Elf64_Phdr part[3];
	Elf64_Dyn dyn[8];
};

static const char interpreter[] = "/lib64/ld-linux-x86-64.so.2";
static const char strings[] = "\0libcurl.so.4\0libc.so.6\0$ORIGIN/../lib\0";

enum { AT_INTERPRETER = 0x400, AT_DYNAMIC = 0x440, AT_STRINGS = 0x600, BASE = 0x10000 };

static void usual(struct image *i)
{
	memset(i, 0, sizeof(*i));
	memcpy(i->head.e_ident, ELFMAG, SELFMAG);
	i->head.e_ident[EI_CLASS] = ELFCLASS64;
	i->head.e_ident[EI_DATA] = ELFDATA2LSB;
	i->head.e_type = ET_DYN;
	i->head.e_machine = elf_machine_here();
	i->head.e_phoff = sizeof(i->head);
	i->head.e_phnum = 3;
	i->head.e_phentsize = sizeof(Elf64_Phdr);
	i->part[0] =
		(Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(i->bytes) };
	i->part[1] = (Elf64_Phdr){ .p_type = PT_INTERP,
				   .p_offset = AT_INTERPRETER,
				   .p_filesz = sizeof(interpreter) };
	i->part[2] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
				   .p_offset = AT_DYNAMIC,
				   .p_filesz = sizeof(i->dyn) };
	i->dyn[0] = (Elf64_Dyn){ .d_tag = DT_NEEDED, .d_un.d_val = 1 };
	i->dyn[1] = (Elf64_Dyn){ .d_tag = DT_NEEDED, .d_un.d_val = 14 };
	i->dyn[2] = (Elf64_Dyn){ .d_tag = DT_STRTAB, .d_un.d_ptr = BASE + AT_STRINGS };
	i->dyn[3] = (Elf64_Dyn){ .d_tag = DT_STRSZ, .d_un.d_val = sizeof(strings) };
	i->dyn[4] = (Elf64_Dyn){ .d_tag = DT_RUNPATH, .d_un.d_val = 24 };
}

static int read_image(struct image *i, struct elf *out, struct arena *arena)
{
	struct elf_source source = elf_of_bytes((struct str){ (char *)i->bytes, sizeof(i->bytes) });

	memcpy(i->bytes, &i->head, sizeof(i->head));
	memcpy(i->bytes + sizeof(i->head), i->part, sizeof(i->part));
	memcpy(i->bytes + AT_INTERPRETER, interpreter, sizeof(interpreter));
	memcpy(i->bytes + AT_DYNAMIC, i->dyn, sizeof(i->dyn));
	memcpy(i->bytes + AT_STRINGS, strings, sizeof(strings));
	return elf_read(out, &source, arena);
}

#define assert_text(s, literal) assert_true(str_eq((s), STR(literal)))

/* What a change makes of the usual image. */
#define IMAGE(change) \
	struct arena arena = { 0 }; \
	struct image i; \
	struct elf elf = { 0 }; \
	int r; \
	(void)state; \
	usual(&i); \
	change; \
	r = read_image(&i, &elf, &arena)

static void a_dynamic_program_names_its_linker_and_libraries(void **state)
{
	IMAGE((void)0);
	assert_int_equal(r, 0);
	assert_true(elf.native);
	assert_text(elf.interpreter, "/lib64/ld-linux-x86-64.so.2");
	assert_int_equal(elf.n_needed, 2);
	assert_text(elf.needed[0], "libcurl.so.4");
	assert_text(elf.needed[1], "libc.so.6");
	assert_text(elf.runpath, "$ORIGIN/../lib");
	assert_int_equal(elf.rpath.n, 0);
	arena_fini(&arena);
}

static void without_an_interpreter_it_is_static(void **state)
{
	IMAGE(i.part[1].p_type = PT_NULL);
	assert_int_equal(r, 0);
	assert_int_equal(elf.interpreter.n, 0);
	arena_fini(&arena);
}

static void a_32_bit_program_is_recognised_and_not_read(void **state)
{
	IMAGE(i.head.e_ident[EI_CLASS] = ELFCLASS32);
	assert_int_equal(r, 0);
	assert_false(elf.native);
	assert_int_equal(elf.bits, 32);
	arena_fini(&arena);
}

static void another_machine_is_recognised(void **state)
{
	IMAGE(i.head.e_machine = EM_S390);
	assert_int_equal(r, 0);
	assert_false(elf.native);
	assert_int_equal(elf.machine, EM_S390);
	arena_fini(&arena);
}

static void a_script_is_not_elf(void **state)
{
	struct elf_source source = elf_of_bytes(STR("#!/bin/sh\necho hello, hello, hello\n"));
	struct arena arena = { 0 };
	struct elf elf;

	(void)state;
	assert_int_equal(elf_read(&elf, &source, &arena), ELF_NOT);
	arena_fini(&arena);
}

static void an_empty_file_is_not_elf(void **state)
{
	struct elf_source source = elf_of_bytes(STR(""));
	struct arena arena = { 0 };
	struct elf elf;

	(void)state;
	assert_int_equal(elf_read(&elf, &source, &arena), ELF_NOT);
	arena_fini(&arena);
}

static void too_many_program_headers_are_broken(void **state)
{
	IMAGE(i.head.e_phnum = 60000);
	assert_int_equal(r, ELF_BROKEN);
	arena_fini(&arena);
}

static void program_headers_past_the_end_are_broken(void **state)
{
	IMAGE(i.head.e_phoff = UINT64_MAX - 8);
	assert_int_equal(r, ELF_BROKEN);
	arena_fini(&arena);
}

static void an_interpreter_without_an_end_is_broken(void **state)
{
	IMAGE(i.part[1].p_filesz = 5);
	assert_int_equal(r, ELF_BROKEN);
	arena_fini(&arena);
}

static void a_name_past_the_strings_is_broken(void **state)
{
	IMAGE(i.dyn[0].d_un.d_val = sizeof(strings));
	assert_int_equal(r, ELF_BROKEN);
	arena_fini(&arena);
}

static void strings_outside_of_the_file_are_broken(void **state)
{
	IMAGE(i.dyn[2].d_un.d_ptr = UINT64_MAX);
	assert_int_equal(r, ELF_BROKEN);
	arena_fini(&arena);
}

static void a_dynamic_section_past_the_end_is_broken(void **state)
{
	IMAGE(i.part[2].p_offset = UINT64_MAX - 4);
	assert_int_equal(r, ELF_BROKEN);
	arena_fini(&arena);
}

static void an_offset_that_wraps_around_is_broken(void **state)
{
	IMAGE(i.part[0].p_offset = UINT64_MAX - 16);
	assert_int_equal(r, ELF_BROKEN);
	arena_fini(&arena);
}

static void nothing_is_written_on_failure(void **state)
{
	IMAGE(i.dyn[0].d_un.d_val = sizeof(strings));
	assert_int_equal(r, ELF_BROKEN);
	assert_int_equal(elf.bits, 0);
	arena_fini(&arena);
}

static void symbols_are_found_in_string_tables(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_source source = elf_of_fd(fd);

	(void)state;
	assert_true(elf_mentions(&source, "elf_machine_here"));
	assert_false(elf_mentions(&source, "elf_machine_her"));
	assert_false(elf_mentions(&source, "lf_machine_here"));
	close(fd);
}

static void exported_symbols_are_those_that_others_find(void **state)
{
	int fd = open("/lib/x86_64-linux-gnu/libc.so.6", O_RDONLY | O_CLOEXEC);
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_source libc = elf_of_fd(fd), program = elf_of_fd(self);

	(void)state;
	if (fd < 0)
		skip();
	assert_true(elf_exports(&libc, "malloc"));
	assert_false(elf_exports(&libc, "mallo"));
	assert_false(elf_exports(&libc, "_rtld_global"));	 /* only needs it */
	assert_false(elf_exports(&program, "elf_machine_here")); /* has it, for itself */
	close(fd);
	close(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dynamic_program_names_its_linker_and_libraries),
		cmocka_unit_test(without_an_interpreter_it_is_static),
		cmocka_unit_test(a_32_bit_program_is_recognised_and_not_read),
		cmocka_unit_test(another_machine_is_recognised),
		cmocka_unit_test(a_script_is_not_elf),
		cmocka_unit_test(an_empty_file_is_not_elf),
		cmocka_unit_test(too_many_program_headers_are_broken),
		cmocka_unit_test(program_headers_past_the_end_are_broken),
		cmocka_unit_test(an_interpreter_without_an_end_is_broken),
		cmocka_unit_test(a_name_past_the_strings_is_broken),
		cmocka_unit_test(strings_outside_of_the_file_are_broken),
		cmocka_unit_test(a_dynamic_section_past_the_end_is_broken),
		cmocka_unit_test(an_offset_that_wraps_around_is_broken),
		cmocka_unit_test(nothing_is_written_on_failure),
		cmocka_unit_test(symbols_are_found_in_string_tables),
		cmocka_unit_test(exported_symbols_are_those_that_others_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
