/* SPDX-License-Identifier: Apache-2.0 */
/* `oriel` alone: what is running, and where the page is. */
#include "base/clock.h"
#include "base/err.h"
#include "cmd/command.h"
#include "cmd/page.h"
#include "cmd/terminal.h"
#include "launch/collector.h"
#include "launch/place.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_WIDE = 24, COMMAND_WIDE = 44 };

/* "12 ms", "12 s", "3 min", "5 h", "9 d" */
static const char *write_age(char to[24], int64_t ns)
{
	int64_t s = ns > 0 ? ns / 1000000000 : 0;

	if (ns < 1000000000)
		snprintf(to, 24, "%d ms", (int)(ns > 0 ? ns / 1000000 : 0));
	else if (s < 120)
		snprintf(to, 24, "%d s", (int)s);
	else if (s < 7200)
		snprintf(to, 24, "%d min", (int)(s / 60));
	else if (s < 172800)
		snprintf(to, 24, "%d h", (int)(s / 3600));
	else
		snprintf(to, 24, "%d d", (int)(s / 86400 % 100000));
	return to;
}

/* Foreign text, for a terminal: what is no printable ASCII or UTF-8 byte becomes '?'; cut to fit. */
static const char *clean(char *to, size_t room, const char *text)
{
	snprintf(to, room, "%s", text);
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return to;
}

static bool is_live(const json_t *process)
{
	const json_t *live = json_object_get(process, "live");

	return !live || json_is_true(live);
}

static size_t count_live(const json_t *processes)
{
	const json_t *p;
	size_t i, n = 0;

	json_array_foreach(processes, i, p) n += is_live(p);
	return n;
}

static void show_processes(const struct ink *ink, const json_t *processes, int64_t now)
{
	const json_t *p;
	size_t i;

	json_array_foreach(processes, i, p)
	{
		int64_t open = page_number(p, "open_spans"), lost = page_number(p, "dropped");
		char age[24], name[NAME_WIDE + 1];

		if (!is_live(p))
			continue;
		printf("  %s%s%s %s%-*s%s pid %-8lld %8s", ink->good, ink->dot, ink->off, ink->bold,
		       NAME_WIDE, clean(name, sizeof(name), page_text(p, "service")), ink->off,
		       (long long)page_number(p, "pid"),
		       write_age(age, now - page_number(p, "started_ns")));
		printf("  %10lld records", (long long)page_number(p, "records"));
		if (open)
			printf("  %lld in flight", (long long)open);
		if (lost)
			printf("  %s%lld lost%s", ink->bad, (long long)lost, ink->off);
		printf("\n");
	}
}

static void show_run(const struct ink *ink, const json_t *run, int64_t now)
{
	int64_t started = page_number(run, "started_ns"), ended = page_number(run, "ended_ns");
	const char *status = ended ? page_text(run, "status") : "running";
	const char *colour = !ended			     ? ink->good
			     : strcmp(status, "exit 0") == 0 ? ink->dim
							     : ink->bad;
	char age[24], lasted[24], command[COMMAND_WIDE + 1];

	if (strcmp(status, "unknown") == 0)
		colour = ink->dim;
	printf("  %8s ago  %-*s  %s%s%s", write_age(age, now - started), COMMAND_WIDE,
	       clean(command, sizeof(command), page_text(run, "command")), colour,
	       strcmp(status, "unknown") == 0 ? "ended" : status, ink->off);
	if (ended)
		printf("%s after %s%s", ink->dim, write_age(lasted, ended - started), ink->off);
	printf("\n");
}

static void show_runs(const struct ink *ink, const char *address)
{
	json_t *answer, *runs, *run;
	size_t i;

	if (page_get(&answer, address, "/api/runs?limit=8") < 0)
		return;
	runs = json_object_get(answer, "runs");
	if (json_array_size(runs))
		printf("\n  %sRuns%s\n", ink->bold, ink->off);
	json_array_foreach(runs, i, run) show_run(ink, run, (int64_t)clock_real_ns());
	json_decref(answer);
}

static void show_destinations(const struct ink *ink, const json_t *destinations)
{
	const json_t *d;
	size_t i;

	json_array_foreach(destinations, i, d)
	{
		bool failing = json_is_true(json_object_get(d, "failing"));
		char endpoint[100], why[160];

		printf("  %s%s%s to %s %s: %lld sent", failing ? ink->bad : ink->good,
		       failing ? ink->no : ink->yes, ink->off, page_text(d, "name"),
		       clean(endpoint, sizeof(endpoint), page_text(d, "endpoint")),
		       (long long)page_number(d, "sent"));
		if (page_number(d, "dropped"))
			printf(", %s%lld lost%s", ink->bad, (long long)page_number(d, "dropped"),
			       ink->off);
		printf("\n");
		if (failing) {
			printf("    %s", ink->bad);
			terminal_wrap(stdout, clean(why, sizeof(why), page_text(d, "why")), 4,
				      terminal_width(stdout));
			printf("%s", ink->off);
		}
	}
}

static int nothing_runs(const struct ink *ink)
{
	printf("\n  Nothing is running under Oriel.\n\n");
	printf("  %soriel run -- ./your-server%s    start it, and watch it on a page\n", ink->bold,
	       ink->off);
	printf("  %soriel doctor -- ./your-server%s would it be watched?\n", ink->bold, ink->off);
	printf("  %soriel collect%s                 look at what earlier runs left\n", ink->bold,
	       ink->off);
	printf("  %soriel help%s                    everything else\n\n", ink->bold, ink->off);
	return 0;
}

static int show(const struct ink *ink, const struct control_reply *c)
{
	json_t *status = NULL, *processes;
	size_t n;
	int r = c->address[0] ? page_get(&status, c->address, "/api/status") : 0;

	if (r < 0) {
		fprintf(stderr, "oriel: the collector (pid %d) doesn't answer on http://%s/: %s\n",
			c->pid, c->address, err_path(r));
		return 1;
	}
	processes = json_object_get(status, "processes");
	n = status ? count_live(processes) : c->n_processes;
	printf("\n  %s%zu process%s watched%s", ink->bold, n, n == 1 ? "" : "es", ink->off);
	if (c->address[0])
		printf("    %shttp://%s/%s", ink->link, c->address, ink->off);
	printf("\n\n");
	show_processes(ink, processes, (int64_t)clock_real_ns());
	show_destinations(ink, json_object_get(status, "destinations"));
	if (status)
		show_runs(ink, c->address);
	printf("\n  %scollector pid %d, version %s%s%s%s\n\n", ink->dim, c->pid, c->version,
	       page_text(status, "data_dir")[0] ? ", keeps it in " : "",
	       page_text(status, "data_dir"), ink->off);
	json_decref(status);
	return 0;
}

int status_exec(void)
{
	struct ink ink = terminal_ink(stdout);
	struct control_reply collector;
	char run_dir[PLACE_ROOM];
	int r = place_run_dir(run_dir);

	if (r == 0)
		r = collector_hello(run_dir, &collector);
	if (r == COLLECTOR_NONE)
		return nothing_runs(&ink);
	if (r < 0) {
		fprintf(stderr, "oriel: the collector doesn't answer: %s\n", err_path(r));
		return 1;
	}
	return show(&ink, &collector);
}
