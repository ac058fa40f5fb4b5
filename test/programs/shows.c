/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows all that a program can find around itself: arguments, standard input, working directory,
 * umask, signal mask, ignored signals, descriptors, environment (but for what a watched program has
 * more). Ends with 7. With SHOWS_MARKS its constructor and main leave a line each in that file; with
 * SHOWS_FORK it forks on the way.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void mark(const char *text)
{
	const char *path = getenv("SHOWS_MARKS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			_exit(1);
		close(fd);
	}
}

__attribute__((constructor)) static void before_main(void)
{
	mark("constructor of the program\n");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void show_environment(void)
{
	size_t n = 0;

	while (environ[n])
		n++;
	qsort(environ, n, sizeof(*environ), by_text);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0 &&
		    strncmp(environ[i], "LD_AUDIT=", 9) != 0 &&
		    strncmp(environ[i], "ORIEL_", 6) != 0 &&
		    strncmp(environ[i], "ASAN_OPTIONS=", 13) != 0)
			printf("env %s\n", environ[i]);
}

static void show_descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd %d %d\n", fd, fcntl(fd, F_GETFD));
}

static void show_signals(void)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int s = 1; s < NSIG; s++) {
		struct sigaction now;

		if (sigismember(&mask, s) == 1)
			printf("blocked %d\n", s);
		if (sigaction(s, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			printf("ignored %d\n", s);
	}
}

int main(int argc, char **argv)
{
	char line[4096], name[32];
	mode_t mask = umask(0);

	umask(mask);
	mark("main\n");
	for (int i = 0; i < argc; i++)
		printf("argument %s\n", argv[i]);
	prctl(PR_GET_NAME, name);
	printf("name %s\ncwd %s\numask %o\nalarm %u\n", name, getcwd(line, sizeof(line)), mask,
	       alarm(0));
	show_signals();
	show_descriptors();
	show_environment();
	while (fgets(line, sizeof(line), stdin))
		printf("input %s", line);
	fflush(stdout);
	if (getenv("SHOWS_FORK")) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
	return 7;
}
