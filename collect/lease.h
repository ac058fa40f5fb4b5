/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lease: has anybody else this file open or mapped? A write lease is only given to somebody who is
 * alone with it, also across pid namespaces. An open that meets the moment waits for it to end.
 */
#pragma once

#include <fcntl.h>
#include <stdbool.h>

static inline bool lease_is_alone(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		return false;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return true;
}
