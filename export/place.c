/* SPDX-License-Identifier: Apache-2.0 */
#include "export/place.h"

#include "export/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640 };

int place_open(struct place *p)
{
	struct stat st;

	p->fd = open(p->path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		     FILE_MODE);
	if (p->fd < 0)
		return -errno;
	p->regular = fstat(p->fd, &st) == 0 && S_ISREG(st.st_mode);
	p->torn = false;
	return 0;
}

void place_close(struct place *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

bool place_is_here(const struct place *p, uint64_t *size)
{
	struct stat here, there;

	if (fstat(p->fd, &here) || stat(p->path, &there))
		return false;
	if (size)
		*size = (uint64_t)here.st_size;
	return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

int place_stream(struct place *p, struct str lines, const atomic_bool *stop, uint64_t until_ns)
{
	struct stream s = { .fd = p->fd, .torn = p->torn, .stop = stop };
	int r = stream_put(&s, lines, until_ns);

	p->torn = s.torn;
	return r;
}
