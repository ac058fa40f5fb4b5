/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls by which a program writes to standard output and error, with what _FORTIFY_SOURCE makes
 * of them. libc's own calls of each other don't come by, so that no byte is seen twice; nor do those
 * that put a character into the stream's buffer in the program itself (putc_unlocked where it is a
 * macro). write and writev are with the sockets' calls.
 *
 * Calls that end in `...` are made by way of those that take a va_list.
 */
#ifndef __NO_INLINE__
#define __NO_INLINE__ 1 /* or the headers define some of them here already */
#endif

#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/logs/logs.h"
#include "agent/preload/preload.h"
#include "agent/sockets/descriptors.h"
#include "agent/sockets/sockets.h"

int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *f, int flag, const char *format, ...);
int __vprintf_chk(int flag, const char *format, va_list values);
int __vfprintf_chk(FILE *f, int flag, const char *format, va_list values);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __vdprintf_chk(int fd, int flag, const char *format, va_list values);

/* Macros of the C library's headers. */
#undef putc
#undef putchar
#undef putc_unlocked
#undef putchar_unlocked
#undef fputc_unlocked
#undef fputs_unlocked
#undef fwrite_unlocked
#undef _IO_putc
int _IO_putc(int c, FILE *f);

#define CALLS(X) \
	X(vprintf) \
	X(vfprintf) \
	X(vdprintf) \
	X(__vprintf_chk) \
	X(__vfprintf_chk) \
	X(__vdprintf_chk) \
	X(puts) \
	X(fputs) \
	X(fputs_unlocked) \
	X(fputc) \
	X(fputc_unlocked) \
	X(putchar) \
	X(putchar_unlocked) \
	X(fwrite) \
	X(fwrite_unlocked) \
	X(perror) \
	X(vwarn) \
	X(vwarnx) \
	X(verr) \
	X(verrx)

PRELOAD_TABLE(CALLS);

#define REAL_OR_EOF(call) \
	do { \
		if (__builtin_expect(!REAL(call), 0)) { \
			errno = ENOSYS; \
			return EOF; \
		} \
	} while (0)

static inline enum stream stream_of(const FILE *f)
{
	if (__builtin_expect(!atomic_load_explicit(&stdio_captured, memory_order_relaxed), 1))
		return STREAM_NONE;
	return f == stdout ? STREAM_OUT : f == stderr ? STREAM_ERR : STREAM_NONE;
}

static inline enum stream stream_of_fd(int fd)
{
	return fd == 1 ? STREAM_OUT : fd == 2 ? STREAM_ERR : STREAM_NONE;
}

static inline bool seen(enum stream s)
{
	return s != STREAM_NONE && stdio_captures(s) && !sockets_vforked();
}

/* ---- formatted ---------------------------------------------------------------------------------- */

/* The text before the call is made: %m and %n mean what they mean to it. */
static struct logs_text *text_of(const char *format, va_list values)
{
	int kept = errno;
	struct logs_text *t;
	va_list again;

	va_copy(again, values);
	t = logs_format(format, again);
	va_end(again);
	errno = kept;
	return t;
}

/* What was cut at its buffer's end is taken for a line: most are. */
static int done(struct logs_text *t, enum stream s, int r)
{
	if (t && r > 0)
		stdio_wrote(s, t->bytes, t->n, (uint32_t)r > t->n);
	logs_give(t);
	return r;
}

#define FORMATTED(s, call, ...) \
	__extension__({ \
		struct logs_text *text = seen(s) ? text_of(format, values) : NULL; \
		done(text, (s), REAL(call)(__VA_ARGS__)); \
	})

static int sent(struct logs_text *t, int fd, int r)
{
	sockets_printed(fd, t ? t->bytes : NULL, t ? t->n : 0, r);
	logs_give(t);
	return r;
}

#define FORMATTED_FD(fd, call, ...) \
	__extension__({ \
		bool socket = descriptors_watched(fd); \
		struct logs_text *to = socket ? text_of(format, values) : NULL; \
		socket ? sent(to, (fd), REAL(call)(__VA_ARGS__)) \
		       : FORMATTED(stream_of_fd(fd), call, __VA_ARGS__); \
	})

