/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches libraries in the ways that go past LD_PRELOAD, and in those that don't.
 *
 *     opens local|global|deepbind|namespace PLUGIN.so URL     a plugin of programs/plugin.c
 *     opens dlsym|default LIBRARY                              SQLite by pointers from dlsym
 */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static int by_plugin(const char *how, const char *path, const char *url)
{
	int (*plugin)(const char *);
	void *l;

	if (strcmp(how, "namespace") == 0)
		l = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);
	else if (strcmp(how, "deepbind") == 0)
		l = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	else
		l = dlopen(path, RTLD_LAZY | (*how == 'g' ? RTLD_GLOBAL : RTLD_LOCAL));
	plugin = l ? (int (*)(const char *))dlsym(l, "plugin") : NULL;
	if (!plugin) {
		printf("%s\n", dlerror());
		return 1;
	}
	printf("%d\n", plugin(url));
	return 0;
}

#define FROM(l, call) ((__typeof__(call) *)dlsym(l, #call))

static int by_dlsym(void *l)
{
	sqlite3 *db;
	sqlite3_stmt *s;

	if (FROM(l, sqlite3_open)(":memory:", &db))
		return 1;
	FROM(l, sqlite3_prepare_v2)(db, "SELECT 1", -1, &s, NULL);
	printf("%d\n", FROM(l, sqlite3_step)(s));
	printf("%d\n", FROM(l, sqlite3_step)(s));
	FROM(l, sqlite3_finalize)(s);
	return FROM(l, sqlite3_close)(db);
}

int main(int argc, char **argv)
{
	void *l;

	if (argc == 4)
		return by_plugin(argv[1], argv[2], argv[3]);
	if (argc != 3)
		return 64;
	l = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
	if (strcmp(argv[1], "default") == 0) {
		l = dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL);
		return l ? by_dlsym(RTLD_DEFAULT) : 1;
	}
	return l ? by_dlsym(l) : 1;
}
