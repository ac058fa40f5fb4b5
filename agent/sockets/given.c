/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets/given.h"

#include <errno.h>
#include <sys/stat.h>

#include "agent/sockets/descriptors.h"

/* Standard input, output and error, and systemd's first. */
enum { AT_START = 4 };

static struct connection *connection_of(int fd)
{
	struct sockaddr_in6 peer;
	socklen_t n = sizeof(peer), type_n = sizeof(int);
	int type = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_n) != 0 || type != SOCK_STREAM ||
	    getpeername(fd, (struct sockaddr *)&peer, &n) != 0 ||
	    (peer.sin6_family != AF_INET && peer.sin6_family != AF_INET6))
		return NULL;
	return connection_new(true, (struct sockaddr *)&peer, n);
}

static bool is_same(int fd, int other)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool is_copy(int fd)
{
	for (int other = 0; other < fd; other++)
		if (descriptors_watched(other) && is_same(fd, other)) {
			descriptors_dup(other, fd);
			return true;
		}
	return false;
}

void given_at_start(void)
{
	int kept = errno;

	for (int fd = 0; fd < AT_START; fd++) {
		struct connection *c = is_copy(fd) ? NULL : connection_of(fd);

		if (c)
			descriptors_put(fd, c);
	}
	errno = kept;
}

void given(int fd)
{
	int kept = errno;
	struct connection *c = NULL;

	if (watches(&sockets_watch) && !sockets_vforked())
		c = connection_of(fd);
	if (c)
		descriptors_put(fd, c);
	else
		descriptors_close(fd);
	errno = kept;
}
