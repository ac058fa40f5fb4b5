/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/program.h"
#include "base/address-space.h"
#include "base/err.h"
#include "base/linker.h"
#include "base/path.h"
#include "base/scoped.h"
#include "launch/loader.h"
#include "launch/place.h"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

enum {
	SCRIPTS_DEEP = 4, /* as the kernel: a script's interpreter may be a script */
	SCRIPT_LINE = 255,
	PATH_ROOM = 4096,
};

/* 0, PROGRAM_MISSING or PROGRAM_DENIED, for one candidate. */
static int try_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? PROGRAM_MISSING : PROGRAM_DENIED;
	if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return PROGRAM_DENIED;
	return 0;
}

/* As execvp: no search with a slash; a denied candidate is remembered, the search goes on. */
static int find_in_path(struct str name, struct str *path, struct arena *arena)
{
	const char *variable = getenv("PATH");
	struct str dirs = str_of(variable ? variable : _PATH_DEFPATH);
	char text[PATH_ROOM];
	int outcome = PROGRAM_MISSING;
	bool more = true;

	if (!name.n || name.n >= sizeof(text))
		return PROGRAM_MISSING;
	if (memchr(name.p, '/', name.n)) {
		snprintf(text, sizeof(text), STR_FMT, STR_ARG(name));
		*path = arena_copy(arena, name);
		return try_path(text);
	}
	while (more) {
		struct cut c = str_cut(dirs, ':');
		int n = snprintf(text, sizeof(text), STR_FMT "%s" STR_FMT, STR_ARG(c.head),
				 c.head.n ? "/" : "./", STR_ARG(name));

		dirs = c.tail;
		more = c.found;
		if (n >= PATH_ROOM)
			continue;
		switch (try_path(text)) {
		case 0:
			*path = arena_copy(arena, str_of(text));
			return 0;
		case PROGRAM_DENIED:
			*path = arena_copy(arena, str_of(text));
			outcome = PROGRAM_DENIED;
			break;
		}
	}
	return outcome;
}

/* Interpreter of a `#!` line, and its one argument; false if `fd` doesn't start with such a line. */
static bool script_line(int fd, struct str *interpreter, struct str *argument, struct arena *arena)
{
	char bytes[SCRIPT_LINE + 1];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	struct str line;
	size_t end = 0;

	if (n < 3 || bytes[0] != '#' || bytes[1] != '!')
		return false;
	line = str_cut((struct str){ bytes, (size_t)n }, '\n').head;
	line = arena_copy(arena, str_trim(str_from(line, 2)));
	while (end < line.n && !str_is_blank(line.p[end]))
		end++;
	*interpreter = str_first(line, end);
	*argument = str_trim(str_from(line, end));
	return end > 0;
}

/* What `env ARGUMENT...` runs: the first word that is no option and no assignment. */
static struct str env_command(struct str argument)
{
	while (argument.n) {
		struct cut c = str_cut(argument, ' ');

		if (c.head.n && c.head.p[0] != '-' && !memchr(c.head.p, '=', c.head.n))
			return c.head;
		argument = c.tail;
	}
	return argument;
}

