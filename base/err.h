/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error: where it was born and how it came up, printed once, at the top. Home side only.
 *
 *     if (fd < 0)
 *             return ERR(-errno);          born here
 *     r = store_open(path, &st);
 *     if (r < 0)
 *             return TRACE(r);             passing through
 *     ...
 *     fprintf(stderr, "oriel: %s\n", err_path(r));
 *
 * Zero is success; positive is an outcome that the function documents and its caller handles;
 * negative is unexpected (an errno) and travels up untouched. The path is kept per thread and
 * costs nothing while nothing fails.
 */
#pragma once

#define ERR(r) err_born((r), __FILE__, __LINE__)
#define TRACE(r) err_trace((r), __FILE__, __LINE__)

int err_born(int r, const char *file, int line);
int err_trace(int r, const char *file, int line);

/* "No space left on device (store/file.c:40 < cmd/run.c:12)"; valid until this thread's next call. */
const char *err_path(int r);
