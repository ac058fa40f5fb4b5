/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clock.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum clock_source clock_choose(void)
{
#if defined(__x86_64__)
	char name[16] = "";
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		      O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t n = read(fd, name, sizeof(name) - 1);

		close(fd);
		if (n >= 4 && memcmp(name, "tsc\n", 4) == 0)
			return CLOCK_TSC;
	}
#endif
	return CLOCK_VDSO;
}

uint64_t clock_slow(void)
{
	struct timespec t = { 0 };
	uint32_t source = atomic_load_explicit(&process.clock, memory_order_relaxed);

	clock_gettime(source == CLOCK_COARSE ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
