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

__thread volatile char clock_in_vdso __attribute__((tls_model("initial-exec")));

uint64_t clock_slow(void)
{
	struct timespec t = { 0 };

	if (atomic_load_explicit(&process.clock, memory_order_relaxed) != CLOCK_COARSE) {
		clock_in_vdso = 1;
		clock_gettime(CLOCK_MONOTONIC, &t);
		clock_in_vdso = 0;
	}
	/* Also if the reading just now faulted. */
	if (atomic_load_explicit(&process.clock, memory_order_relaxed) == CLOCK_COARSE)
		clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
