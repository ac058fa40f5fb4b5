/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/container.h"

#include "base/hex.h"

static struct str take_line(struct str *text)
{
	struct cut c = str_cut(*text, '\n');

	*text = c.tail;
	return c.head;
}

static bool is_id(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i], false) < 0)
			return false;
	return s.n == CONTAINER_ID;
}

/* "docker-ID.scope", "cri-containerd-ID.scope", "crio-ID", "ID": what is behind the last dash. */
static struct str id_of_name(struct str name)
{
	static const struct str scope = STR(".scope");

	if (str_ends(name, scope))
		name.n -= scope.n;
	if (name.n > CONTAINER_ID && name.p[name.n - CONTAINER_ID - 1] == '-')
		name = str_from(name, name.n - CONTAINER_ID);
	return is_id(name) ? name : (struct str){ "", 0 };
}

/* The last part of a path that is an id: containers may run within containers. */
static struct str id_of_path(struct str path)
{
	struct str found = { "", 0 };

	while (path.n) {
		struct cut part = str_cut(path, '/');
		struct str id = id_of_name(part.head);

		if (id.n)
			found = id;
		path = part.tail;
	}
	return found;
}

/* HIERARCHY:CONTROLLERS:PATH */
struct str container_of_cgroup(struct str text)
{
	while (text.n) {
		struct str line = take_line(&text);
		struct str id = id_of_path(str_cut(str_cut(line, ':').tail, ':').tail);

		if (id.n)
			return id;
	}
	return text;
}

static bool is_runtimes_own(struct str mount_point)
{
	return str_eq(mount_point, STR("/etc/hostname")) ||
	       str_eq(mount_point, STR("/etc/hosts")) ||
	       str_eq(mount_point, STR("/etc/resolv.conf"));
}

/* ID PARENT MAJOR:MINOR ROOT MOUNT-POINT ... */
struct str container_of_mountinfo(struct str text)
{
	while (text.n) {
		struct str rest = take_line(&text), field[5] = { { 0 } }, id;

		for (int i = 0; i < 5; i++) {
			struct cut c = str_cut(rest, ' ');

			field[i] = c.head;
			rest = c.tail;
		}
		if (!is_runtimes_own(field[4]))
			continue;
		id = id_of_path(field[3]);
		if (id.n)
			return id;
	}
	return text;
}
