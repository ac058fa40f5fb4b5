/* SPDX-License-Identifier: Apache-2.0 */
/* What a wreck says, and what it may not claim. */
#include "collect/fault-name.h"
#include "collect/mortem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 4096, EXITED_3 = 3 << 8 };

/* A fault in a block of our own; modules are put behind it by the test. */
static char *area(void)
{
	char *bytes = calloc(1, ROOM);
	struct crash_block *b = (struct crash_block *)bytes;

	assert_non_null(bytes);
	b->signal = SIGSEGV;
	b->code = SEGV_MAPERR;
	b->address = 8;
	b->real_ns = 1000000000;
	b->machine = CRASH_X86_64;
	return bytes;
}

static uint32_t module_put(char *bytes, const char *path, uint64_t begin)
{
	struct crash_block *b = (struct crash_block *)bytes;
	struct crash_module m = { .path_n = (uint16_t)strlen(path),
				  .begin = begin,
				  .end = begin + 4096,
				  .build_id_n = 2 };
	uint32_t at = b->modules_used;
	char *to = (char *)(b + 1) + at;

	m.size = (uint16_t)((sizeof(m) + m.path_n + 7) & ~7u);
	memcpy(to, &m, sizeof(m));
	memcpy(to + sizeof(m), path, m.path_n);
	b->modules_used += m.size;
	return at;
}

static struct mortem *made(char *bytes)
{
	struct mortem *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	assert_int_equal(wreck_take(&m->wreck, bytes, ROOM, "/usr/bin/shop"), 0);
	return m;
}

static void frames_are_the_first_and_the_last(void **state)
{
	char *bytes = area();
	struct crash_block *b = (struct crash_block *)bytes;
	uint32_t n = 1000;
	struct mortem *m;

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		if (i < CRASH_FIRST)
			b->first[i] = i + 1;
		else
			b->last[(i - CRASH_FIRST) % CRASH_LAST] = i + 1;
	b->n_frames = n;
	m = made(bytes);
	assert_int_equal(m->wreck.n_frames, CRASH_FIRST + CRASH_LAST);
	assert_int_equal(m->wreck.cut_at, CRASH_FIRST);
	assert_int_equal(m->wreck.n_cut, n - CRASH_FIRST - CRASH_LAST);
	assert_int_equal(m->wreck.frame[CRASH_FIRST - 1], CRASH_FIRST);
	assert_int_equal(m->wreck.frame[CRASH_FIRST], n - CRASH_LAST + 1);
	assert_int_equal(m->wreck.frame[CRASH_FIRST + CRASH_LAST - 1], n);
	mortem_free(m);
}

static void modules_are_found_and_the_program_has_its_path(void **state)
{
	char *bytes = area();
	struct mortem *m;

	(void)state;
	module_put(bytes, "", 0x10000);
	module_put(bytes, "/lib/libshop.so", 0x20000);
	m = made(bytes);
	assert_int_equal(m->wreck.n_modules, 2);
	assert_true(str_eq(m->wreck.module[0].path, STR("/usr/bin/shop")));
	assert_true(str_eq(m->wreck.module[1].path, STR("/lib/libshop.so")));
	assert_ptr_equal(symbol_module_of(m->wreck.module, 2, 0x20010), &m->wreck.module[1]);
	assert_null(symbol_module_of(m->wreck.module, 2, 0x30000));
	mortem_free(m);
}

static void lies_about_sizes_end_the_list(void **state)
{
	(void)state;
	for (int lie = 0; lie < 5; lie++) {
		char *bytes = area();
		struct crash_block *b = (struct crash_block *)bytes;
		uint32_t at = (module_put(bytes, "/a", 0x10000), module_put(bytes, "/b", 0x20000));
		struct crash_module *second = (void *)((char *)(b + 1) + at);
		struct mortem *m;

		if (lie == 0)
			second->size = 0xfff8;
		if (lie == 1)
			second->path_n = 0xffff;
		if (lie == 2)
			second->build_id_n = 200;
		if (lie == 3)
			second->end = 0;
		if (lie == 4)
			second->size = 8;
		b->modules_used = UINT32_MAX;
		b->n_frames = UINT32_MAX;
		m = made(bytes);
		assert_int_equal(m->wreck.n_modules, 1);
		assert_int_equal(m->wreck.n_frames, CRASH_FIRST + CRASH_LAST);
		mortem_free(m);
	}
}

