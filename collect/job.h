/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Job: what may take its time (a destination that doesn't answer) runs beside the collector's loop,
 * each in a thread of its own, so that one dead endpoint does not hold up other services.
 *
 *     job_start(&jobs, &j->job);              j->job.work runs; then jobs.fd is readable
 *     while ((job = jobs_next(&jobs)))        the loop's own thread; the job is the caller's again
 *             job->done(job);
 */
#pragma once

#include <pthread.h>

struct job {
	void (*work)(struct job *job);
	void (*done)(struct job *job); /* the caller's, for himself */
	pthread_t thread;
	int done_fd;
};

struct jobs {
	int fd, done_fd; /* a pipe of pointers */
	unsigned n_running;
};

int jobs_init(struct jobs *jobs);
void job_start(struct jobs *jobs, struct job *job); /* with no thread to be had it runs here */
struct job *jobs_next(struct jobs *jobs);	    /* NULL: none is done */
void jobs_fini(struct jobs *jobs);
