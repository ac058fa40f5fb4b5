/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/libraries.h"
#include "base/err.h"
#include "base/out.h"
#include "base/scoped.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

enum {
	DIRS_MOST = 256,
	CONF_MOST = 64 << 10, /* bytes of one ld.so.conf */
	CONF_DEEP = 4,	      /* includes within includes */
};

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#else
#define MULTIARCH "lib"
#endif

struct search {
	struct arena *arena;
	struct libraries *libs;
	struct str library_path;
	struct str dir[DIRS_MOST]; /* the system's, read once */
	size_t n_dirs;
	struct str main_rpath; /* the program's DT_RPATH holds for what it loads, too */
	struct str main_origin;
};

static void add_dir(struct search *s, struct str dir)
{
	if (dir.n && dir.p[0] == '/' && s->n_dirs < DIRS_MOST)
		s->dir[s->n_dirs++] = arena_copy(s->arena, dir);
}

static void read_conf(struct search *s, const char *path, int deep);

static void include_conf(struct search *s, struct str pattern, int deep)
{
	char text[1024];
	glob_t found;

	if (deep >= CONF_DEEP || pattern.n >= sizeof(text) - 5)
		return;
	snprintf(text, sizeof(text), "%s" STR_FMT, pattern.p[0] == '/' ? "" : "/etc/",
		 STR_ARG(pattern));
	if (glob(text, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		read_conf(s, found.gl_pathv[i], deep + 1);
	globfree(&found);
}

static void read_conf(struct search *s, const char *path, int deep)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *bytes = fd < 0 ? NULL : arena_take(s->arena, CONF_MOST);
	ssize_t n = bytes ? read(fd, bytes, CONF_MOST) : -1;
	struct str text = { bytes, n > 0 ? (size_t)n : 0 };

	while (text.n) {
		struct cut line = str_cut(text, '\n');
		struct str dir = str_trim(str_cut(line.head, '#').head);

		text = line.tail;
		if (str_starts(dir, STR("include ")) || str_starts(dir, STR("include\t")))
			include_conf(s, str_trim(str_from(dir, 8)), deep);
		else
			add_dir(s, dir);
	}
}

static void system_dirs(struct search *s)
{
	static const struct str usual[] = {
		STR("/lib/" MULTIARCH),
		STR("/usr/lib/" MULTIARCH),
		STR("/lib64"),
		STR("/usr/lib64"),
		STR("/lib"),
		STR("/usr/lib"),
	};

	read_conf(s, "/etc/ld.so.conf", 0);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add_dir(s, usual[i]);
}

/* Opens it if it is a file of ours; reads it. Its path goes to `library`. */
static bool try_file(struct search *s, const char *path, struct library *library, struct elf *elf)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct elf_source source = elf_of_fd(fd);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (elf_read(elf, &source, s->arena) != 0 || !elf->native)
		return false;
	library->path = arena_copy(s->arena, str_of(path));
	return true;
}

/* $ORIGIN and $LIB, with or without braces; false for any other token. */
static bool expand(struct out *to, struct str dir, struct str origin)
{
	static const struct {
		struct str token;
		bool origin;
	} known[] = {
		{ STR("$ORIGIN"), true },
		{ STR("${ORIGIN}"), true },
		{ STR("$LIB"), false },
		{ STR("${LIB}"), false },
	};

	while (dir.n) {
		size_t k = 0, n = sizeof(known) / sizeof(known[0]);

		if (dir.p[0] != '$') {
			out_char(to, dir.p[0]);
			dir = str_from(dir, 1);
			continue;
		}
		while (k < n && !str_starts(dir, known[k].token))
			k++;
		if (k == n)
			return false;
		out_str(to, known[k].origin ? origin : STR("lib/" MULTIARCH));
		dir = str_from(dir, known[k].token.n);
	}
	return !to->error;
}

static bool try_dir(struct search *s, struct str dir, struct str origin, struct library *library,
		    struct elf *elf)
{
	struct out path = { .limit = 4096 };
	bool found = false;

	if (dir.n && expand(&path, dir, origin)) {
		out_char(&path, '/');
		out_str(&path, library->name);
		out_char(&path, '\0');
		found = !path.error && try_file(s, path.p, library, elf);
	}
	out_fini(&path);
	return found;
}

