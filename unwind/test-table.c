/* SPDX-License-Identifier: Apache-2.0 */
/* What tables say of each function's frame, beside what libdw reads in them. */
#include "unwind/table.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool read_plain(void *you, uint64_t at, void *to, size_t n)
{
	(void)you;
	memcpy(to, (const void *)(uintptr_t)at, n);
	return true;
}

static const struct unwind_space plain = { .read = read_plain };

struct object {
	const char *path;
	uint64_t bias;
	struct unwind_module module;
	Dwarf_CFI *cfi;
	unsigned n_alike, n_odd;
};

/* Their answer as one of our rules; false: something that this test doesn't tell apart. */
static bool their_rule(Dwarf_Frame *f, int reg, enum rule_kind *kind, int64_t *n)
{
	Dwarf_Op memory[3], *op;
	size_t n_ops;

	assert_int_equal(dwarf_frame_register(f, reg, memory, &op, &n_ops), 0);
	*n = 0;
	if (!n_ops) {
		*kind = op ? RULE_UNDEFINED : RULE_SAME;
		return true;
	}
	if (op[0].atom != DW_OP_call_frame_cfa)
		return false;
	*kind = n_ops > 1 && op[n_ops - 1].atom == DW_OP_stack_value ? RULE_VALUE : RULE_OFFSET;
	if (n_ops > 1 && op[1].atom == DW_OP_plus_uconst)
		*n = (int64_t)op[1].number;
	return n_ops < 2 || op[1].atom == DW_OP_plus_uconst || op[1].atom == DW_OP_stack_value;
}

static void frames_agree(struct object *o, const struct rules *ours, Dwarf_Frame *theirs)
{
	Dwarf_Op *op;
	size_t n;

	assert_int_equal(dwarf_frame_cfa(theirs, &op, &n), 0);
	assert_int_equal(ours->cfa_is_expression, n != 1 || op[0].atom != DW_OP_bregx);
	if (!ours->cfa_is_expression) {
		assert_int_equal(ours->cfa_register, op[0].number);
		assert_int_equal(ours->cfa_offset, (int64_t)op[0].number2);
	}
	for (int i = 0; i < UNWIND_REGISTERS; i++) {
		enum rule_kind kind;
		int64_t number;

		/* libdw knows by the ABI what tables leave open: what a call may change. */
		if (ours->r[i].kind == RULE_SAME)
			continue;
		if (!their_rule(theirs, i, &kind, &number)) {
			o->n_odd++;
			continue;
		}
		assert_int_equal(ours->r[i].kind, kind);
		if (kind == RULE_OFFSET || kind == RULE_VALUE)
			assert_int_equal(ours->r[i].n, number);
	}
	o->n_alike++;
}

static void address_agrees(struct object *o, uint64_t address)
{
	uint64_t pc = address + o->bias;
	struct unwind_entry e;
	struct rules rules;
	Dwarf_Frame *frame = NULL;
	bool found = table_find(&plain, &o->module, pc, &e);

	if (dwarf_cfi_addrframe(o->cfi, address, &frame) != 0) {
		assert_false(found && rules_of(&plain, &e, pc, &rules));
		return;
	}
	assert_true(found);
	assert_true(rules_of(&plain, &e, pc, &rules));
	frames_agree(o, &rules, frame);
	free(frame);
}

/* All of its code, step by step. */
static void object_agrees(struct object *o)
{
	int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	size_t n;

	assert_non_null(elf);
	o->cfi = dwarf_getcfi_elf(elf);
	assert_non_null(o->cfi);
	assert_int_equal(elf_getphdrnum(elf, &n), 0);
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		assert_non_null(gelf_getphdr(elf, (int)i, &p));
		if (p.p_type != PT_LOAD || !(p.p_flags & PF_X))
			continue;
		for (uint64_t at = p.p_vaddr; at < p.p_vaddr + p.p_memsz; at += 13)
			address_agrees(o, at);
	}
	dwarf_cfi_end(o->cfi);
	elf_end(elf);
	close(fd);
}

struct wanted {
	const void *address;
	struct object *o;
};

static int find_object(struct dl_phdr_info *info, size_t size, void *you)
{
	struct wanted *w = you;
	struct dl_find_object found;

	(void)size;
	if (_dl_find_object((void *)(uintptr_t)w->address, &found) != 0 ||
	    found.dlfo_link_map->l_addr != info->dlpi_addr)
		return 0;
	*w->o = (struct object){
		.path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe",
		.bias = info->dlpi_addr,
		.module = { (uint64_t)(uintptr_t)found.dlfo_map_start,
			    (uint64_t)(uintptr_t)found.dlfo_map_end,
			    (uint64_t)(uintptr_t)found.dlfo_eh_frame },
	};
	return 1;
}

static void all_of(const void *address, unsigned least)
{
	struct object o = { 0 };

	assert_int_equal(dl_iterate_phdr(find_object, &(struct wanted){ address, &o }), 1);
	object_agrees(&o);
	print_message("%s: %u places alike, %u rules not compared\n", o.path, o.n_alike, o.n_odd);
	assert_true(o.n_alike > least);
}

static void libc_reads_as_libdw_reads_it(void **state)
{
	(void)state;
	elf_version(EV_CURRENT);
	all_of((const void *)(uintptr_t)strlen, 50000);
}

static void libdw_reads_as_libdw_reads_it(void **state)
{
	(void)state;
	all_of((const void *)(uintptr_t)dwarf_getcfi_elf, 10000);
}

static void this_program_reads_as_libdw_reads_it(void **state)
{
	(void)state;
	all_of((const void *)(uintptr_t)this_program_reads_as_libdw_reads_it, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc_reads_as_libdw_reads_it),
		cmocka_unit_test(libdw_reads_as_libdw_reads_it),
		cmocka_unit_test(this_program_reads_as_libdw_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
