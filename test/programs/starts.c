/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program in every way that there is.
 *
 *     starts execve /bin/cat /proc/self/maps          takes our place
 *     starts vfork-execl /bin/cat /proc/self/maps     a child; its exit status is ours
 *     starts bare-vfork-execv ./starts maps           with an environment of one variable
 *     starts maps                                     prints how often the agent is in our maps
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char one[] = "A=1";
static char *bare[] = { one, NULL };

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static const char *joined(char **words)
{
	static char text[4096];

	for (; *words; words++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", *words);
	return text;
}

static int maps(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[4096];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "/liboriel-agent.so") != NULL;
	printf("%s\n", n ? "watched" : "alone");
	return 0;
}

static int spawn(const char *how, char **argv)
{
	pid_t pid;
	int r;

	if (strcmp(how, "spawn") == 0)
		r = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	else
		r = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	return r ? r : status_of(pid);
}

static int pipe_from(char **argv)
{
	FILE *f = popen(joined(argv), "re");
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		fputs(line, stdout);
	return f ? pclose(f) : 1;
}

static void exec(const char *how, char **a)
{
	if (strcmp(how, "execve") == 0)
		execve(a[0], a, environ);
	else if (strcmp(how, "execv") == 0)
		execv(a[0], a);
	else if (strcmp(how, "execvp") == 0)
		execvp(a[0], a);
	else if (strcmp(how, "execvpe") == 0)
		execvpe(a[0], a, environ);
	else if (strcmp(how, "execl") == 0)
		execl(a[0], a[0], a[1], a[1] ? a[2] : NULL, NULL);
	else if (strcmp(how, "execlp") == 0)
		execlp(a[0], a[0], a[1], a[1] ? a[2] : NULL, NULL);
	else if (strcmp(how, "execle") == 0)
		a[1] ? execle(a[0], a[0], a[1], NULL, environ) : execle(a[0], a[0], NULL, environ);
	else if (strcmp(how, "fexecve") == 0)
		fexecve(open(a[0], O_RDONLY | O_CLOEXEC), a, environ);
	else if (strcmp(how, "execveat") == 0)
		execveat(open(a[0], O_PATH | O_CLOEXEC), "", a, environ, AT_EMPTY_PATH);
	else
		errno = EINVAL;
}

static int vforked(const char *how, char **argv)
{
	pid_t pid = vfork();

	if (pid)
		return status_of(pid);
	exec(how, argv);
	_exit(errno);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(how, "maps") == 0)
		return maps();
	if (argc < 3)
		return 64;
	if (strncmp(how, "bare-", 5) == 0) {
		environ = bare;
		how += 5;
	}
	if (strncmp(how, "spawn", 5) == 0)
		return spawn(how, argv + 2);
	if (strcmp(how, "system") == 0)
		return system(joined(argv + 2)) ? 1 : 0;
	if (strcmp(how, "popen") == 0)
		return pipe_from(argv + 2);
	if (strncmp(how, "vfork-", 6) == 0)
		return vforked(how + 6, argv + 2);
	exec(how, argv + 2);
	_exit(errno);
}
