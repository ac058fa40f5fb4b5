/* SPDX-License-Identifier: Apache-2.0 */
/* Files of /proc and /etc, as anyone may have written them: a container's id is 64 digits or none. */
#include "collect/container.h"
#include "collect/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct host h = { .arch = "" };
	size_t n = container_of_cgroup(text).n, m = container_of_mountinfo(text).n;

	if ((n && n != CONTAINER_ID) || (m && m != CONTAINER_ID))
		__builtin_trap();
	host_read_release(&h, text);
	return 0;
}
