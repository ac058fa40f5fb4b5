/* SPDX-License-Identifier: Apache-2.0 */
/* The file that a watched program is about to start: an ELF file, a script, or anything. */
#include "agent/follow.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("target", MFD_CLOEXEC);
		target_start(NULL);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, bytes, n, 0) != (ssize_t)n)
		return 0;
	(void)target_of_fd(fd);
	return 0;
}
