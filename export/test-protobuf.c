/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/protobuf.h"

#include <errno.h>
#include <stdlib.h>

static void expect(struct out *o, const char *bytes, size_t n)
{
	assert_int_equal(o->error, 0);
	assert_int_equal(o->n, n);
	assert_memory_equal(o->p, bytes, n);
	out_fini(o);
}

#define EXPECT(o, literal) expect((o), literal, sizeof(literal) - 1)

static void a_varint_takes_seven_bits_a_byte(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_u64(&o, 1, 300);
	EXPECT(&o, "\x08\xac\x02");
}

static void the_largest_varint_takes_ten_bytes(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_u64(&o, 1, UINT64_MAX);
	EXPECT(&o, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

static void varint_sizes_are_what_is_written(void **state)
{
	char room[PUT_VARINT_MOST];

	(void)state;
	for (int bit = 0; bit < 64; bit++) {
		uint64_t v = (uint64_t)1 << bit;

		assert_int_equal(put_varint(room, v) - room, proto_varint_size(v));
		assert_int_equal(put_varint(room, v - 1) - room, proto_varint_size(v - 1));
	}
}

static void fields_above_fifteen_have_two_byte_tags(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_fixed32(&o, 16, 0x01020304);
	EXPECT(&o, "\x85\x01\x04\x03\x02\x01");
}

static void fixed_numbers_are_little_endian(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_fixed64(&o, 7, 0x0102030405060708);
	proto_double_always(&o, 4, 1.0);
	EXPECT(&o, "\x39\x08\x07\x06\x05\x04\x03\x02\x01\x21\0\0\0\0\0\0\xf0\x3f");
}

static void zero_and_empty_are_left_out(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_u64(&o, 1, 0);
	proto_fixed64(&o, 2, 0);
	proto_fixed32(&o, 3, 0);
	proto_string(&o, 4, STR(""));
	proto_bytes(&o, 5, NULL, 0);
	proto_packed_double(&o, 6, NULL, 0);
	assert_int_equal(o.n, 0);
	out_fini(&o);
}

static void always_means_also_when_empty(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_string_always(&o, 1, (struct str){ NULL, 0 });
	proto_u64_always(&o, 2, 0);
	EXPECT(&o, "\x0a\x00\x10\x00");
}

static void packed_numbers_share_one_length(void **state)
{
	uint64_t counts[] = { 1, 2 };
	struct out o = { 0 };

	(void)state;
	proto_packed_fixed64(&o, 6, counts, 2);
	EXPECT(&o, "\x32\x10\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0");
}

/* However wrong the guess, the length is in its shortest form and the body whole. */
static void a_wrong_guess_costs_no_byte(void **state)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 16383, 16384, 2097151, 2097152 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *body = malloc(sizes[i] + 1);

		for (size_t k = 0; k < sizes[i]; k++)
			body[k] = (char)(k * 7);
		for (int guess = PROTO_ABOUT_100; guess <= PROTO_HUGE; guess++) {
			struct out o = { 0 };
			struct proto_message m = proto_open(&o, 1, (enum proto_guess)guess);
			char head[1 + PUT_VARINT_MOST] = { 0x0a };
			size_t n_head = (size_t)(put_varint(head + 1, sizes[i]) - head);

			out_bytes(&o, body, sizes[i]);
			proto_close(&o, m);
			assert_int_equal(o.n, n_head + sizes[i]);
			assert_memory_equal(o.p, head, n_head);
			if (sizes[i])
				assert_memory_equal(o.p + n_head, body, sizes[i]);
			out_fini(&o);
		}
		free(body);
	}
}

static void nested_messages_know_their_lengths(void **state)
{
	struct out o = { 0 };
	struct proto_message outer = proto_open(&o, 1, PROTO_ABOUT_16K);
	struct proto_message inner = proto_open(&o, 2, PROTO_HUGE);

	(void)state;
	proto_u64(&o, 3, 1);
	proto_close(&o, inner);
	proto_close(&o, outer);
	EXPECT(&o, "\x0a\x04\x12\x02\x18\x01");
}

static void utf8_passes_unchanged(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_string(&o, 1,
		     STR("sm\xc3\xb8rrebr\xc3\xb8"
			 "d"));
	EXPECT(&o, "\x0a\x0csm\xc3\xb8rrebr\xc3\xb8"
		   "d");
}

static void broken_utf8_becomes_replacement_characters(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_string(&o, 1,
		     STR("a\xff"
			 "b\xc3"));
	EXPECT(&o, "\x0a\x08"
		   "a\xef\xbf\xbd"
		   "b\xef\xbf\xbd");
}

static void bytes_are_never_repaired(void **state)
{
	struct out o = { 0 };

	(void)state;
	proto_bytes(&o, 1, "\xff\xfe", 2);
	EXPECT(&o, "\x0a\x02\xff\xfe");
}

static void put_text_copies_and_notices_every_position(void **state)
{
	char from[40], to[40];

	(void)state;
	for (size_t n = 0; n <= sizeof(from); n++) {
		uint64_t seen = 0;

		memset(from, 'x', sizeof(from));
		memset(to, 0, sizeof(to));
		assert_ptr_equal(put_text(to, (struct str){ from, n }, &seen), to + n);
		assert_int_equal(seen & PUT_NOT_ASCII, 0);
		assert_memory_equal(from, to, n);
		for (size_t at = 0; at < n; at++) {
			seen = 0;
			from[at] = (char)0x80;
			put_text(to, (struct str){ from, n }, &seen);
			assert_true(seen & PUT_NOT_ASCII);
			assert_memory_equal(from, to, n);
			from[at] = 'x';
		}
	}
}

static void the_limit_is_kept_and_sticks(void **state)
{
	struct out o = { .limit = 1024 };

	(void)state;
	for (int i = 0; i < 2000; i++)
		proto_u64(&o, 1, 1);
	assert_int_equal(o.error, -EFBIG);
	assert_true(o.n <= 1024);
	out_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_varint_takes_seven_bits_a_byte),
		cmocka_unit_test(the_largest_varint_takes_ten_bytes),
		cmocka_unit_test(varint_sizes_are_what_is_written),
		cmocka_unit_test(fields_above_fifteen_have_two_byte_tags),
		cmocka_unit_test(fixed_numbers_are_little_endian),
		cmocka_unit_test(zero_and_empty_are_left_out),
		cmocka_unit_test(always_means_also_when_empty),
		cmocka_unit_test(packed_numbers_share_one_length),
		cmocka_unit_test(a_wrong_guess_costs_no_byte),
		cmocka_unit_test(nested_messages_know_their_lengths),
		cmocka_unit_test(utf8_passes_unchanged),
		cmocka_unit_test(broken_utf8_becomes_replacement_characters),
		cmocka_unit_test(bytes_are_never_repaired),
		cmocka_unit_test(put_text_copies_and_notices_every_position),
		cmocka_unit_test(the_limit_is_kept_and_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
