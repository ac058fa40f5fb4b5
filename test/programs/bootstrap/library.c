/* SPDX-License-Identifier: Apache-2.0 */
/* A library of the program's, whose constructor leaves a mark (SHOWS_MARKS). */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void loaded(void)
{
	static const char text[] = "constructor of a library\n";
	const char *path = getenv("SHOWS_MARKS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd >= 0) {
		if (write(fd, text, sizeof(text) - 1) < 0)
			_exit(1);
		close(fd);
	}
}
