/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/place.h"
#include "base/err.h"
#include "wire/segment.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Where `make install` puts our parts; the build says. */
#ifndef ORIEL_LIBDIR
#define ORIEL_LIBDIR "/usr/local/lib"
#endif
#ifndef ORIEL_LIBEXECDIR
#define ORIEL_LIBEXECDIR "/usr/local/libexec"
#endif

__attribute__((format(printf, 2, 3))) static int place_write(char *to, const char *fmt, ...)
{
	char text[PLACE_ROOM];
	va_list list;
	int n;

	va_start(list, fmt);
	n = vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	if (n < 0 || n >= PLACE_ROOM)
		return ERR(-ENAMETOOLONG);
	memcpy(to, text, (size_t)n + 1);
	return 0;
}

/* A collector lives in /, so what it is told must not hang on our working directory. */
static int place_absolute(char *to, const char *path)
{
	char here[PLACE_ROOM];

	if (path[0] == '/')
		return TRACE(place_write(to, "%s", path));
	if (!getcwd(here, sizeof(here)))
		return ERR(-errno);
	return TRACE(place_write(to, "%s/%s", here, path));
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

static int make_dirs(const char *path)
{
	char part[PLACE_ROOM];
	size_t n = strlen(path);

	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return ERR(-errno);
	}
	return 0;
}

int place_run_dir(char *to)
{
	const char *given = variable("ORIEL_RUN_DIR");
	char path[PLACE_ROOM];
	struct stat st;
	int r;

	r = given ? place_absolute(path, given) : place_write(path, "/dev/shm/oriel-%u", geteuid());
	if (r < 0)
		return TRACE(r);
	if (lstat(path, &st) < 0) {
		r = make_dirs(path);
		if (r < 0)
			return TRACE(r);
		if (lstat(path, &st) < 0)
			return ERR(-errno);
	}
	if (!S_ISDIR(st.st_mode))
		return ERR(-ENOTDIR);
	if (st.st_uid != geteuid() || (st.st_mode & 077))
		return ERR(-EPERM);
	strcpy(to, path);
	return 0;
}

bool place_has_room(const char *run_dir, uint64_t *mib)
{
	struct statvfs fs;
	uint64_t free;

	*mib = UINT64_MAX;
	if (statvfs(run_dir, &fs) < 0)
		return true;
	free = (uint64_t)fs.f_bavail * fs.f_frsize;
	*mib = free >> 20;
	return free / SEGMENT_SHARE >= SEGMENT_LEAST;
}

int place_data_dir(char *to)
{
	const char *given = variable("ORIEL_DATA_DIR");
	const char *xdg = variable("XDG_DATA_HOME");
	const char *home = variable("HOME");

	if (given)
		return TRACE(place_absolute(to, given));
	if (xdg && xdg[0] == '/')
		return TRACE(place_write(to, "%s/oriel", xdg));
	if (!home) {
		struct passwd *user = getpwuid(geteuid());

		home = user ? user->pw_dir : NULL;
	}
	if (!home)
		return ERR(-ENOENT);
	return TRACE(place_write(to, "%s/.local/share/oriel", home));
}

int place_make_data_dir(char *to)
{
	char path[PLACE_ROOM];
	int r = place_data_dir(path);

	if (r < 0)
		return TRACE(r);
	r = make_dirs(path);
	if (r < 0)
		return TRACE(r);
	strcpy(to, path);
	return 0;
}

int place_self(char *to)
{
	char path[PLACE_ROOM];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return ERR(-errno);
	path[n] = '\0';
	strcpy(to, path);
	return 0;
}

/* Beside our own executable as in a build directory, else below where we were installed. */
static int place_part(char *to, const char *name, const char *installed)
{
	char self[PLACE_ROOM], path[PLACE_ROOM];
	bool known = place_self(self) == 0;

	if (known) {
		*strrchr(self, '/') = '\0';
		if (place_write(path, "%s/%s", self, name) == 0 && access(path, F_OK) == 0)
			return TRACE(place_write(to, "%s", path));
	}
	if (place_write(path, "%s/%s", installed, name) == 0 && access(path, F_OK) == 0)
		return TRACE(place_write(to, "%s", path));
	return known ? ERR(-ENOENT) : ERR(-ENODEV);
}

int place_agent(char *to)
{
	const char *given = variable("ORIEL_AGENT");

	if (given)
		return access(given, F_OK) < 0 ? ERR(-errno) : TRACE(place_absolute(to, given));
	return TRACE(place_part(to, "liboriel-agent.so", ORIEL_LIBDIR));
}

int place_inspector(char *to)
{
	return TRACE(place_part(to, "oriel-inspect", ORIEL_LIBEXECDIR "/oriel"));
}

int place_collector(char *to)
{
	return TRACE(place_part(to, "oriel-collect", ORIEL_LIBEXECDIR "/oriel"));
}

int place_configure(char *to)
{
	return TRACE(place_part(to, "oriel-configure", ORIEL_LIBEXECDIR "/oriel"));
}
