/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container: the id of the container that a process runs in, as /proc tells it. Pure functions over
 * foreign text.
 *
 * Runtimes name a container by 64 hex digits. They are in the path of its control group, unless it
 * has a namespace of its own for those, as is usual with version 2; then they are in the path that
 * the runtime mounts over /etc/hostname, /etc/hosts or /etc/resolv.conf. No id is better than a wrong
 * one: other numbers, such as a pod's, are not taken.
 */
#pragma once

#include "base/str.h"

enum { CONTAINER_ID = 64 };

/* Of /proc/PID/cgroup, /proc/PID/mountinfo; the empty slice if there is none. Borrowed. */
struct str container_of_cgroup(struct str text);
struct str container_of_mountinfo(struct str text);