static bool try_list(struct search *s, struct str dirs, struct str origin, struct library *library,
		     struct elf *elf)
{
	while (dirs.n) {
		struct cut c = str_cut(dirs, ':');

		if (try_dir(s, c.head, origin, library, elf))
			return true;
		dirs = c.tail;
	}
	return false;
}

static struct str origin_of(struct str path)
{
	while (path.n > 1 && path.p[path.n - 1] != '/')
		path.n--;
	return path.n > 1 ? str_first(path, path.n - 1) : path;
}

/* `user` is the object that needs it. */
static bool find_one(struct search *s, const struct elf *user, struct str origin,
		     struct library *library, struct elf *elf)
{
	if (memchr(library->name.p, '/', library->name.n)) {
		char path[ELF_MOST_NAME + 1];

		snprintf(path, sizeof(path), STR_FMT, STR_ARG(library->name));
		return try_file(s, path, library, elf);
	}
	if (!user->runpath.n && (try_list(s, user->rpath, origin, library, elf) ||
				 try_list(s, s->main_rpath, s->main_origin, library, elf)))
		return true;
	if (try_list(s, s->library_path, origin, library, elf) ||
	    try_list(s, user->runpath, origin, library, elf))
		return true;
	if (!s->n_dirs)
		system_dirs(s);
	for (size_t i = 0; i < s->n_dirs; i++)
		if (try_dir(s, s->dir[i], origin, library, elf))
			return true;
	return false;
}

/* glibc itself is there, because oriel runs on it, and it needs nothing that anyone asks about. */
static bool is_libc_here(struct str name)
{
#if defined(__GLIBC__)
	return str_eq(name, STR("libc.so.6")) || str_starts(name, STR("ld-linux"));
#else
	(void)name;
	return false;
#endif
}

/* Breadth first, as the linker loads them. `elf` lists what each found one needs in turn. */
static void add_needed(struct search *s, const struct elf *user, struct str path, struct elf *elf)
{
	struct libraries *libs = s->libs;
	struct str origin = origin_of(path);

	for (size_t i = 0; i < user->n_needed && libs->n < LIBRARIES_MOST; i++) {
		struct library *library = &libs->item[libs->n];

		if (!user->needed[i].n || libraries_get(libs, user->needed[i]))
			continue;
		*library = (struct library){ .name = user->needed[i] };
		elf[libs->n] = (struct elf){ 0 };
		if (!is_libc_here(library->name) &&
		    !find_one(s, user, origin, library, &elf[libs->n]))
			libs->n_missing++;
		libs->n++;
	}
}

int libraries_find(struct libraries *out, struct str program, const struct elf *elf,
		   const char *library_path, struct arena *arena)
{
	struct libraries libs = { .item = arena_take_n(arena, struct library, LIBRARIES_MOST) };
	struct elf *elfs = arena_take_n(arena, struct elf, LIBRARIES_MOST);
	struct search *s = arena_take_n(arena, struct search, 1);

	if (!libs.item || !elfs || !s)
		return ERR(-ENOMEM);
	*s = (struct search){
		.arena = arena,
		.libs = &libs,
		.library_path = str_of(library_path),
		.main_rpath = elf->runpath.n ? (struct str){ 0 } : elf->rpath,
		.main_origin = origin_of(program),
	};
	add_needed(s, elf, program, elfs);
	for (size_t i = 0; i < libs.n; i++) {
		add_needed(s, &elfs[i], libs.item[i].path, elfs);
		/* What is absurd is as much as nobody has, and sums don't overflow. */
		libs.static_tls += elfs[i].static_tls < INT32_MAX ? elfs[i].static_tls : INT32_MAX;
	}
	*out = libs;
	return 0;
}

const struct library *libraries_get(const struct libraries *libs, struct str name)
{
	for (size_t i = 0; i < libs->n; i++)
		if (str_eq(libs->item[i].name, name))
			return &libs->item[i];
	return NULL;
}

const struct library *libraries_like(const struct libraries *libs, struct str prefix)
{
	for (size_t i = 0; i < libs->n; i++)
		if (str_starts(libs->item[i].name, prefix))
			return &libs->item[i];
	return NULL;
}
