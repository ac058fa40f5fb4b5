/* SPDX-License-Identifier: Apache-2.0 */
#include "export/spool-folder.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { FOLDER_ROOM = 80 };

/* What one can read of it, and what tells it from others that read the same. */
static void folder_name(const char *name, unsigned nth, char folder[FOLDER_ROOM])
{
	size_t n = 0;

	for (; name[n] && n < 48; n++) {
		char l = str_lower(name[n]);

		folder[n] = (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '.' ? l : '-';
	}
	n += (size_t)snprintf(folder + n, FOLDER_ROOM - n, "-%08lx",
			      crc32(0, (const Bytef *)name, (uInt)strlen(name)) & 0xffffffff);
	if (nth > 1)
		snprintf(folder + n, FOLDER_ROOM - n, ".%u", nth);
}

static int folder_open(const char *dir, const char *folder, bool make)
{
	int top, fd;

	if (make && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -1;
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return -1;
	if (make && mkdirat(top, folder, 0700) < 0 && errno != EEXIST)
		fd = -1;
	else
		fd = openat(top, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	int kept = errno;

	close(top);
	errno = kept;
	return fd;
}

enum folder_outcome spool_folder_take(struct spool_folder *out, const char *dir, const char *name,
				      unsigned nth, bool make)
{
	struct spool_folder f = { -1, -1 };
	char folder[FOLDER_ROOM];
	int kept;

	folder_name(name, nth, folder);
	f.dir = folder_open(dir, folder, make);
	if (f.dir >= 0)
		f.lock = openat(f.dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f.lock >= 0 && flock(f.lock, LOCK_EX | LOCK_NB) == 0) {
		*out = f;
		return FOLDER_OURS;
	}
	kept = errno;
	spool_folder_leave(&f);
	errno = kept;
	return kept == EWOULDBLOCK ? FOLDER_TAKEN : FOLDER_NONE;
}

void spool_folder_leave(struct spool_folder *f)
{
	if (f->lock >= 0)
		close(f->lock);
	if (f->dir >= 0)
		close(f->dir);
	*f = (struct spool_folder){ -1, -1 };
}