HOOK int vfprintf(FILE *f, const char *format, va_list values)
{
	REAL_OR_EOF(vfprintf);
	return FORMATTED(stream_of(f), vfprintf, f, format, values);
}

HOOK int vprintf(const char *format, va_list values)
{
	REAL_OR_EOF(vprintf);
	return FORMATTED(stream_of(stdout), vprintf, format, values);
}

HOOK int vdprintf(int fd, const char *format, va_list values)
{
	REAL_OR_EOF(vdprintf);
	return FORMATTED_FD(fd, vdprintf, fd, format, values);
}

HOOK int __vfprintf_chk(FILE *f, int flag, const char *format, va_list values)
{
	REAL_OR_EOF(__vfprintf_chk);
	return FORMATTED(stream_of(f), __vfprintf_chk, f, flag, format, values);
}

HOOK int __vprintf_chk(int flag, const char *format, va_list values)
{
	REAL_OR_EOF(__vprintf_chk);
	return FORMATTED(stream_of(stdout), __vprintf_chk, flag, format, values);
}

HOOK int __vdprintf_chk(int fd, int flag, const char *format, va_list values)
{
	REAL_OR_EOF(__vdprintf_chk);
	return FORMATTED_FD(fd, __vdprintf_chk, fd, flag, format, values);
}

#define BY_VALUES(last, how, where, call, ...) \
	__extension__({ \
		va_list values; \
		int r; \
		REAL_OR_EOF(call); \
		va_start(values, last); \
		r = how(where, call, __VA_ARGS__, values); \
		va_end(values); \
		r; \
	})

HOOK int printf(const char *format, ...)
{
	return BY_VALUES(format, FORMATTED, stream_of(stdout), vprintf, format);
}

HOOK int fprintf(FILE *f, const char *format, ...)
{
	return BY_VALUES(format, FORMATTED, stream_of(f), vfprintf, f, format);
}

HOOK int dprintf(int fd, const char *format, ...)
{
	return BY_VALUES(format, FORMATTED_FD, fd, vdprintf, fd, format);
}

HOOK int __printf_chk(int flag, const char *format, ...)
{
	return BY_VALUES(format, FORMATTED, stream_of(stdout), __vprintf_chk, flag, format);
}

HOOK int __fprintf_chk(FILE *f, int flag, const char *format, ...)
{
	return BY_VALUES(format, FORMATTED, stream_of(f), __vfprintf_chk, f, flag, format);
}

HOOK int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	return BY_VALUES(format, FORMATTED_FD, fd, __vdprintf_chk, fd, flag, format);
}

/* ---- as it is ------------------------------------------------------------------------------------ */

HOOK int puts(const char *text)
{
	int r;

	REAL_OR_EOF(puts);
	r = REAL(puts)(text);
	if (r >= 0 && seen(stream_of(stdout)))
		stdio_wrote(STREAM_OUT, text, strlen(text), true);
	return r;
}

static inline int put_text(FILE *f, const char *text, int r)
{
	enum stream s = stream_of(f);

	if (r >= 0 && seen(s))
		stdio_wrote(s, text, strlen(text), false);
	return r;
}

HOOK int fputs(const char *restrict text, FILE *restrict f)
{
	REAL_OR_EOF(fputs);
	return put_text(f, text, REAL(fputs)(text, f));
}

HOOK int fputs_unlocked(const char *restrict text, FILE *restrict f)
{
	REAL_OR_EOF(fputs_unlocked);
	return put_text(f, text, REAL(fputs_unlocked)(text, f));
}

static inline int put_character(FILE *f, int r)
{
	enum stream s = stream_of(f);
	char c = (char)r;

	if (r != EOF && seen(s))
		stdio_wrote(s, &c, 1, false);
	return r;
}

