/* SPDX-License-Identifier: Apache-2.0 */
/* Inside: what routes.c (the collector's sink) and the other routes-*.c share. Nobody else includes it. */
#pragma once

#include "cmd/collect/audit.h"
#include "cmd/collect/routes.h"
#include "collect/delta.h"
#include "collect/sdk-metrics.h"
#include "collect/span-metrics.h"
#include "export/destination.h"
#include "export/plan.h"

#include <pthread.h>

enum { YOUNG_RUNS = 16, ROUTES_TOLD = 64 };

struct leg {
	struct destination *destination;
	enum signal signals;
	struct delta delta;
	uint64_t every; /* of a process's points those of each so manieth round; 1: all */
	bool is_out;	/* what it writes to may be the run's own output */
	bool is_lines;	/* a service's own log lines; others write theirs themselves */
	char endpoint[200];
};

struct route {
	struct route *next;
	char run[17];
	struct routes *all;
	struct leg leg[EXPORT_PLAN_MOST];
	size_t n_legs;
	struct tail *tail;		 /* NULL: everything is kept */
	struct span_metrics_rules spans; /* of what others send; services bring their own */
	struct scrape_port *port;	 /* where its metrics are asked for, NULL: nowhere */
	bool sdk;			 /* tells of its destinations (otel.sdk.*) */
	bool is_closing;
	uint64_t since_ns, next_sdk_ns; /* real, monotonic */
	int out_fd, err_fd;		/* ours, -1: none */
};

/* A run that has begun; its first process, whose settings say where to, is seen a moment later. */
struct young {
	char run[17];
	uint64_t since_ns; /* CLOCK_MONOTONIC */
};

struct routes {
	struct keeper *keeper;
	char *queue_dir; /* NULL: none */
	struct audit audit;
	struct young young[YOUNG_RUNS]; /* a ring */
	size_t next_young;
	struct scrapes *scrapes;
	pthread_mutex_t lock; /* guards the list, against readers of routes_json, and n_closing */
	pthread_cond_t closed;
	struct route *head, *own; /* own: by the collector's own settings; NULL: it has none */
	struct collector *collector;
	size_t n_closing;
	bool ending;
	bool (*looking)(void *you);
	void *looking_you;
};

/* The sink's. */
void routes_tell(struct batch *b, void *you);
void routes_second(uint64_t now_ns, void *you);
void routes_refresh(void *you);
void *routes_open(const struct settings *settings, const struct collector_run *run, void *you);

/* As it wants them: cumulative, or what has come since the last time. The collector's thread. */
void leg_give(struct leg *leg, struct batch *b);

/* What it tells of its destinations, to those that take metrics. The collector's thread. */
void sdk_give(struct route *route);
