/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes: a program that knows nothing of Oriel and says things in all the ways that there are. With
 * _FORTIFY_SOURCE it is writes-fortified.
 *
 *     writes syslog | journal | out | threads | fork | exit | json
 *
 * `out` ends with 3 if a call's value or errno isn't what it must be.
 */
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

static void must(int fact)
{
	if (!fact)
		_exit(3);
}

static void by_vsyslog(int priority, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsyslog(priority, format, values);
	va_end(values);
}

static void to_syslog(void)
{
	openlog("writes", LOG_PID, LOG_DAEMON);
	errno = ENOENT;
	syslog(LOG_ERR, "no file: %m");
	syslog(LOG_WARNING | LOG_LOCAL3, "%d left\n", 3);
	by_vsyslog(LOG_EMERG, "%s", "vsyslog");
	syslog(LOG_DEBUG, "below the level");
	setlogmask(LOG_UPTO(LOG_ERR));
	syslog(LOG_INFO, "masked");
}

static void to_journal(void)
{
	void *library = dlopen("libsystemd.so.0", RTLD_NOW);
	int (*print)(int, const char *, ...) = library ? dlsym(library, "sd_journal_print") : NULL;
	int (*send)(const char *, ...) = library ? dlsym(library, "sd_journal_send") : NULL;
	int (*located)(int, const char *, const char *, const char *, const char *, ...) =
		library ? dlsym(library, "sd_journal_print_with_location") : NULL;

	must(print && send && located);
	must(print(LOG_WARNING, "printed %d", 1) == 0);
	must(send("MESSAGE=sent %d", 2, "PRIORITY=%d", LOG_ERR, "ORDER_ID=%s", "o-7", NULL) == 0);
	must(located(LOG_NOTICE, "CODE_FILE=some.c", "CODE_LINE=12", "here", "located") == 0);
}

static void by_values(FILE *f, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	must(vfprintf(f, format, values) > 0);
	va_end(values);
}

static void to_output(void)
{
	struct iovec v[2] = { { (char[]){ "wri" }, 3 }, { (char[]){ "tev\nhalf" }, 8 } };
	char long_line[6000];
	volatile char c = '!';

	must(printf("%s %d\n", "printf", 7) == 9);
	must(fprintf(stderr, "fprintf %s\n", "to stderr") == 18);
	by_values(stdout, "vfprintf %d\n", 1);
	must(dprintf(2, "dprintf %d\n", 2) == 10);
	must(puts("puts") >= 0 && fputs("fpu", stdout) >= 0 && fputs("ts\n", stdout) >= 0);
	must(fwrite("fwrite\n", 1, 7, stdout) == 7 && putchar(c) == '!' &&
	     fputc('?', stdout) == '?');
	must(putc('\n', stdout) == '\n');
	fflush(stdout);
	must(write(1, "write\ntwo", 9) == 9 && write(1, "\n", 1) == 1);
	must(writev(1, v, 2) == 11 && write(1, " done\r\n\n", 8) == 8);
	errno = ENOENT;
	perror("perror");
	errno = EACCES;
	warn("warn %d", 1);
	must(errno == EACCES);
	warnx("warnx");
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	must(printf("%s\n", long_line) == 6000);
	errno = 0;
	must(write(99, "x", 1) < 0 && errno == EBADF);
	must(fprintf(stdin, "%d", 1) < 0);
	fflush(stdout);
}

static void *many(void *you)
{
	for (int i = 0; i < 2000; i++)
		printf("thread %ld line %d\n", (long)(intptr_t)you, i);
	return NULL;
}

static void handler(int signal)
{
	(void)!write(1, "handled\n", 8);
	(void)signal;
}

static void by_threads(void)
{
	pthread_t thread[4];

	signal(SIGUSR1, handler);
	for (long i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, many, (void *)(intptr_t)i);
	for (int i = 0; i < 50; i++) {
		pthread_kill(thread[i % 4], SIGUSR1);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (strcmp(how, "syslog") == 0)
		to_syslog();
	else if (strcmp(how, "journal") == 0)
		to_journal();
	else if (strcmp(how, "out") == 0)
		to_output();
	else if (strcmp(how, "threads") == 0)
		by_threads();
	else if (strcmp(how, "fork") == 0) {
		must(write(1, "half of ", 8) == 8);
		if (fork() == 0) {
			must(write(1, "child's\n", 8) == 8);
			_exit(0);
		}
		wait(NULL);
		must(write(1, "a line\n", 7) == 7);
	} else if (strcmp(how, "exit") == 0) {
		printf("no end");
		errno = ENOENT;
		err(4, "leaving");
	} else if (strcmp(how, "json") == 0) {
		puts("{\"level\":\"warn\",\"msg\":\"from json\",\"time\":\"2026-01-02T03:04:05.678Z\","
		     "\"order\":7,\"tags\":[\"a\",\"b\"],\"deep\":{\"x\":1.5}}");
		puts("{\"severity\":\"ERROR\",\"message\":\"other names\",\"ts\":1767323045.25}");
		puts("{not json}");
	}
	return 0;
}
