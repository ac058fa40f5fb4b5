/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/run.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RUN_LOOKS = 2 };

struct run *run_new(const struct run_news *news)
{
	struct run *run = calloc(1, sizeof(*run));
	char *command = strdup(news->command ? news->command : "");

	if (!run || !command) {
		free(run);
		free(command);
		return NULL;
	}
	run->command = command;
	run->told = (struct collector_run){ .pid = news->pid,
					    .started_ns = clock_real_ns(),
					    .command = str_of(command),
					    .out_fd = news->out_fd,
					    .err_fd = news->err_fd };
	snprintf(run->told.id, sizeof(run->told.id), STR_FMT, STR_ARG(str_first(news->id, RUN_ID)));
	death_watch(&run->first, run->told.id[0] ? news->pid : 0, 0);
	return run;
}

struct run *run_free(struct run *run)
{
	if (!run)
		return NULL;
	death_forget(&run->first);
	if (run->told.out_fd >= 0)
		close(run->told.out_fd);
	if (run->told.err_fd >= 0)
		close(run->told.err_fd);
	free(run->command);
	free(run);
	return NULL;
}

struct run *run_find(struct run *first, struct str id)
{
	for (struct run *run = first; run; run = run->next)
		if (str_eq(str_of(run->told.id), id))
			return run;
	return NULL;
}

bool run_is_over(struct run *run)
{
	if (!run->told.id[0] || run->n_processes || death_look(&run->first) == DEATH_ALIVE)
		run->over = 0;
	else if (run->over < RUN_LOOKS)
		run->over++;
	return run->over == RUN_LOOKS;
}

struct route *route_new(struct run *run, struct str block)
{
	struct route *route = calloc(1, sizeof(*route));
	char *copy = malloc(block.n + 1);

	if (!route || !copy) {
		free(route);
		free(copy);
		return NULL;
	}
	if (block.n)
		memcpy(copy, block.p, block.n);
	route->block = (struct str){ copy, block.n };
	route->run = run;
	run->n_routes++;
	return route;
}

struct route *route_free(struct route *route)
{
	if (!route)
		return NULL;
	route->run->n_routes--;
	free((char *)route->block.p);
	free(route);
	return NULL;
}

struct route *route_find(struct route *first, const struct run *run, struct str block)
{
	for (struct route *route = first; route; route = route->next)
		if (route->run == run && !route->closing && str_eq(route->block, block))
			return route;
	return NULL;
}
