/* SPDX-License-Identifier: Apache-2.0 */
#include "symbol/demangle.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

enum { NAME_MOST = 512 };

static char *(*ask)(const char *name, char *room, size_t *n, int *status);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find(void)
{
	void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);

	if (library)
		*(void **)&ask = dlsym(library, "__cxa_demangle");
}

bool demangle(struct out *o, const char *name)
{
	char *made;
	int status = 0;

	if (!name || strncmp(name, "_Z", 2) != 0)
		return false;
	pthread_once(&once, find);
	made = ask ? ask(name, NULL, NULL, &status) : NULL;
	if (!made)
		return false;
	out_str(o, str_first(str_of(made), NAME_MOST));
	free(made);
	return true;
}
