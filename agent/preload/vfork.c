/* SPDX-License-Identifier: Apache-2.0 */
/* Where the real vfork is, for vfork-x86-64.S. */
#include "agent/real.h"

void *vfork_real(void);

void *vfork_real(void)
{
	static struct real_library library;
	static struct real real = { .name = "vfork", .library = &library };

	return real_of(&real);
}

__attribute__((constructor(101))) static void find(void)
{
	vfork_real();
}
