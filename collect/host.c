/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host.h"

#include "base/scoped.h"
#include "collect/container.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { FILE_MOST = 65536 };

/* At most size bytes of a file; 0 if it can't be read. */
static size_t file_read(const char *path, char *to, size_t size)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = 0;
	ssize_t got;

	while (fd >= 0 && n < size && (got = read(fd, to + n, size - n)) > 0)
		n += (size_t)got;
	return n;
}

static void text_keep(char *to, size_t size, struct str text)
{
	size_t n = text.n < size ? text.n : size - 1;

	if (n)
		memcpy(to, text.p, n);
	to[n] = '\0';
}

/* ---- the machine ------------------------------------------------------------------------------ */

static const char *arch_of(const char *machine)
{
	static const char *const names[][2] = {
		{ "x86_64", "amd64" },	{ "aarch64", "arm64" }, { "i686", "x86" },
		{ "i386", "x86" },	{ "armv7l", "arm32" },	{ "armv6l", "arm32" },
		{ "ppc64le", "ppc64" }, { "ppc64", "ppc64" },	{ "ppc", "ppc32" },
		{ "s390x", "s390x" },	{ "ia64", "ia64" },	{ "riscv64", "riscv64" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(machine, names[i][0]) == 0)
			return names[i][1];
	return "";
}

static struct str unquoted(struct str value)
{
	value = str_trim(value);
	if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') &&
	    value.p[value.n - 1] == value.p[0])
		value = str_first(str_from(value, 1), value.n - 2);
	return value;
}

void host_read_release(struct host *h, struct str text)
{
	while (text.n) {
		struct cut line = str_cut(text, '\n');
		struct cut pair = str_cut(line.head, '=');
		struct str value = unquoted(pair.tail);

		text = line.tail;
		if (str_eq(pair.head, STR("NAME")))
			text_keep(h->os_name, sizeof(h->os_name), value);
		else if (str_eq(pair.head, STR("VERSION_ID")))
			text_keep(h->os_version, sizeof(h->os_version), value);
		else if (str_eq(pair.head, STR("PRETTY_NAME")))
			text_keep(h->os_description, sizeof(h->os_description), value);
	}
}

void host_look(struct host *h)
{
	char text[4096];
	struct utsname u;
	size_t n;

	*h = (struct host){ .arch = "" };
	if (uname(&u) == 0) {
		text_keep(h->name, sizeof(h->name), str_of(u.nodename));
		h->arch = arch_of(u.machine);
	}
	n = file_read("/etc/machine-id", text, sizeof(text));
	if (!n)
		n = file_read("/var/lib/dbus/machine-id", text, sizeof(text));
	text_keep(h->id, sizeof(h->id), str_trim((struct str){ text, n }));
	n = file_read("/etc/os-release", text, sizeof(text));
	if (!n)
		n = file_read("/usr/lib/os-release", text, sizeof(text));
	host_read_release(h, (struct str){ text, n });
}

/* ---- a process -------------------------------------------------------------------------------- */

/* By /etc/passwd alone: a directory server could keep the collector waiting. */
static void owner_look(struct outside *o, uid_t uid)
{
	char text[FILE_MOST], number[16];
	struct str rest = { text, file_read("/etc/passwd", text, sizeof(text)) };
	struct str id = { number, (size_t)snprintf(number, sizeof(number), "%u", (unsigned)uid) };

	text_keep(o->owner, sizeof(o->owner), id);
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');
		struct cut name = str_cut(line.head, ':');
		struct cut number_of = str_cut(str_cut(name.tail, ':').tail, ':');

		rest = line.tail;
		if (name.head.n && str_eq(number_of.head, id)) {
			text_keep(o->owner, sizeof(o->owner), name.head);
			return;
		}
	}
}

static void container_look(struct outside *o, pid_t pid)
{
	char path[64], text[FILE_MOST];
	struct str id;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	id = container_of_cgroup((struct str){ text, file_read(path, text, sizeof(text)) });
	if (!id.n) {
		snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
		id = container_of_mountinfo(
			(struct str){ text, file_read(path, text, sizeof(text)) });
	}
	text_keep(o->container, sizeof(o->container), id);
}

static void words_look(struct outside *o, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	o->words_n = file_read(path, o->words, sizeof(o->words));
}

void outside_look(struct outside *o, pid_t pid, uid_t uid, bool words)
{
	memset(o, 0, sizeof(*o));
	owner_look(o, uid);
	if (pid <= 0)
		return;
	container_look(o, pid);
	if (words)
		words_look(o, pid);
}
