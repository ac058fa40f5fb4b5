/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/death.h"

#include "base/clock.h"
#include "collect/proc-stat.h"

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

void death_watch(struct death *d, pid_t pid, uint64_t start_ticks)
{
	struct proc_stat stat;

	*d = (struct death){ .pid = pid, .pidfd = -1, .news = DEATH_UNKNOWN, .wait_status = -1 };
	if (pid <= 0)
		return;
	d->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* Read after the pidfd was made: a pid that was reused in between shows another start. */
	if (d->pidfd >= 0 && proc_stat_read(&stat, pid) &&
	    (!start_ticks || stat.field[STAT_START] == start_ticks)) {
		d->start_ticks = stat.field[STAT_START];
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
	struct proc_stat stat;

	if (!proc_stat_read(&stat, d->pid) || stat.field[STAT_START] != d->start_ticks ||
	    stat.state != 'Z')
		return false;
	d->wait_status = (int)stat.field[STAT_EXIT];
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

bool death_is_crash(int sig)
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
			   *how = death_is_crash(sig) ? "died of" : "killed by";

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
