/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Given: connections that this process did not take itself.
 *
 *     given_at_start()     what inetd, or systemd with Accept=yes, has left open for it
 *     given(fd)            what came through another socket (SCM_RIGHTS)
 *
 * Only those of TCP. Both ask the system what it is. errno is the caller's.
 */
#pragma once

void given_at_start(void);
void given(int fd);
