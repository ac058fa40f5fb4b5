/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/inflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <zstd.h>

static const enum packing both[] = { PACKING_GZIP, PACKING_ZSTD };

static const struct str text = STR("a text, and again a text, and again");

static struct out packed_of(enum packing p, struct str from)
{
	struct out o = { 0 };

	assert_int_equal(packing_pack(&o, p, from), 0);
	return o;
}

static int inflate_to(struct out *to, enum packing p, struct str from)
{
	int r;

	out_clear(to);
	r = inflate_body(to, p, from);
	if (!r && to->limit)
		assert_true(to->n <= to->limit);
	return r;
}

static struct str zeros(size_t n)
{
	return (struct str){ calloc(1, n), n };
}

static void names_are_those_of_the_headers(void **state)
{
	(void)state;
	assert_int_equal(packing_of(STR("")), PACKING_NONE);
	assert_int_equal(packing_of(STR("identity")), PACKING_NONE);
	assert_int_equal(packing_of(STR(" GZip ")), PACKING_GZIP);
	assert_int_equal(packing_of(STR("zstd")), PACKING_ZSTD);
	assert_int_equal(packing_of(STR("deflate")), PACKING_DEFLATE);
	assert_int_equal(packing_of(STR("br")), PACKING_UNKNOWN);
	assert_int_equal(packing_of(STR("gzip, zstd")), PACKING_UNKNOWN);
	assert_null(packing_name(PACKING_NONE));
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(packing_of(str_of(packing_name(both[i]))), both[i]);
}

static void what_was_packed_comes_out_as_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct out packed = packed_of(both[i], text), nothing = packed_of(both[i], STR(""));
		struct out o = { 0 };

		assert_int_equal(inflate_to(&o, both[i], out_all(&packed)), 0);
		assert_true(str_eq(out_all(&o), text));
		assert_int_equal(inflate_to(&o, both[i], out_all(&nothing)), 0);
		assert_int_equal(o.n, 0);
		out_fini(&o);
		out_fini(&packed);
		out_fini(&nothing);
	}
}

static void members_and_frames_follow_each_other(void **state)
{
	static const char skipped[] = "\x50\x2a\x4d\x18\x03\0\0\0abc"; /* of zstd: for others */

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct out packed = packed_of(both[i], text), o = { 0 };

		if (both[i] == PACKING_ZSTD)
			out_bytes(&packed, skipped, sizeof(skipped) - 1);
		assert_int_equal(packing_pack(&packed, both[i], text), 0);
		assert_int_equal(inflate_to(&o, both[i], out_all(&packed)), 0);
		assert_int_equal(o.n, 2 * text.n);
		out_fini(&o);
		out_fini(&packed);
	}
}

static void what_was_cut_short_is_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct out packed = packed_of(both[i], text), o = { 0 };

		for (size_t n = 0; n < packed.n; n++) {
			char *p = malloc(n + 1); /* of its own, so that who reads on is seen */

			memcpy(p, packed.p, n);
			assert_int_equal(inflate_to(&o, both[i], (struct str){ p, n }),
					 INFLATE_BAD);
			free(p);
		}
		out_fini(&o);
		out_fini(&packed);
	}
}

static void what_follows_and_is_no_frame_is_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct out packed = packed_of(both[i], text), o = { 0 };

		out_str(&packed, STR("rubbish"));
		assert_int_equal(inflate_to(&o, both[i], out_all(&packed)), INFLATE_BAD);
		out_fini(&o);
		out_fini(&packed);
	}
}

static void the_limit_holds_whatever_few_bytes_promise(void **state)
{
	enum { LIMIT = 8 << 20 };
	struct str plain = zeros(4 * LIMIT);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct out packed = packed_of(both[i], plain), o = { .limit = LIMIT };
		struct out fits = packed_of(both[i], str_first(plain, LIMIT));

		assert_int_equal(inflate_to(&o, both[i], out_all(&packed)), INFLATE_TOO_BIG);
		assert_true(o.room <= LIMIT);
		o.error = 0;
		assert_int_equal(inflate_to(&o, both[i], out_all(&fits)), 0);
		assert_int_equal(o.n, LIMIT);
		out_fini(&o);
		out_fini(&packed);
		out_fini(&fits);
	}
	free((char *)plain.p);
}

/* Memory for a window is asked for by a few bytes alone. */
static void a_window_larger_than_http_allows_is_bad(void **state)
{
	struct str plain = zeros(1 << 20);
	size_t room = ZSTD_compressBound(plain.n);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	char *packed = malloc(room);
	struct out o = { 0 };

	(void)state;
	for (int log = 23; log <= 24; log++) {
		ZSTD_inBuffer in = { plain.p, plain.n, 0 };
		ZSTD_outBuffer out = { packed, room, 0 };

		ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, log);
		/* In two parts: what is given at once gets a window of its own size. */
		assert_false(ZSTD_isError(ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush)));
		assert_int_equal(ZSTD_compressStream2(c, &out, &in, ZSTD_e_end), 0);
		assert_int_equal(inflate_to(&o, PACKING_ZSTD, (struct str){ out.dst, out.pos }),
				 log == 23 ? 0 : INFLATE_BAD);
	}
	ZSTD_freeCCtx(c);
	free(packed);
	free((char *)plain.p);
	out_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_headers),
		cmocka_unit_test(what_was_packed_comes_out_as_it_was),
		cmocka_unit_test(members_and_frames_follow_each_other),
		cmocka_unit_test(what_was_cut_short_is_bad),
		cmocka_unit_test(what_follows_and_is_no_frame_is_bad),
		cmocka_unit_test(the_limit_holds_whatever_few_bytes_promise),
		cmocka_unit_test(a_window_larger_than_http_allows_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
