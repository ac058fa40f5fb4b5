/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { ERR_STEPS = 12 };

static __thread struct {
	struct {
		const char *file;
		int line;
	} step[ERR_STEPS];
	int n;
	char text[512];
} path;

static int err_step(int r, const char *file, int line)
{
	if (r < 0 && path.n < ERR_STEPS) {
		path.step[path.n].file = file;
		path.step[path.n++].line = line;
	}
	return r;
}

int err_born(int r, const char *file, int line)
{
	path.n = 0;
	return err_step(r, file, line);
}

int err_trace(int r, const char *file, int line)
{
	return err_step(r, file, line);
}

const char *err_path(int r)
{
	size_t n = (size_t)snprintf(path.text, sizeof(path.text), "%s", strerror(r < 0 ? -r : r));

	for (int i = 0; i < path.n && n < sizeof(path.text); i++)
		n += (size_t)snprintf(path.text + n, sizeof(path.text) - n, "%s%s:%d",
				      i ? " < " : " (", path.step[i].file, path.step[i].line);
	if (path.n && n < sizeof(path.text))
		snprintf(path.text + n, sizeof(path.text) - n, ")");
	return path.text;
}