static int open_path(struct str path)
{
	char text[PATH_ROOM];

	if (path.n >= sizeof(text))
		return -1;
	snprintf(text, sizeof(text), STR_FMT, STR_ARG(path));
	return open(text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static bool exists(struct str path)
{
	char text[PATH_ROOM];

	snprintf(text, sizeof(text), STR_FMT, STR_ARG(path));
	return path.n < sizeof(text) && access(text, F_OK) == 0;
}

/*
 * Follows scripts until something else is found. A file that is neither ELF nor a `#!` script is
 * run by /bin/sh, as execvp does.
 */
static int follow(struct program *p, struct arena *arena)
{
	p->binary = p->path;
	for (int deep = 0; deep < SCRIPTS_DEEP; deep++) {
		scoped_fd int fd = open_path(p->binary);
		struct elf_source source = elf_of_fd(fd);
		struct str interpreter, argument;
		int r;

		p->readable = fd >= 0;
		if (fd < 0)
			return 0;
		r = elf_read(&p->elf, &source, arena);
		if (r < 0)
			return TRACE(r);
		p->is_elf = r == 0;
		if (r != ELF_NOT)
			return 0;
		if (!script_line(fd, &interpreter, &argument, arena))
			interpreter = STR(_PATH_BSHELL);
		if (!p->script.n)
			p->script = p->path;
		p->binary = interpreter;
		if (!exists(interpreter)) {
			p->no_interpreter = true;
			return 0;
		}
		if (str_eq(path_name(interpreter), STR("env")) && env_command(argument).n &&
		    find_in_path(env_command(argument), &p->binary, arena) != 0) {
			p->binary = env_command(argument);
			p->no_interpreter = true;
			return 0;
		}
	}
	return 0;
}

static enum program_libc libc_of(struct str linker)
{
	return !linker.n		? LIBC_NONE
	       : linker_is_musl(linker) ? LIBC_MUSL
	       : linker_is_gnu(linker)	? LIBC_GNU
					: LIBC_OTHER;
}

/* The command is a dynamic linker: what it loads is what runs. Its name isn't looked for in PATH. */
static int look_behind_loader(struct program *p, struct loader l, struct arena *arena)
{
	struct str loader = p->binary;
	scoped_fd int fd = open_path(l.program);
	struct elf_source source = elf_of_fd(fd);
	int r;

	p->loader = loader;
	p->loads_nothing = !l.program.n;
	if (p->loads_nothing)
		return 0;
	p->binary = l.program;
	p->readable = fd >= 0;
	p->elf = (struct elf){ 0 };
	r = fd < 0 ? ELF_NOT : elf_read(&p->elf, &source, arena);
	p->is_elf = r == 0;
	return r < 0 ? TRACE(r) : 0;
}

/* Through which dynamic linker, where it looks for libraries, and what those are. */
static int look_at_libraries(struct program *p, const char *library_path, struct arena *arena)
{
	p->libc = libc_of(p->loader.n ? p->loader : p->elf.interpreter);
	p->is_static = p->loader.n ? !p->elf.dynamic : p->libc == LIBC_NONE;
	if (!p->loader.n && p->elf.interpreter.n && !exists(p->elf.interpreter))
		p->no_interpreter = true;
	if (p->is_static)
		return 0;
	return TRACE(libraries_find(&p->libs, p->binary, &p->elf,
				    library_path ? library_path : getenv("LD_LIBRARY_PATH"),
				    arena));
}

/*
 * Would the kernel set AT_SECURE, so that the dynamic linker ignores LD_PRELOAD? Not when the bits
 * change nothing, nor on a nosuid mount, nor under no_new_privs.
 */
static void look_at_privileges(struct program *p)
{
	scoped_fd int fd = open_path(p->binary);
	struct statvfs fs;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return;
	if ((fs.f_flag & ST_NOSUID) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return;
	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		p->other_user = true;
	if ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st.st_gid != getgid())
		p->other_user = true;
	if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		p->capabilities = true;
}

int program_look(struct program *out, char *const *argv, struct arena *arena)
{
	struct program p = { .command = str_of(argv[0]) };
	struct loader loader = { 0 };
	int r = find_in_path(p.command, &p.path, arena);

	if (r != 0) {
		out->command = p.command;
		out->path = p.path;
		return r;
	}
	r = follow(&p, arena);
	if (r < 0)
		return TRACE(r);
	look_at_privileges(&p);
	p.narrow = address_space_is_narrow();
	if (p.is_elf && p.elf.native && !p.script.n && !p.elf.interpreter.n &&
	    linker_is(p.binary)) {
		loader = loader_read(argv);
		r = look_behind_loader(&p, loader, arena);
	}
	if (r == 0 && p.is_elf && p.elf.native && !p.loads_nothing)
		r = look_at_libraries(&p, loader.library_path, arena);
	if (r == 0)
		*out = p;
	return TRACE(r);
}

bool program_mentions(const struct program *p, const char *name)
{
	scoped_fd int fd = open_path(p->binary);
	struct elf_source source = elf_of_fd(fd);

	return fd >= 0 && elf_mentions(&source, name);
}

bool program_exports(const struct program *p, const char *name)
{
	scoped_fd int fd = open_path(p->binary);
	struct elf_source source = elf_of_fd(fd);

	return fd >= 0 && elf_exports(&source, name);
}

struct str program_name(const struct program *p)
{
	return path_name(p->binary);
}

/* Looking at a library takes one beside the agent's own; without it none is found. */
static bool lacks_descriptors(void)
{
	scoped_fd int fd = open("/", O_RDONLY | O_CLOEXEC);

	return fd < 0 && errno == EMFILE;
}

static const char *why_no_agent(int r)
{
	switch (r) {
	case -ENODEV:
		return "liboriel-agent.so isn't found: where oriel lies itself is known by /proc, and "
		       "that isn't there; mount it, or name the agent with --agent";
	case -EMFILE:
	case -ENFILE:
		return "no descriptor is left to look at liboriel-agent.so with (ulimit -n)";
	case -EACCES:
		return "liboriel-agent.so, or a library that it needs, may not be read by this user";
	}
	return "liboriel-agent.so, or a library that it needs, isn't where oriel is installed";
}

const char *program_agent(char *to)
{
	struct arena arena = { 0 };
	struct libraries libs = { 0 };
	struct elf elf = { 0 };
	char path[PLACE_ROOM];
	int r = place_agent(path);

	if (r < 0)
		return why_no_agent(r);
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct elf_source source = elf_of_fd(fd);

	if (fd < 0)
		r = -errno;
	else if (elf_read(&elf, &source, &arena) != 0)
		r = -ENOENT;
	else if (elf.native) /* one for another machine or libc was named on purpose */
		r = libraries_find(&libs, str_of(path), &elf, getenv("LD_LIBRARY_PATH"), &arena);
	if (r == 0 && libs.n_missing)
		r = lacks_descriptors() ? -EMFILE : -ENOENT;
	if (r == 0)
		memcpy(to, path, sizeof(path));
	arena_fini(&arena);
	return r < 0 ? why_no_agent(r) : NULL;
}
