/* SPDX-License-Identifier: Apache-2.0 */
#include "view/query.h"

#include "base/hex.h"
#include "base/severity.h"

#include <stdio.h>

static int query_bad(struct query *q, struct str name, const char *must)
{
	snprintf(q->why, sizeof(q->why), STR_FMT " must be %s", STR_ARG(str_first(name, 64)), must);
	return QUERY_BAD;
}

static int query_wrong(struct query *q, const char *why)
{
	snprintf(q->why, sizeof(q->why), "%s", why);
	return QUERY_BAD;
}

/* Decoded text is never longer than what it was decoded from, so it always finds room. */
static bool query_decode(struct query *q, struct str from, bool plus, struct str *out)
{
	char *to = q->text + q->n_text;
	size_t n = 0;

	for (size_t i = 0; i < from.n; i++) {
		unsigned char c = (unsigned char)from.p[i];

		if (c == '%') {
			if (!hex_read(&c, 1, str_first(str_from(from, i + 1), 2), true))
				return false;
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return false;
		to[n++] = (char)c;
	}
	*out = (struct str){ to, n };
	q->n_text += n;
	return true;
}

static int query_add(struct query *q, struct str pair)
{
	struct cut cut = str_cut(pair, '=');
	struct query_parameter *p = &q->parameter[q->n_parameters];

	if (!pair.n)
		return QUERY_OK;
	if (q->n_parameters == QUERY_PARAMETERS)
		return query_wrong(q, "too many parameters");
	if (!query_decode(q, cut.head, true, &p->name) ||
	    !query_decode(q, cut.tail, true, &p->value))
		return query_wrong(q, "a parameter is not percent-encoded as it should be");
	q->n_parameters++;
	return QUERY_OK;
}

int query_read(struct query *q, struct str target)
{
	struct cut cut = str_cut(str_cut(target, '#').head, '?');

	q->n_parameters = 0;
	q->n_text = 0;
	q->why[0] = '\0';
	q->path = q->accept = (struct str){ "", 0 };
	if (target.n > QUERY_BYTES)
		return query_wrong(q, "the address is too long");
	if (!query_decode(q, cut.head, false, &q->path) || !str_starts(q->path, STR("/")))
		return query_wrong(q, "the path makes no sense");
	while (cut.tail.n) {
		struct cut pair = str_cut(cut.tail, '&');

		if (query_add(q, pair.head) == QUERY_BAD)
			return QUERY_BAD;
		cut.tail = pair.tail;
	}
	return QUERY_OK;
}

struct str query_get(const struct query *q, struct str name)
{
	for (size_t i = 0; i < q->n_parameters; i++)
		if (str_eq(q->parameter[i].name, name))
			return q->parameter[i].value;
	return (struct str){ "", 0 };
}

/* Keeps *out when it is absent. */
static int query_u64(struct query *q, struct str name, uint64_t *out)
{
	struct str text = query_get(q, name);

	if (text.n && !str_to_u64(text, out))
		return query_bad(q, name, "a number");
	return QUERY_OK;
}

int query_limit(struct query *q, size_t most, size_t *out)
{
	uint64_t v = *out;

	if (query_u64(q, STR("limit"), &v) == QUERY_BAD)
		return QUERY_BAD;
	if (!v)
		return query_bad(q, STR("limit"), "at least 1");
	*out = v < most ? v : most;
	return QUERY_OK;
}

int query_run(struct query *q, struct str *out)
{
	struct str text = query_get(q, STR("run"));
	uint8_t id[8];

	if (text.n && !hex_read(id, sizeof(id), text, false))
		return query_bad(q, STR("run"), "16 lower-case hex digits");
	*out = text;
	return QUERY_OK;
}

int query_window(struct query *q, uint64_t *since_ns, uint64_t *until_ns)
{
	if (query_u64(q, STR("since_ns"), since_ns) || query_u64(q, STR("until_ns"), until_ns))
		return QUERY_BAD;
	if (*until_ns && *until_ns < *since_ns)
		return query_bad(q, STR("until_ns"), "after since_ns");
	return QUERY_OK;
}

/* Milliseconds with up to six decimals ("1.5"), as nanoseconds. */
static int query_ms(struct query *q, struct str name, uint64_t *out)
{
	struct str text = query_get(q, name);
	struct cut cut = str_cut(text, '.');
	uint64_t whole = 0, ns;

	if (!text.n)
		return QUERY_OK;
	if (!str_to_u64(cut.head, &whole) || __builtin_mul_overflow(whole, 1000000, &ns) ||
	    cut.tail.n > 6 || (cut.found && !cut.tail.n))
		return query_bad(q, name, "a number of milliseconds");
	for (uint64_t i = 0, unit = 100000; i < cut.tail.n; i++, unit /= 10) {
		if (cut.tail.p[i] < '0' || cut.tail.p[i] > '9' ||
		    __builtin_add_overflow(ns, unit * (uint64_t)(cut.tail.p[i] - '0'), &ns))
			return query_bad(q, name, "a number of milliseconds");
	}
	*out = ns;
	return QUERY_OK;
}

static int query_bool(struct query *q, struct str name, bool *out)
{
	struct str text = query_get(q, name);

	if (str_eq(text, STR("1")) || str_eq(text, STR("true")))
		*out = true;
	else if (text.n && !str_eq(text, STR("0")) && !str_eq(text, STR("false")))
		return query_bad(q, name, "1 or 0");
	return QUERY_OK;
}

int query_traces(struct query *q, struct trace_filter *f)
{
	uint64_t status = 0;

	*f = (struct trace_filter){ .limit = 50 };
	f->service = query_get(q, STR("service"));
	f->route = query_get(q, STR("route"));
	f->name = query_get(q, STR("name"));
	f->text = query_get(q, STR("q"));
	if (query_run(q, &f->run) || query_window(q, &f->since_ns, &f->until_ns) ||
	    query_ms(q, STR("min_ms"), &f->min_ns) || query_ms(q, STR("max_ms"), &f->max_ns) ||
	    query_bool(q, STR("errors"), &f->errors_only) || query_u64(q, STR("status"), &status) ||
	    query_u64(q, STR("after"), &f->after) || query_limit(q, 500, &f->limit))
		return QUERY_BAD;
	if (query_get(q, STR("status")).n && (status < 100 || status > 599))
		return query_bad(q, STR("status"), "an HTTP status, 100 to 599");
	f->http_status = (int)status;
	if (f->max_ns && f->max_ns < f->min_ns)
		return query_bad(q, STR("max_ms"), "at least min_ms");
	return QUERY_OK;
}

int query_logs(struct query *q, struct log_filter *f)
{
	struct str id = query_get(q, STR("trace_id")), level = query_get(q, STR("level"));
	uint64_t severity = 0;

	*f = (struct log_filter){ .limit = 200 };
	f->service = query_get(q, STR("service"));
	f->text = query_get(q, STR("q"));
	if (query_run(q, &f->run) || query_window(q, &f->since_ns, &f->until_ns) ||
	    query_u64(q, STR("min_severity"), &severity) || query_u64(q, STR("after"), &f->after) ||
	    query_limit(q, 2000, &f->limit))
		return QUERY_BAD;
	if (severity > 24)
		return query_bad(q, STR("min_severity"), "0 to 24");
	if (level.n && !severity)
		severity = (uint64_t)severity_of(level);
	if (level.n && !severity)
		return query_bad(q, STR("level"), "debug, info, warning, error or critical");
	if (id.n && !hex_read(f->trace_id.b, sizeof(f->trace_id.b), id, false))
		return query_bad(q, STR("trace_id"), "32 lower-case hex digits");
	f->min_severity = (int)severity;
	return QUERY_OK;
}

int query_problems(struct query *q, struct problem_filter *f)
{
	uint64_t until_ns = 0;

	*f = (struct problem_filter){ .limit = 100 };
	f->service = query_get(q, STR("service"));
	f->text = query_get(q, STR("q"));
	if (query_run(q, &f->run) || query_window(q, &f->since_ns, &until_ns) ||
	    query_limit(q, 500, &f->limit))
		return QUERY_BAD;
	return QUERY_OK;
}
