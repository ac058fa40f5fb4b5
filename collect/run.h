/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run: one `oriel run` and the processes of it; route: where one distinct pair of settings and run
 * goes. Both live as long as somebody needs them.
 *
 *     run      from the RUN request, or from its first segment, until its first process is gone, its
 *              last process is delivered and its routes are closed; then its descriptors are closed
 *     route    from its first process until its last one is delivered; within a run, until that ends
 *
 * A process that nobody launched belongs to the nameless run, which is never told and never ends.
 */
#pragma once

#include "collect/collector.h"
#include "collect/death.h"

enum { RUN_ID = 16 };

struct run {
	struct run *next;
	struct collector_run told;
	struct death first; /* its first process */
	char *command;
	uint32_t n_processes, n_routes;
	uint32_t over; /* looks in a row that found it over */
};

struct route {
	struct route *next;
	struct run *run;
	struct str block; /* the settings, owned */
	void *handle;	  /* the sink's; NULL: it could not open */
	uint32_t n_processes, n_jobs;
	bool closing;
};

struct run_news {
	struct str id;
	pid_t pid;
	const char *command;
	int out_fd, err_fd; /* taken */
};

struct run *run_new(const struct run_news *news);
struct run *run_free(struct run *run);
struct run *run_find(struct run *first, struct str id);

/*
 * Nothing of it is left, and nothing more can come: true at the second look in a row, because a
 * segment that was made just before the first process went is noticed between the two.
 */
bool run_is_over(struct run *run);

struct route *route_new(struct run *run, struct str block);
struct route *route_free(struct route *route);
struct route *route_find(struct route *first, const struct run *run, struct str block);