static void what_it_died_of_decides(void **state)
{
	char *bytes = area();
	struct crash_block *b;
	struct mortem *m = made(bytes);
	uint64_t soon = 2000000000, late = 60000000000;

	(void)state;
	b = &m->wreck.block;
	assert_true(mortem_explains(m, SIGSEGV, soon));
	assert_false(mortem_explains(m, SIGKILL, soon));
	assert_false(mortem_explains(m, EXITED_3, soon));
	assert_true(mortem_explains(m, -1, soon));
	b->fate = CRASH_SURVIVED;
	assert_false(mortem_explains(m, -1, soon));
	b->fate = CRASH_HANDLED;
	assert_true(mortem_explains(m, EXITED_3, soon));
	assert_false(mortem_explains(m, EXITED_3, late));
	assert_false(mortem_explains(m, 0, soon));
	assert_false(mortem_explains(m, SIGABRT, soon));
	b->then_signal = SIGABRT;
	assert_true(mortem_explains(m, SIGABRT, soon));
	mortem_free(m);
}

static void the_record_says_it_all(void **state)
{
	char *bytes = area();
	struct resource *r = resource_new((struct attributes){ 0 }, (struct str){ 0 }, 1);
	struct crumbs crumbs = { 0 };
	struct log_record said = { .time_ns = 5,
				   .body = { .type = VALUE_STRING, .text = STR("before") } };
	struct mortem *m = made(bytes);
	struct batch *b = batch_new(r);
	struct attributes a;

	(void)state;
	crumbs_drop(&crumbs, &said);
	mortem_examine(m);
	mortem_log(m, b, 7, &crumbs);
	assert_int_equal(b->n_logs, 1);
	a = b->log[0].attributes;
	assert_int_equal(b->log[0].severity, 21);
	assert_int_equal(b->log[0].time_ns, 7);
	assert_true(str_eq(b->log[0].body.text, STR("SIGSEGV: address not mapped at 0x8")));
	assert_true(str_eq(attributes_text(a, STR("exception.type")), STR("SIGSEGV")));
	assert_true(str_eq(attributes_text(a, STR("signal.address")), STR("0x8")));
	assert_true(str_eq(attributes_text(a, STR("signal.code_name")), STR("SEGV_MAPERR")));
	assert_int_equal(attributes_find(a, STR("oriel.breadcrumbs"))->array.n, 1);
	mortem_free(m);
	crumbs_fini(&crumbs);
	batch_free(b);
	resource_free(r);
}

static void the_newest_records_are_the_crumbs(void **state)
{
	struct crumbs c = { 0 };
	struct arena arena = { 0 };
	struct value v;

	(void)state;
	/* Two threads' chunks, one after the other. */
	for (unsigned i = 0; i < 200; i++)
		crumbs_drop(&c, &(struct log_record){ .time_ns = i < 100 ? 1000 + i : 900 + i });
	v = crumbs_value(&c, &arena);
	assert_int_equal(v.array.n, CRUMBS);
	for (size_t i = 0; i < CRUMBS; i++)
		assert_int_equal(v.array.item[i].map.item[0].value.integer,
				 1100 - CRUMBS / 2 + (int)(i / 2));
	crumbs_fini(&c);
	arena_fini(&arena);
}

static void name_is(const char *mangled, const char *expected)
{
	struct out o = { 0 };

	fault_exception_name(&o, str_of(mangled));
	assert_true(str_eq(out_all(&o), str_of(expected)));
	out_fini(&o);
}

static void exceptions_have_their_names(void **state)
{
	(void)state;
	name_is("St13runtime_error", "std::runtime_error");
	name_is("N4shop5ErrorE", "shop::Error");
	name_is("5Error", "Error");
	name_is("*5Error", "Error");
	name_is("i", "int");
	name_is("PKc", "const char *");
	name_is("St6vectorIiSaIiEE", "St6vectorIiSaIiEE");
	name_is("N4shop99ErrorE", "N4shop99ErrorE");
	name_is("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_the_first_and_the_last),
		cmocka_unit_test(modules_are_found_and_the_program_has_its_path),
		cmocka_unit_test(lies_about_sizes_end_the_list),
		cmocka_unit_test(what_it_died_of_decides),
		cmocka_unit_test(the_record_says_it_all),
		cmocka_unit_test(the_newest_records_are_the_crumbs),
		cmocka_unit_test(exceptions_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
