/* SPDX-License-Identifier: Apache-2.0 */
/* How a route is made of settings: its destinations, and who is told of what makes no sense. */
#include "cmd/collect/routes-inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/named.h"
#include "cmd/collect/say.h"
#include "collect/tail.h"
#include "launch/check-values.h"
#include "model/stats.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	LINES_DELAY_MS = 50 /* people look at log lines */,
	QUEUE_MAX_BYTES = 512 << 20,
};

/* To the people who started the service, if they would not be kept waiting. */
static void tell_people(int err_fd, const char *what)
{
	struct pollfd to = { .fd = err_fd, .events = POLLOUT };
	char line[256];
	int n = snprintf(line, sizeof(line), "oriel: %s\n", what);

	if (to.fd < 0 || n <= 0 || poll(&to, 1, 0) != 1 || !(to.revents & POLLOUT))
		return;
	if (write(to.fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1) < 0)
		return; /* they are gone */
}

static void warn(const struct collector_run *run, const char *what)
{
	stats_add(settings_bad, 1);
	say_wrong("settings: %s run=%s", what, run->id);
	tell_people(run->err_fd, what);
}

/* A destination fails, or works again. People hear of a file that they asked for. */
static void told(void *you, const char *line)
{
	struct route *route = you;

	say_wrong("%s", line);
	pthread_mutex_lock(&route->all->lock);
	if (str_starts(str_of(line), STR("export log_file")))
		tell_people(route->err_fd, line);
	pthread_mutex_unlock(&route->all->lock);
}

/* Who launched it has told its people already. */
static void note_value(void *you, const char *what)
{
	const struct collector_run *run = you;

	stats_add(settings_bad, 1);
	say_wrong("settings: %s run=%s", what, run->id);
}

static struct str value_of(const void *settings, struct str name)
{
	return settings_get(settings, name);
}

/* A process's points come at the shortest interval of all. */
static uint64_t rounds_between(const struct settings *own, const struct settings *all,
			       const struct collector *c)
{
	uint64_t usual = collector_export_ms(c), shortest = settings_metrics_every_ms(all, usual);
	uint64_t ms = settings_ms(own, STR("OTEL_METRIC_EXPORT_INTERVAL"), usual);

	return shortest && ms > shortest ? (ms + shortest / 2) / shortest : 1;
}

