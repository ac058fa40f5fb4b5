/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel-configure FILE: prints the variables that say what a configuration file says, NAME=VALUE lines.
 *
 * What it can't say, and what makes no sense, is told on standard error with its line. Exit status 1:
 * the file can't be read or is none; nothing is printed.
 */
#include "configure/configure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 4 << 20 };

static int read_file(const char *path, struct out *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return errno;
	error = fstat(fd, &st) < 0 ? errno : !S_ISREG(st.st_mode) ? EINVAL : 0;
	text->limit = FILE_MOST;
	while (!error && n > 0 && out_reserve(text, 65536)) {
		n = read(fd, text->p + text->n, 65536);
		error = n < 0 ? errno : 0;
		text->n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return error ? error : -text->error;
}

static void say(const char *path, const char *line)
{
	fprintf(stderr, "oriel: %s:%s\n", path, line);
}

int main(int argc, char **argv)
{
	struct configured c;
	struct out text = { 0 };
	int error;

	if (argc != 2) {
		fprintf(stderr, "usage: oriel-configure FILE\n");
		return 64;
	}
	error = read_file(argv[1], &text);
	if (error) {
		fprintf(stderr, "oriel: %s: %s\n", argv[1], strerror(error));
		out_fini(&text);
		return 1;
	}
	error = configure(&c, out_all(&text));
	if (error)
		say(argv[1], c.why);
	for (size_t i = 0; i < c.n_warnings && i < CONFIGURE_WARNINGS; i++)
		say(argv[1], c.warning[i]);
	for (size_t i = 0; !error && i < c.n; i++)
		puts(c.setting[i]);
	configured_free(&c);
	out_fini(&text);
	return error ? 1 : 0;
}
