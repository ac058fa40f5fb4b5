/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would run: an ELF file's dynamic linker and libraries, a script's interpreter. A foreign
 * file: every read is bounded, and what makes no sense counts as fitting, since the kernel will say
 * so itself. System calls are made directly, so that they are neither cancellation points nor come
 * by our own hooks.
 */
#include "agent/follow.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/address-space.h"
#include "base/linker.h"

enum { SCRIPTS_MOST = 4, PROGRAM_HEADERS_MOST = 64, DYNAMIC_MOST = 512 };

/* What runs here: where it was when it was started, and which file that is. */
static char here[FOLLOW_PATH_ROOM];
static dev_t here_dev;
static ino_t here_ino;

static char agent[FOLLOW_PATH_ROOM];

static bool stat_at(int at, const char *path, struct stat *st)
{
	return syscall(SYS_newfstatat, at, path, st, path[0] ? 0 : AT_EMPTY_PATH) == 0;
}

static bool read_at(int fd, void *to, size_t n, uint64_t offset)
{
	return syscall(SYS_pread64, fd, to, n, offset) == (long)n;
}

void target_start(const char *path)
{
	struct str whole = str_of(path);

	long n = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", here, sizeof(here) - 1);
	struct stat st;

	if (whole.n && whole.p[0] == '/' && whole.n < sizeof(agent))
		memcpy(agent, whole.p, whole.n + 1);
	here[n > 0 ? n : 0] = '\0';
	if (stat_at(AT_FDCWD, "/proc/self/exe", &st)) {
		here_dev = st.st_dev;
		here_ino = st.st_ino;
	}
}

/* ---- ELF ---------------------------------------------------------------------------------------- */

struct image {
	int fd;
	ElfW(Ehdr) header;
	ElfW(Phdr) dynamic;
};

static bool program_header(const struct image *m, unsigned i, ElfW(Phdr) * p)
{
	return read_at(m->fd, p, sizeof(*p), m->header.e_phoff + (uint64_t)i * sizeof(*p));
}

static bool musl(const struct image *m, const ElfW(Phdr) * interpreter)
{
	char name[128] = "";
	size_t n = interpreter->p_filesz < sizeof(name) ? interpreter->p_filesz : sizeof(name) - 1;

	return read_at(m->fd, name, n, interpreter->p_offset) && strstr(name, "/ld-musl");
}

static uint64_t offset_of(const struct image *m, uint64_t address)
{
	ElfW(Phdr) p;

	for (unsigned i = 0; i < m->header.e_phnum && i < PROGRAM_HEADERS_MOST; i++)
		if (program_header(m, i, &p) && p.p_type == PT_LOAD &&
		    address - p.p_vaddr < p.p_filesz)
			return address - p.p_vaddr + p.p_offset;
	return 0;
}

static bool is_asan(const struct image *m, uint64_t at)
{
	char name[20] = "";
	struct str s;

	(void)syscall(SYS_pread64, m->fd, name, sizeof(name) - 1, at);
	s = str_of(name);
	return str_starts(s, STR("libasan.so")) || str_starts(s, STR("libclang_rt.asan"));
}

static bool needs_asan(const struct image *m)
{
	uint64_t n = m->dynamic.p_filesz / sizeof(ElfW(Dyn)), strings = 0;
	ElfW(Dyn) d;

	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t i = 0; i < n && i < DYNAMIC_MOST; i++) {
			if (!read_at(m->fd, &d, sizeof(d), m->dynamic.p_offset + i * sizeof(d)) ||
			    d.d_tag == DT_NULL)
				break;
			if (pass == 0 && d.d_tag == DT_STRTAB)
				strings = offset_of(m, d.d_un.d_ptr);
			if (pass == 1 && d.d_tag == DT_NEEDED && is_asan(m, strings + d.d_un.d_val))
				return true;
		}
		if (!strings)
			return false;
	}
	return false;
}

static bool native(const ElfW(Ehdr) * h)
{
	static const unsigned char class[] = { ELFCLASSNONE, ELFCLASS32, ELFCLASS64 };
	const unsigned machine =
#if defined(__x86_64__)
		EM_X86_64;
#elif defined(__aarch64__)
		EM_AARCH64;
#else
		h->e_machine;
#endif

	return h->e_ident[EI_CLASS] == class[sizeof(void *) / 4] && h->e_machine == machine &&
	       h->e_phentsize == sizeof(ElfW(Phdr));
}

static void look_at_elf(struct image *m, struct target *t)
{
	ElfW(Phdr) p;

	if (!native(&m->header)) {
		t->unfit = true;
		return;
	}
	for (unsigned i = 0; i < m->header.e_phnum && i < PROGRAM_HEADERS_MOST; i++) {
		if (!program_header(m, i, &p))
			return;
		if (p.p_type == PT_INTERP)
			t->unfit = musl(m, &p);
		else if (p.p_type == PT_DYNAMIC)
			m->dynamic = p;
	}
	t->needs_asan = needs_asan(m);
}

