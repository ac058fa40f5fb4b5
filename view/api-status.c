/* SPDX-License-Identifier: Apache-2.0 */
/* /api/status, /api/metrics, /metrics, /health */
#include "view/reply.h"

#include "base/clock.h"
#include "model/stats.h"

#include <unistd.h>

static void counters_json(struct json *j)
{
	json_key(j, STR("counters"));
	json_open(j, '[');
#define X(counter, what, sentence) \
	json_open(j, '{'); \
	json_key(j, STR("name")); \
	json_str(j, STR(#counter)); \
	json_key(j, STR("unit")); \
	json_str(j, STR(what)); \
	json_key(j, STR("value")); \
	json_u64(j, stats_get(counter)); \
	json_key(j, STR("about")); \
	json_str(j, STR(sentence)); \
	json_close(j, '}');
	STATS(X)
#undef X
	json_close(j, ']');
}

void answer_status(const struct view_facts *v, struct query *q, struct str argument,
		   struct reply *r)
{
	struct json *j = &r->json;

	(void)q;
	(void)argument;
	json_open(j, '{');
	json_key(j, STR("version"));
	json_str(j, STR(ORIEL_VERSION));
	json_key(j, STR("pid"));
	json_i64(j, getpid());
	json_key(j, STR("now_ns"));
	json_u64_text(j, clock_real_ns());
	json_key(j, STR("address"));
	json_str(j, str_of(v->address));
	if (v->sources && v->sources->status)
		v->sources->status(j, v->you);
	counters_json(j);
	json_close(j, '}');
}

void answer_metrics(const struct view_facts *v, struct query *q, struct str argument,
		    struct reply *r)
{
	(void)q;
	(void)argument;
	json_open(&r->json, '{');
	json_key(&r->json, STR("metrics"));
	json_open(&r->json, '[');
	if (v->sources && v->sources->metrics)
		v->sources->metrics(&r->json, v->you);
	json_close(&r->json, ']');
	json_close(&r->json, '}');
}

void answer_prometheus(const struct view_facts *v, struct query *q, struct str argument,
		       struct reply *r)
{
	struct scrape_request request;
	const char *type = NULL;

	(void)argument;
	scrape_request_read(&request, q, q->accept);
	if (v->sources && v->sources->prometheus)
		type = v->sources->prometheus(&request, &r->body, v->you);
	if (type)
		r->type = type;
	else
		reply_error(r, 503, "the metrics can't be told just now");
}

static void health(struct reply *r, bool well, const char *why)
{
	if (!well) {
		reply_error(r, 503, why);
		return;
	}
	json_open(&r->json, '{');
	json_key(&r->json, STR("ok"));
	json_bool(&r->json, true);
	json_close(&r->json, '}');
}

void answer_live(const struct view_facts *v, struct query *q, struct str argument, struct reply *r)
{
	(void)q;
	(void)argument;
	health(r, !v->sources || !v->sources->live || v->sources->live(v->you),
	       "a thread of the collector does not move");
}

void answer_ready(const struct view_facts *v, struct query *q, struct str argument, struct reply *r)
{
	(void)q;
	(void)argument;
	health(r, !v->store || store_state(v->store) == 0, "the store can't be written");
}
