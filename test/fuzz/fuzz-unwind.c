/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile module: its tables, its stack and the registers are the input. */
#include "unwind/unwind.h"

#include <string.h>

enum { BASE = 0x10000, STACK = 0x7f0000 };

struct input {
	const uint8_t *p;
	size_t n;
};

static bool read_input(void *you, uint64_t at, void *to, size_t n)
{
	const struct input *in = you;
	uint64_t from = at >= STACK ? at - STACK : at - BASE;

	if (at < BASE || from > in->n || n > in->n - from) {
		/* Blocks that reach over the end read as zeros there, as a mapped page does. */
		if (at < BASE || from >= in->n)
			return false;
		memset(to, 0, n);
		n = in->n - from;
	}
	memcpy(to, in->p + from, n);
	return true;
}

static bool module_of_input(void *you, uint64_t pc, struct unwind_module *out)
{
	const struct input *in = you;

	*out = (struct unwind_module){ BASE, BASE + 0x100000, BASE };
	return pc >= BASE && pc < BASE + 0x100000 && in->n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct unwind_space space = { read_input, module_of_input, &in };
	struct unwind_registers r = { .pc = BASE + 64, .known = 0x1ffff };
	uint64_t to[64];

	if (size < 16)
		return 0;
	r.pc = BASE + data[size - 1] + (uint64_t)data[size - 2] * 256;
	for (int i = 0; i < UNWIND_REGISTERS; i++)
		r.r[i] = STACK + (uint64_t)i * 8;
	unwind_walk(&space, &r, to, 64, data[size - 3] & 1);
	return 0;
}
