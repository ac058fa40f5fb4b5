/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scoped(f): run f(&variable) however the block is left.
 *
 *     scoped(batch_freep) struct batch *batch = batch_new();
 *     scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
 */
#pragma once

#include <stdio.h>
#include <unistd.h>

#define scoped(f) __attribute__((cleanup(f)))

static inline void scoped_fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void scoped_file_close(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define scoped_fd scoped(scoped_fd_close)
#define scoped_file scoped(scoped_file_close)
