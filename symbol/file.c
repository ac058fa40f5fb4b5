/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/file.h"

#include "base/hex.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBUG_ROOT "/usr/lib/debug"

enum { BUILD_ID_MOST = 64 };

static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Without a build id to compare, nothing says that it is another file. */
static bool has_build_id(int fd, const uint8_t *id, size_t n)
{
	Elf *elf;
	const void *its = NULL;
	ssize_t its_n;
	bool same;

	if (!n)
		return true;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	its_n = elf ? dwelf_elf_gnu_build_id(elf, &its) : -1;
	same = its_n >= (ssize_t)n && memcmp(its, id, n) == 0;
	elf_end(elf);
	return same;
}

static int open_if(const char *path, const uint8_t *id, size_t n)
{
	int fd = open_regular(path);

	if (fd >= 0 && !has_build_id(fd, id, n)) {
		close(fd);
		return -1;
	}
	return fd;
}

int symbol_file_open(const struct symbol_module *m, char path[PATH_MAX])
{
	char hex[2 * BUILD_ID_MOST];
	int fd = -1;

	if (m->path.n && m->path.n < PATH_MAX && m->path.p[0] == '/') {
		memcpy(path, m->path.p, m->path.n);
		path[m->path.n] = '\0';
		fd = open_if(path, m->build_id, m->build_id_n);
	}
	if (fd >= 0 || m->build_id_n < 2 || m->build_id_n > BUILD_ID_MOST)
		return fd;
	hex_write(hex, m->build_id, m->build_id_n);
	snprintf(path, PATH_MAX, DEBUG_ROOT "/.build-id/%.2s/%.*s.debug", hex,
		 (int)(2 * m->build_id_n - 2), hex + 2);
	return open_if(path, m->build_id, m->build_id_n);
}

int symbol_file_debug(const char *file, const char *link, const uint8_t *id, size_t n, char **found)
{
	static const struct {
		const char *before, *after;
	} around[] = { { "", "" }, { "", ".debug/" }, { DEBUG_ROOT, "" } };
	const char *slash = strrchr(file, '/');
	char path[PATH_MAX];

	if (!slash || strchr(link, '/'))
		return -1;
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "%s%.*s/%s%s", around[i].before, (int)(slash - file),
			 file, around[i].after, link);
		fd = open_if(path, id, n);
		if (fd < 0)
			continue;
		*found = strdup(path);
		return fd;
	}
	return -1;
}