static enum delta_preference preference(const struct exporter *kind, enum signal signals,
					const struct settings *settings)
{
	if (!(signals & SIGNAL_METRIC))
		return DELTA_NONE;
	if (str_starts(str_of(kind->name), STR("otlp")))
		return delta_preference(settings,
					"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
	if (kind == exporter_find(STR("console")))
		return delta_preference(settings, "ORIEL_CONSOLE_TEMPORALITY_PREFERENCE");
	return DELTA_NONE;
}

static void open_leg(struct route *route, const struct export_item *item,
		     const struct settings *all, const struct settings *settings,
		     const struct collector_run *run)
{
	const struct exporter *kind = item->kind;
	enum signal signals = item->signals;
	struct str name = item->name.n ? item->name : str_of(kind->name);
	struct leg *leg = &route->leg[route->n_legs];
	uint64_t most = settings_u64(settings, STR("ORIEL_QUEUE_MAX_BYTES"), QUEUE_MAX_BYTES, NULL);
	struct export_place place = { .signals = signals,
				      .name = item->name,
				      .argument = item->argument,
				      .queue_dir = most ? route->all->queue_dir : NULL,
				      .queue_bytes = most,
				      .out_fd = route->out_fd,
				      .err_fd = route->err_fd,
				      .tell = told,
				      .tell_to = route };
	char why[160] = "", text[256];
	struct destination_limits limits = { .delay_ms = LINES_DELAY_MS };
	int r;

	/* Those of OTEL_BLRP_* are for what is sent; a burst of lines is to find its usual room. */
	if (!str_starts(str_of(kind->name), STR("log")))
		limits = destination_limits_of(settings, signals);
	r = destination_new(&leg->destination, kind, settings, &place, limits, why);
	if (r < 0)
		snprintf(text, sizeof(text), STR_FMT ": %s; nothing is sent there", STR_ARG(name),
			 why[0] ? why : err_path(r));
	else if (why[0])
		snprintf(text, sizeof(text), STR_FMT ": %s", STR_ARG(name), why);
	if (r < 0 || why[0])
		warn(run, text);
	if (r < 0)
		return;
	leg->signals = signals;
	leg->is_lines = kind == exporter_find(STR("log"));
	leg->delta.preference = preference(kind, signals, settings);
	leg->every = rounds_between(settings, all, route->all->collector);
	leg->is_out = kind->is_out;
	destination_where(leg->destination, leg->endpoint, sizeof(leg->endpoint));
	route->n_legs++;
}

struct told_of {
	const struct collector_run *run;
	struct str name;
};

/* Nobody has told the people of these yet. */
static void note_own_value(void *you, const char *what)
{
	const struct told_of *of = you;
	char text[256];

	snprintf(text, sizeof(text), STR_FMT ": %s", STR_ARG(of->name), what);
	warn(of->run, text);
}

static void check_own(const struct settings *all, const struct export_item *item, struct str name,
		      const struct collector_run *run)
{
	struct told_of of = { run, item->name };
	struct out block = { 0 };
	struct settings own;

	settings_own(&block, all, name);
	own.block = out_all(&block);
	check_values(value_of, &own, note_own_value, &of);
	out_fini(&block);
}

/* With its own settings, where it has a name of its own. */
static void open_item(struct route *route, const struct export_item *item,
		      const struct settings *settings, const struct collector_run *run)
{
	struct out block = { 0 };
	struct settings own = *settings;
	struct str kind, name;

	if (item->name.n && named_read(item->name, &kind, &name)) {
		check_own(settings, item, name, run);
		settings_of(&block, settings, name);
		own.block = out_all(&block);
	}
	if (!block.error)
		open_leg(route, item, settings, &own, run);
	out_fini(&block);
}

static void open_port(struct route *route, const struct settings *settings,
		      const struct collector_run *run)
{
	char why[256];

	route->port = scrapes_take(route->all->scrapes, settings, why);
	if (why[0])
		warn(run, why);
}

static void open_own_metrics(struct route *route, const struct settings *settings,
			     const struct collector_run *run)
{
	const char *bad;

	route->sdk = sdk_metrics_are_wanted(settings);
	route->spans = span_metrics_rules_of(settings, &bad);
	route->spans.all = false; /* what others send are those that were taken */
	if (bad)
		warn(run, "ORIEL_SPAN_METRICS_DIMENSIONS makes no sense; taking what does");
}

void *routes_open(const struct settings *settings, const struct collector_run *run, void *you)
{
	struct routes *all = you;
	struct route *route = calloc(1, sizeof(*route));
	struct export_plan plan;

	if (!route)
		return NULL;
	route->all = all;
	memcpy(route->run, run->id, sizeof(route->run));
	/* The run's own may be closed before we are done with it. */
	route->out_fd = run->out_fd >= 0 ? fcntl(run->out_fd, F_DUPFD_CLOEXEC, 3) : -1;
	route->err_fd = run->err_fd >= 0 ? fcntl(run->err_fd, F_DUPFD_CLOEXEC, 3) : -1;
	check_values(value_of, settings, note_value, (void *)run);
	export_plan(&plan, settings);
	export_plan_lines(&plan, settings);
	for (size_t i = 0; i < plan.n_warnings; i++)
		warn(run, plan.warning[i]);
	for (size_t i = 0; i < plan.n; i++)
		if (route->err_fd >= 0 || plan.item[i].kind != exporter_find(STR("log")))
			open_item(route, &plan.item[i], settings, run);
	if (plan.prometheus)
		open_port(route, settings, run);
	route->tail = tail_new(tail_rules_of(settings));
	open_own_metrics(route, settings, run);
	route->since_ns = clock_real_ns();
	pthread_mutex_lock(&all->lock);
	route->next = all->head;
	all->head = route;
	pthread_mutex_unlock(&all->lock);
	return route;
}