/* ---- any file ----------------------------------------------------------------------------------- */

/* "#! /bin/sh -e" as "/bin/sh". */
static bool interpreter_of(const char *line, size_t n, char path[128])
{
	struct str s = { line + 2, n - 2 };
	size_t k = 0;

	while (s.n && (*s.p == ' ' || *s.p == '\t'))
		s = str_from(s, 1);
	while (k < s.n && k < 127 && !strchr(" \t\n", s.p[k])) {
		path[k] = s.p[k];
		k++;
	}
	path[k] = '\0';
	return k > 0;
}

static void look(int fd, struct target *t, int deep)
{
	struct image m = { .fd = fd };
	char line[128], path[128];
	long n = syscall(SYS_pread64, fd, line, sizeof(line), 0);

	if (n >= (long)sizeof(m.header) && memcmp(line, ELFMAG, SELFMAG) == 0) {
		memcpy(&m.header, line, sizeof(m.header));
		look_at_elf(&m, t);
	} else if (n > 2 && line[0] == '#' && line[1] == '!' && deep < SCRIPTS_MOST &&
		   interpreter_of(line, (size_t)n, path)) {
		int next = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

		if (next >= 0) {
			look(next, t, deep + 1);
			syscall(SYS_close, next);
		}
	}
}

/* The same name in the same directory: a new version lies where the old one lay. */
static bool same_place(const struct str path)
{
	const char *slash = strrchr(here, '/');
	size_t n = path.n;
	char directory[FOLLOW_PATH_ROOM];
	struct stat a, b;

	while (n && path.p[n - 1] != '/')
		n--;
	if (!slash || n + 2 > sizeof(directory) || !str_eq(str_from(path, n), str_of(slash + 1)))
		return false;
	memcpy(directory, n ? path.p : "./", n ? n : 2);
	directory[n ? n : 2] = '\0';
	if (!stat_at(AT_FDCWD, directory, &a))
		return false;
	n = (size_t)(slash - here) + 1;
	memcpy(directory, here, n);
	directory[n] = '\0';
	return stat_at(AT_FDCWD, directory, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* For this user, from this root directory. */
static bool agent_is_lost(void)
{
	return agent[0] && syscall(SYS_faccessat, AT_FDCWD, agent, R_OK) != 0 &&
	       (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
}

static struct target target_of_open(int fd)
{
	struct target t = { .found = true };
	struct stat st;

	if (here_ino && stat_at(fd, "", &st))
		t.same = st.st_dev == here_dev && st.st_ino == here_ino;
	look(fd, &t, 0);
	t.lacks_agent = agent_is_lost();
	t.narrow = address_space_is_narrow();
	t.unfit |= t.lacks_agent || t.narrow;
	return t;
}

/* The descriptor may be for executing only (O_PATH). */
struct target target_of_fd(int fd)
{
	char path[32] = "/proc/self/fd/", digits[12];
	size_t n = sizeof("/proc/self/fd/") - 1, k = 0;

	for (unsigned v = fd < 0 ? 0 : (unsigned)fd; k == 0 || v; v /= 10)
		digits[k++] = (char)('0' + v % 10);
	while (k)
		path[n++] = digits[--k];
	return target_of_path(AT_FDCWD, path);
}

struct target target_of_path(int at, const char *path)
{
	struct target t = { 0 };
	int kept = errno;
	int fd;

	if (path)
		fd = (int)syscall(SYS_openat, at, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	else
		fd = -1;
	if (fd >= 0) {
		t = target_of_open(fd);
		syscall(SYS_close, fd);
		t.same = t.same || same_place(str_of(path));
		t.unfit |= linker_is_musl(str_of(path));
	}
	errno = kept;
	return t;
}

static struct target target_in(struct str directory, const char *name)
{
	char path[FOLLOW_PATH_ROOM];
	size_t n = strlen(name);

	if (!directory.n)
		directory = STR(".");
	if (directory.n + n + 2 > sizeof(path))
		return (struct target){ 0 };
	memcpy(path, directory.p, directory.n);
	path[directory.n] = '/';
	memcpy(path + directory.n + 1, name, n + 1);
	if (syscall(SYS_faccessat, AT_FDCWD, path, X_OK) != 0)
		return (struct target){ 0 };
	return target_of_path(AT_FDCWD, path);
}

struct target target_of_name(const char *name)
{
	struct str list = str_of(getenv("PATH"));
	struct target t = { 0 };
	int kept = errno;
	bool more = true;

	if (!name || strchr(name, '/'))
		return target_of_path(AT_FDCWD, name);
	if (!list.p)
		list = STR("/bin:/usr/bin");
	while (more && !t.found) {
		struct cut c = str_cut(list, ':');

		t = target_in(c.head, name);
		more = c.found;
		list = c.tail;
	}
	errno = kept;
	return t;
}