#define PUT_CHARACTER(name, call) \
	HOOK int name(int c, FILE *f) \
	{ \
		REAL_OR_EOF(call); \
		return put_character(f, REAL(call)(c, f)); \
	}

PUT_CHARACTER(fputc, fputc)
PUT_CHARACTER(putc, fputc)
PUT_CHARACTER(_IO_putc, fputc)
PUT_CHARACTER(fputc_unlocked, fputc_unlocked)
PUT_CHARACTER(putc_unlocked, fputc_unlocked)

HOOK int putchar(int c)
{
	REAL_OR_EOF(putchar);
	return put_character(stdout, REAL(putchar)(c));
}

HOOK int putchar_unlocked(int c)
{
	REAL_OR_EOF(putchar_unlocked);
	return put_character(stdout, REAL(putchar_unlocked)(c));
}

static inline size_t put_items(FILE *f, const void *p, size_t size, size_t r)
{
	enum stream s = stream_of(f);

	if (r && seen(s))
		stdio_wrote(s, p, size * r, false);
	return r;
}

HOOK size_t fwrite(const void *restrict p, size_t size, size_t n, FILE *restrict f)
{
	return REAL(fwrite) ? put_items(f, p, size, REAL(fwrite)(p, size, n, f)) : 0;
}

HOOK size_t fwrite_unlocked(const void *restrict p, size_t size, size_t n, FILE *restrict f)
{
	return REAL(fwrite_unlocked) ? put_items(f, p, size, REAL(fwrite_unlocked)(p, size, n, f))
				     : 0;
}

/* ---- errors ---------------------------------------------------------------------------------------- */

/* "before: text: what errno says", each part if it is there, as a line. */
static void complained(const char *before, const struct logs_text *text, int error)
{
	struct logs_text *t = logs_take();
	char room[64];
	const char *says = error ? strerror_r(error, room, sizeof(room)) : NULL;
	bool has_text = text && text->n;
	int n;

	if (!t)
		return;
	n = snprintf(t->bytes, sizeof(t->bytes), "%s%s%.*s%s%s", before,
		     before[0] && (has_text || says) ? ": " : "", has_text ? (int)text->n : 0,
		     has_text ? text->bytes : "", has_text && says ? ": " : "", says ? says : "");
	if (n > 0)
		stdio_wrote(STREAM_ERR, t->bytes,
			    (size_t)n < sizeof(t->bytes) ? (size_t)n : sizeof(t->bytes) - 1, true);
	logs_give(t);
}

HOOK void perror(const char *what)
{
	int error = errno;

	if (!REAL(perror))
		return;
	if (seen(STREAM_ERR))
		complained(what ? what : "", NULL, error);
	errno = error;
	REAL(perror)(what);
}

static void warned(int error, const char *format, va_list values)
{
	int kept = errno;
	struct logs_text *t = format && seen(STREAM_ERR) ? text_of(format, values) : NULL;

	if (seen(STREAM_ERR))
		complained(program_invocation_short_name, t, error);
	logs_give(t);
	errno = kept;
}

HOOK void vwarn(const char *format, va_list values)
{
	warned(errno, format, values);
	if (REAL(vwarn))
		REAL(vwarn)(format, values);
}

HOOK void vwarnx(const char *format, va_list values)
{
	warned(0, format, values);
	if (REAL(vwarnx))
		REAL(vwarnx)(format, values);
}

HOOK void warn(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vwarn(format, values);
	va_end(values);
}

HOOK void warnx(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vwarnx(format, values);
	va_end(values);
}

/* libc's own end the program with this status. */
HOOK void verr(int status, const char *format, va_list values)
{
	warned(errno, format, values);
	if (REAL(verr))
		REAL(verr)(status, format, values);
	exit(status);
}

HOOK void verrx(int status, const char *format, va_list values)
{
	warned(0, format, values);
	if (REAL(verrx))
		REAL(verrx)(status, format, values);
	exit(status);
}

HOOK void err(int status, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	verr(status, format, values);
}

HOOK void errx(int status, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	verrx(status, format, values);
}
