/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exec and spawn functions, each reduced to the one of libc that takes an environment. system()
 * and popen() start a shell from inside libc, where nobody can come between: that inherits this
 * process's own environment.
 */
#include "agent/follow.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/real.h"

#define CALLS(X) \
	X(execve) \
	X(execvpe) \
	X(fexecve) \
	X(execveat) \
	X(posix_spawn) \
	X(posix_spawnp)

static struct real_library library;
REAL_TABLE(CALLS);

/* Before main: the loader is not to be asked between vfork and exec. */
__attribute__((constructor)) static void find(void)
{
	int kept = errno;

	real_find_all(real, N_CALLS);
	errno = kept;
}

/* The environment that the target gets; what is new in it lies in the caller's frame. */
#define CHANGED(looked, envp, spawns) \
	__extension__({ \
		char *const *environment = (envp); \
		const struct target found = follow_ready ? (looked) : (struct target){ 0 }; \
		struct change change = follow_change(environment, &found, spawns); \
		if (change.slots) { \
			char **to = alloca(change.slots * sizeof(*to)); \
			environment_write(&change, environment, to, alloca(change.bytes)); \
			environment = to; \
		} \
		environment; \
	})

/* Arguments of execl and the like, as an array in the caller's frame; `last` is where they end. */
#define GATHERED(first, last) \
	__extension__({ \
		char **array; \
		size_t n = 1; \
		va_start(last, first); \
		while (va_arg(last, char *)) \
			n++; \
		va_end(last); \
		array = alloca((n + 1) * sizeof(*array)); \
		array[0] = (char *)(uintptr_t)first; \
		va_start(last, first); \
		for (size_t i = 1; i <= n; i++) \
			array[i] = va_arg(last, char *); \
		array; \
	})

static int missing(void)
{
	errno = ENOSYS;
	return -1;
}

HOOK int execve(const char *path, char *const argv[], char *const envp[])
{
	if (!REAL(execve))
		return missing();
	return REAL(execve)(path, argv, CHANGED(target_of_path(AT_FDCWD, path), envp, false));
}

HOOK int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

HOOK int execvpe(const char *file, char *const argv[], char *const envp[])
{
	if (!REAL(execvpe))
		return missing();
	return REAL(execvpe)(file, argv, CHANGED(target_of_name(file), envp, false));
}

HOOK int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

HOOK int fexecve(int fd, char *const argv[], char *const envp[])
{
	if (!REAL(fexecve))
		return missing();
	return REAL(fexecve)(fd, argv, CHANGED(target_of_fd(fd), envp, false));
}

HOOK int execveat(int at, const char *path, char *const argv[], char *const envp[], int flags)
{
	if (!REAL(execveat))
		return missing();
	return REAL(execveat)(at, path, argv,
			      CHANGED(flags & AT_EMPTY_PATH && !path[0] ? target_of_fd(at)
									: target_of_path(at, path),
				      envp, false),
			      flags);
}

HOOK int execl(const char *path, const char *arg, ...)
{
	va_list list;
	char **argv = GATHERED(arg, list);

	va_end(list);
	return execve(path, argv, environ);
}

HOOK int execlp(const char *file, const char *arg, ...)
{
	va_list list;
	char **argv = GATHERED(arg, list);

	va_end(list);
	return execvpe(file, argv, environ);
}

HOOK int execle(const char *path, const char *arg, ...)
{
	va_list list;
	char **argv = GATHERED(arg, list);
	char *const *envp = va_arg(list, char *const *);

	va_end(list);
	return execve(path, argv, envp);
}

HOOK int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		     const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	if (!REAL(posix_spawn))
		return ENOSYS;
	return REAL(posix_spawn)(pid, path, actions, attributes, argv,
				 CHANGED(target_of_path(AT_FDCWD, path), envp, true));
}

HOOK int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	if (!REAL(posix_spawnp))
		return ENOSYS;
	return REAL(posix_spawnp)(pid, file, actions, attributes, argv,
				  CHANGED(target_of_name(file), envp, true));
}
