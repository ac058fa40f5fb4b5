/* SPDX-License-Identifier: Apache-2.0 */
/* /api/services, /api/routes, /api/runs */
#include "view/reply.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static const uint64_t window_default_ns = (uint64_t)15 * 60 * 1000000000;

static void red_numbers(struct json *j, const struct store_red *red)
{
	json_put_u64(j, STR("count"), red->n);
	json_put_u64(j, STR("errors"), red->n_errors);
	json_put_u64(j, STR("p50_ns"), red->p50_ns);
	json_put_u64(j, STR("p95_ns"), red->p95_ns);
	json_put_u64(j, STR("p99_ns"), red->p99_ns);
	json_put_u64(j, STR("max_ns"), red->max_ns);
	json_put_u64_text(j, STR("last_ns"), red->last_ns);
}

static int service_json(const struct store_red *red, void *you)
{
	struct json *j = you;

	json_open(j, '{');
	json_key(j, STR("service"));
	json_str(j, red->service);
	red_numbers(j, red);
	json_put_u64(j, STR("processes"), red->n_processes);
	json_close(j, '}');
	return 0;
}

static int route_json(const struct store_red *red, void *you)
{
	struct json *j = you;

	json_open(j, '{');
	json_key(j, STR("service"));
	json_str(j, red->service);
	json_some_str(j, STR("method"), red->method);
	json_some_str(j, STR("route"), red->route);
	red_numbers(j, red);
	json_close(j, '}');
	return 0;
}

struct window {
	struct str run;
	uint64_t since_ns, until_ns;
};

static bool window_read(struct query *q, struct window *w, struct reply *r)
{
	uint64_t now = clock_real_ns();

	*w = (struct window){ .since_ns = now > window_default_ns ? now - window_default_ns : 0 };
	if (query_run(q, &w->run) == QUERY_OK &&
	    query_window(q, &w->since_ns, &w->until_ns) == QUERY_OK)
		return true;
	reply_error(r, 400, q->why);
	return false;
}

static void list_open(struct json *j, struct str name)
{
	json_open(j, '{');
	json_key(j, name);
	json_open(j, '[');
}

static void list_close(struct reply *r, int error)
{
	json_close(&r->json, ']');
	json_close(&r->json, '}');
	if (error)
		reply_error(r, 503, store_why());
}

void answer_services(const struct view_facts *v, struct query *q, struct str argument,
		     struct reply *r)
{
	struct window w;
	int error = 0;

	(void)argument;
	if (!window_read(q, &w, r))
		return;
	list_open(&r->json, STR("services"));
	if (v->store)
		error = store_services(v->store, w.run, w.since_ns, w.until_ns, service_json,
				       &r->json);
	list_close(r, error);
}

void answer_routes(const struct view_facts *v, struct query *q, struct str argument,
		   struct reply *r)
{
	struct window w;
	int error = 0;

	(void)argument;
	if (!window_read(q, &w, r))
		return;
	list_open(&r->json, STR("routes"));
	if (v->store)
		error = store_routes(v->store, w.run, query_get(q, STR("service")), w.since_ns,
				     w.until_ns, route_json, &r->json);
	list_close(r, error);
}

static void run_status(struct json *j, int32_t status)
{
	char text[48] = "unknown";
	const char *signal;

	if (status >= 0 && WIFEXITED(status)) {
		snprintf(text, sizeof(text), "exit %d", WEXITSTATUS(status));
	} else if (status >= 0 && WIFSIGNALED(status)) {
		signal = sigabbrev_np(WTERMSIG(status));
		if (signal)
			snprintf(text, sizeof(text), "signal SIG%s", signal);
		else
			snprintf(text, sizeof(text), "signal %d", WTERMSIG(status));
	}
	json_key(j, STR("status"));
	json_str(j, str_of(text));
}

static int run_json(const struct store_run *run, void *you)
{
	struct json *j = you;

	json_open(j, '{');
	json_key(j, STR("id"));
	json_str(j, run->id);
	json_key(j, STR("command"));
	json_str(j, run->command);
	json_key(j, STR("pid"));
	json_i64(j, run->pid);
	json_put_u64_text(j, STR("started_ns"), run->started_ns);
	if (run->ended_ns) {
		json_put_u64_text(j, STR("ended_ns"), run->ended_ns);
		run_status(j, run->wait_status);
	}
	json_close(j, '}');
	return 0;
}

void answer_runs(const struct view_facts *v, struct query *q, struct str argument, struct reply *r)
{
	size_t limit = 20;
	int error = 0;

	(void)argument;
	if (query_limit(q, 1000, &limit) == QUERY_BAD) {
		reply_error(r, 400, q->why);
		return;
	}
	list_open(&r->json, STR("runs"));
	if (v->store)
		error = store_runs(v->store, limit, run_json, &r->json);
	list_close(r, error);
}
