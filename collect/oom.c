/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/oom.h"

#include "base/scoped.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>

#define MOUNT "/sys/fs/cgroup"

static struct str file_text(const char *path, char *to, size_t room)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, to, room) : -1;

	return (struct str){ to, n > 0 ? (size_t)n : 0 };
}

static bool oom_count(const char *path, uint64_t *out)
{
	char text[1024];
	struct str rest = file_text(path, text, sizeof(text));

	while (rest.n) {
		struct cut line = str_cut(rest, '\n'), word = str_cut(line.head, ' ');

		if (str_eq(word.head, STR("oom_kill")))
			return str_to_u64(str_trim(word.tail), out);
		rest = line.tail;
	}
	return false;
}

/* "0::/a/b" is version 2; "7:memory:/a/b" is version 1. */
static bool path_of(struct oom *o, struct str line, const char *mount)
{
	struct cut number = str_cut(line, ':'), kind = str_cut(number.tail, ':');
	struct str group = kind.tail;

	if (!kind.found || !group.n || group.p[0] != '/')
		return false;
	if (group.n == 1)
		group.n = 0;
	if (str_eq(number.head, STR("0")))
		snprintf(o->path, sizeof(o->path), "%s" STR_FMT "/memory.events", mount,
			 STR_ARG(group));
	else if (str_eq(kind.head, STR("memory")))
		snprintf(o->path, sizeof(o->path), "%s/memory" STR_FMT "/memory.oom_control", mount,
			 STR_ARG(group));
	else
		return false;
	return oom_count(o->path, &o->before);
}

void oom_watch_text(struct oom *o, const char *groups, const char *mount)
{
	struct str rest = str_of(groups);

	*o = (struct oom){ 0 };
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');

		if (path_of(o, line.head, mount))
			return;
		rest = line.tail;
	}
	o->path[0] = '\0';
}

void oom_watch(struct oom *o, pid_t pid)
{
	char path[64], text[4096];
	struct str groups;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	groups = file_text(path, text, sizeof(text) - 1);
	text[groups.n] = '\0';
	oom_watch_text(o, text, MOUNT);
}

bool oom_happened(const struct oom *o)
{
	uint64_t now;

	return o->path[0] && oom_count(o->path, &now) && now > o->before;
}
