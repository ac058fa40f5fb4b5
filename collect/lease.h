/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lease: has anybody else this file open or mapped? A write lease is only given to somebody who is
 * alone with it, also across pid namespaces. An open that meets the moment waits for it to end.
 */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

static inline bool lease_is_alone(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		return false;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return true;
}

/*
 * Removes a file that nobody else has open. A new file has its name a moment before the open that
 * makes it counts as one: whoever is in that open waits until the lease goes, and then can see that
 * its file has no name any more. False: somebody has it.
 */
static inline bool lease_remove(int fd, int dir_fd, const char *name)
{
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		return false;
	unlinkat(dir_fd, name, 0);
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return true;
}
