/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/death.h"

#include "base/clock.h"
#include "base/scoped.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Newer than Debian 12's headers: <linux/pidfd.h> of Linux 6.15, the first version's 64 bytes. */
struct pidfd_facts {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

_Static_assert(sizeof(struct pidfd_facts) == 64, "the size is part of the request's number");

#define PIDFD_FACTS _IOWR(0xff, 11, struct pidfd_facts)
#define PIDFD_FACTS_EXIT (1u << 3)

enum { STAT_START = 22, STAT_EXIT = 52 };

/* The fields of /proc/PID/stat after the name, which may hold anything and ends at the last ')'. */
static bool stat_read(pid_t pid, char *state, uint64_t *start_ticks, uint64_t *exit_code)
{
	char path[64], text[2048], *at;
	int field = 3;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);

	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || at[1] != ' ')
		return false;
	at += 2;
	*state = *at;
	*start_ticks = *exit_code = 0;
	for (char *word = strtok_r(at, " \n", &at); word;
	     word = strtok_r(NULL, " \n", &at), field++) {
		if (field == STAT_START)
			str_to_u64(str_of(word), start_ticks);
		else if (field == STAT_EXIT)
			str_to_u64(str_of(word), exit_code);
	}
	return true;
}

void death_watch(struct death *d, pid_t pid, uint64_t start_ticks)
{
	uint64_t ticks = 0, exit_code;
	char state;

	*d = (struct death){ .pid = pid, .pidfd = -1, .news = DEATH_UNKNOWN, .wait_status = -1 };
	if (pid <= 0)
		return;
	d->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* Read after the pidfd was made: a pid that was reused in between shows another start. */
	if (d->pidfd >= 0 && stat_read(pid, &state, &ticks, &exit_code) &&
	    (!start_ticks || ticks == start_ticks)) {
		d->start_ticks = ticks;
		d->news = DEATH_ALIVE;
		return;
	}
	death_forget(d);
}

void death_forget(struct death *d)
{
	if (d->pidfd >= 0)
		close(d->pidfd);
	d->pidfd = -1;
}

static bool status_of_zombie(struct death *d)
{
	uint64_t ticks, exit_code;
	char state;

	if (!stat_read(d->pid, &state, &ticks, &exit_code) || ticks != d->start_ticks ||
	    state != 'Z')
		return false;
	d->wait_status = (int)exit_code;
	return true;
}

static bool status_of_reaped(struct death *d)
{
	struct pidfd_facts facts = { .mask = PIDFD_FACTS_EXIT };

	if (ioctl(d->pidfd, PIDFD_FACTS, &facts) < 0 || !(facts.mask & PIDFD_FACTS_EXIT))
		return false;
	d->wait_status = facts.exit_code;
	return true;
}

enum death_news death_look(struct death *d)
{
	struct pollfd p = { .fd = d->pidfd, .events = POLLIN };

	if (d->pidfd < 0 || d->news == DEATH_TOLD)
		return d->news;
	if (d->news == DEATH_ALIVE && poll(&p, 1, 0) <= 0)
		return DEATH_ALIVE;
	if (!d->when_real_ns)
		d->when_real_ns = clock_real_ns();
	d->news = status_of_zombie(d) || status_of_reaped(d) ? DEATH_TOLD : DEATH_SILENT;
	return d->news;
}

bool death_has_image(const struct death *d)
{
	char path[64], to[8];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)d->pid);
	return d->news == DEATH_ALIVE && readlink(path, to, sizeof(to)) > 0;
}

static bool is_crash(int sig)
{
	static const int crash[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP };

	for (size_t i = 0; i < sizeof(crash) / sizeof(crash[0]); i++)
		if (crash[i] == sig)
			return true;
	return false;
}

struct str death_text(int wait_status, char *text, size_t size)
{
	int n;

	if (wait_status >= 0 && WIFSIGNALED(wait_status)) {
		int sig = WTERMSIG(wait_status);
		const char *name = sigabbrev_np(sig),
			   *how = is_crash(sig) ? "died of" : "killed by";

		n = name ? snprintf(text, size, "process %s SIG%s", how, name)
			 : snprintf(text, size, "process %s signal %d", how, sig);
	} else if (wait_status >= 0 && WIFEXITED(wait_status)) {
		n = snprintf(text, size, "process exited with status %d before the span ended",
			     WEXITSTATUS(wait_status));
	} else {
		n = snprintf(text, size, "process ended, cause unknown");
	}
	return (struct str){ text, (size_t)n < size ? (size_t)n : size - 1 };
}
