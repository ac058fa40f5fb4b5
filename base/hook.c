/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hook.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool hook_is_off(struct str value)
{
	static const struct str off[] = { STR("none"), STR("no"), STR("0"), STR("false"),
					  STR("off") };

	value = str_trim(value);
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (str_eq_nocase(value, off[i]))
			return true;
	return false;
}

/* "1.5" as 1500; at most three digits after the point count. */
static bool thousandths(struct str text, uint64_t *out)
{
	struct cut parts = str_cut(text, '.');
	uint64_t whole = 0, part = 0, unit = 100;

	if (!parts.head.n && !parts.tail.n)
		return false;
	if (parts.head.n && !str_to_u64(parts.head, &whole))
		return false;
	for (size_t i = 0; i < parts.tail.n; i++, unit /= 10) {
		if (parts.tail.p[i] < '0' || parts.tail.p[i] > '9')
			return false;
		part += unit * (uint64_t)(parts.tail.p[i] - '0');
	}
	return !__builtin_mul_overflow(whole, 1000, out) &&
	       !__builtin_add_overflow(*out, part, out);
}

unsigned hook_timeout_ms(struct str value, bool *bad)
{
	static const struct {
		struct str name;
		unsigned ms;
	} unit[] = { { STR("ms"), 1 }, { STR("s"), 1000 }, { STR("m"), 60000 }, { STR(""), 1000 } };
	uint64_t n;
	size_t u = 0;

	value = str_trim(value);
	if (!value.n)
		return HOOK_TIMEOUT_MS;
	while (!str_ends(value, unit[u].name))
		u++;
	value.n -= unit[u].name.n;
	if (!thousandths(str_trim(value), &n) || __builtin_mul_overflow(n, unit[u].ms, &n) ||
	    n < 1000 || n / 1000 > HOOK_TIMEOUT_MOST_MS) {
		if (bad)
			*bad = true;
		return HOOK_TIMEOUT_MS;
	}
	return (unsigned)(n / 1000);
}

static struct str directory(struct str path)
{
	while (path.n && path.p[path.n - 1] != '/')
		path.n--;
	return path;
}

enum hook_beside hook_beside(char path[HOOK_PATH_ROOM], struct str program)
{
	struct str dir = directory(program);
	struct stat its, ours;
	char text[HOOK_PATH_ROOM];

	if (!dir.n || dir.n + sizeof(HOOK_FILE) > HOOK_PATH_ROOM || program.n >= sizeof(text))
		return HOOK_NONE;
	memcpy(path, dir.p, dir.n);
	memcpy(path + dir.n, HOOK_FILE, sizeof(HOOK_FILE));
	if (stat(path, &ours) < 0)
		return HOOK_NONE;
	memcpy(text, program.p, program.n);
	text[program.n] = '\0';
	if (ours.st_uid != 0 && (stat(text, &its) < 0 || its.st_uid != ours.st_uid))
		return HOOK_OF_OTHERS;
	return ours.st_mode & (S_IWGRP | S_IWOTH) ? HOOK_WRITABLE : HOOK_TRUSTED;
}

const char *hook_beside_text(enum hook_beside beside)
{
	switch (beside) {
	case HOOK_OF_OTHERS:
		return "belongs neither to the program's owner nor to root";
	case HOOK_WRITABLE:
		return "others than its owner may write to it (chmod go-w)";
	case HOOK_NONE:
	case HOOK_TRUSTED:
		break;
	}
	return "";
}

/*
 * A position-independent program is an ELF file of the same type; the dynamic linker that it asks for
 * tells it apart.
 */
bool hook_is_library(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	Elf64_Ehdr head;
	Elf64_Phdr part;
	bool is = false;

	if (fd < 0)
		return false;
	if (pread(fd, &head, sizeof(head), 0) == sizeof(head) &&
	    memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_type == ET_DYN) {
		is = true;
		for (unsigned i = 0; is && i < head.e_phnum && head.e_phentsize == sizeof(part);
		     i++)
			is = pread(fd, &part, sizeof(part),
				   (off_t)(head.e_phoff + i * sizeof(part))) != sizeof(part) ||
			     part.p_type != PT_INTERP;
	}
	close(fd);
	return is;
}
