/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreign segment as `oriel inspect` reads it: a whole one of the smallest size, whose first bytes
 * are the input's.
 */
#include "collect/survey.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct survey s;
	char path[32];
	uint8_t *map;

	if (fd < 0) {
		freopen("/dev/null", "w", stderr);
		fd = memfd_create("segment", MFD_CLOEXEC);
	}
	if (fd < 0 || ftruncate(fd, 0) < 0 || ftruncate(fd, SIZE) < 0)
		return 0;
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 0;
	memcpy(map, data, size < SIZE ? size : SIZE);
	munmap(map, SIZE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (survey_open(&s, path) == 0)
		survey_fini(&s);
	return 0;
}
