/* SPDX-License-Identifier: Apache-2.0 */
/* /api/errors, /api/errors/ID */
#include "view/reply.h"

#include "base/hex.h"
#include "view/span-json.h"

static void id_text(char to[16], uint64_t id)
{
	uint64_t big = __builtin_bswap64(id);

	hex_write(to, &big, sizeof(big));
}

static void release_json(struct json *j, const struct store_release *r)
{
	json_open(j, '{');
	json_key(j, STR("version"));
	json_str(j, r->version);
	json_put_u64(j, STR("count"), r->n);
	json_put_u64_text(j, STR("first_ns"), r->first_ns);
	json_put_u64_text(j, STR("last_ns"), r->last_ns);
	json_close(j, '}');
}

/* The members of one, in an object that the caller has opened. */
static void problem_members(struct json *j, const struct store_problem *p)
{
	char id[16];

	id_text(id, p->id);
	json_key(j, STR("id"));
	json_str(j, (struct str){ id, sizeof(id) });
	json_key(j, STR("service"));
	json_str(j, p->service);
	json_key(j, STR("type"));
	json_str(j, p->type);
	json_some_str(j, STR("message"), p->message);
	json_some_str(j, STR("place"), p->place);
	if (p->crash) {
		json_key(j, STR("crash"));
		json_bool(j, true);
	}
	json_put_u64(j, STR("count"), p->n);
	json_put_u64_text(j, STR("first_ns"), p->first_ns);
	json_put_u64_text(j, STR("last_ns"), p->last_ns);
	json_key(j, STR("releases"));
	json_open(j, '[');
	for (size_t i = 0; i < p->n_releases; i++)
		release_json(j, &p->releases[i]);
	json_close(j, ']');
}

static int problem_json(const struct store_problem *p, void *you)
{
	struct json *j = you;

	json_open(j, '{');
	problem_members(j, p);
	json_close(j, '}');
	return 0;
}

void answer_errors(const struct view_facts *v, struct query *q, struct str argument,
		   struct reply *r)
{
	struct problem_filter f;
	int error = 0;

	(void)argument;
	if (query_problems(q, &f) == QUERY_BAD) {
		reply_error(r, 400, q->why);
		return;
	}
	json_open(&r->json, '{');
	json_key(&r->json, STR("errors"));
	json_open(&r->json, '[');
	if (v->store)
		error = store_problems(v->store, &f, problem_json, &r->json);
	json_close(&r->json, ']');
	json_close(&r->json, '}');
	if (error)
		reply_error(r, 503, store_why());
}

static void occurrence_json(struct json *j, const struct store_occurrence *o)
{
	json_open(j, '{');
	json_put_u64_text(j, STR("time_ns"), o->time_ns);
	json_some_str(j, STR("message"), o->message);
	if (trace_id_is_set(o->trace_id)) {
		json_key(j, STR("trace_id"));
		json_hex(j, o->trace_id.b, sizeof(o->trace_id.b));
		json_key(j, STR("span_id"));
		json_hex(j, o->span_id.b, sizeof(o->span_id.b));
	}
	json_some_str(j, STR("run"), o->run);
	json_close(j, '}');
}

struct detail_page {
	struct json *json;
	bool found;
};

static void detail_json(const struct store_problem_detail *d, void *you)
{
	static const struct resource nobody;
	struct detail_page *page = you;
	struct json *j = page->json;

	page->found = true;
	json_open(j, '{');
	problem_members(j, &d->problem);
	json_key(j, STR("seen"));
	json_open(j, '[');
	for (size_t i = 0; i < d->n_seen; i++)
		occurrence_json(j, &d->seen[i]);
	json_close(j, ']');
	if (d->record) {
		json_key(j, STR("record"));
		log_json(j, d->record, d->from ? d->from : &nobody);
	}
	json_close(j, '}');
}

void answer_error_kind(const struct view_facts *v, struct query *q, struct str argument,
		       struct reply *r)
{
	struct detail_page page = { .json = &r->json };
	uint64_t id;
	int error = 0;

	(void)q;
	if (!hex_read(&id, sizeof(id), argument, false)) {
		reply_error(r, 400, "an error's id is 16 lower-case hex digits");
		return;
	}
	if (v->store)
		error = store_problem(v->store, __builtin_bswap64(id), detail_json, &page);
	if (error)
		reply_error(r, 503, store_why());
	else if (!page.found)
		reply_error(r, 404, "no such kind of error is known");
}
