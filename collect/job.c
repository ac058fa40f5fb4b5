/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/job.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

int jobs_init(struct jobs *jobs)
{
	int fd[2];

	*jobs = (struct jobs){ -1, -1, 0 };
	if (pipe2(fd, O_CLOEXEC) < 0)
		return ERR(-errno);
	if (fcntl(fd[0], F_SETFL, O_NONBLOCK) < 0) {
		close(fd[0]);
		close(fd[1]);
		return ERR(-errno);
	}
	*jobs = (struct jobs){ fd[0], fd[1], 0 };
	return 0;
}

void jobs_fini(struct jobs *jobs)
{
	if (jobs->fd >= 0)
		close(jobs->fd);
	if (jobs->done_fd >= 0)
		close(jobs->done_fd);
	*jobs = (struct jobs){ -1, -1, 0 };
}

/* A pointer fits a pipe's write, which is whole or not at all. */
static void *job_thread(void *you)
{
	struct job *job = you;
	ssize_t n;

	job->work(job);
	do
		n = write(job->done_fd, &job, sizeof(job));
	while (n < 0 && errno == EINTR);
	return NULL;
}

void job_start(struct jobs *jobs, struct job *job)
{
	sigset_t all, before;
	int r;

	job->done_fd = jobs->done_fd;
	jobs->n_running++;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&job->thread, NULL, job_thread, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		job->thread = pthread_self();
		job_thread(job);
	}
}

struct job *jobs_next(struct jobs *jobs)
{
	struct job *job;

	if (read(jobs->fd, &job, sizeof(job)) != (ssize_t)sizeof(job))
		return NULL;
	if (!pthread_equal(job->thread, pthread_self()))
		pthread_join(job->thread, NULL);
	jobs->n_running--;
	return job;
}
