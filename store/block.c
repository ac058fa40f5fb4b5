/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block.h"

/* ---- writing ------------------------------------------------------------------------------------- */

static void block_fact(struct block *b, uint32_t fact)
{
	uint32_t here;

	for (size_t at = 0; at < b->facts.n; at += sizeof(here)) {
		memcpy(&here, b->facts.p + at, sizeof(here));
		if (here == fact)
			return;
	}
	out_bytes(&b->facts, &fact, sizeof(fact));
}

/* Lengths of name and facts, name, facts, shown */
static void rest_add(struct out *o, const struct summary *sum)
{
	size_t n_facts = sum->n_facts * sizeof(*sum->fact);
	size_t most =
		sum->name.n + n_facts + sum->path.n + (size_t)2 * VARINT_MOST + SUMMARY_SHOWN_ROOM;
	char *to;

	if (!out_reserve(o, most))
		return;
	to = varint_put(o->p + o->n, sum->name.n);
	to = varint_put(to, n_facts);
	if (sum->name.n)
		memcpy(to, sum->name.p, sum->name.n);
	to += sum->name.n;
	if (n_facts)
		memcpy(to, sum->fact, n_facts);
	to += n_facts;
	to += summary_shown(sum, to);
	o->n = (size_t)(to - o->p);
}

void block_add(struct block *b, const struct summary *sum, struct str spans)
{
	if (!b->n || sum->start_ns < b->first_ns)
		b->first_ns = sum->start_ns;
	if (!b->n || sum->start_ns > b->last_ns)
		b->last_ns = sum->start_ns;
	for (size_t i = 0; i < sum->n_facts; i++)
		block_fact(b, sum->fact[i]);
	rest_add(&b->rest, sum);
	out_str(&b->spans, spans);
	b->head[b->n++] = (struct block_head){
		.trace_id = sum->trace_id,
		.start_ns = sum->start_ns,
		.duration_ns = sum->end_ns - sum->start_ns,
		.n_spans = (uint32_t)sum->n_spans,
		.rest = (uint32_t)b->rest.n,
		.spans = (uint32_t)b->spans.n,
	};
}

void block_heads(const struct block *b, struct out *heads)
{
	out_clear(heads);
	out_bytes(heads, b->head, b->n * sizeof(*b->head));
	out_str(heads, out_all(&b->rest));
}

void block_clear(struct block *b)
{
	b->n = 0;
	out_clear(&b->rest);
	out_clear(&b->spans);
	out_clear(&b->facts);
}

void block_fini(struct block *b)
{
	out_fini(&b->rest);
	out_fini(&b->spans);
	out_fini(&b->facts);
}

int block_error(const struct block *b)
{
	return b->rest.error ? b->rest.error : b->spans.error ? b->spans.error : b->facts.error;
}

/* ---- reading ------------------------------------------------------------------------------------- */

struct block_view block_read(sqlite3_stmt *s)
{
	uint64_t n = db_column_u64(s, 2);

	return (struct block_view){
		.no = db_column_u64(s, 0),
		.run = (uint32_t)sqlite3_column_int64(s, 1),
		.n = n < BLOCK_TRACES ? (size_t)n : BLOCK_TRACES,
		.gone = (uint64_t)sqlite3_column_int64(s, 3),
		.heads = db_column_text(s, 4),
	};
}

bool block_head_at(const struct block_view *v, size_t i, struct block_head *head)
{
	if (i >= v->n || i >= BLOCK_TRACES || v->heads.n / sizeof(*head) <= i)
		return false;
	memcpy(head, v->heads.p + i * sizeof(*head), sizeof(*head));
	return true;
}

/* From where the one before ends to where this one does. */
static bool part(struct str all, size_t from, size_t to, struct str *own)
{
	if (from > to || to > all.n)
		return false;
	*own = to == from ? (struct str){ "", 0 } : (struct str){ all.p + from, to - from };
	return true;
}

static bool rest_read(struct str rest, struct summary *sum)
{
	uint64_t name, facts;

	if (!varint_take(&rest, &name) || !varint_take(&rest, &facts) || name > rest.n ||
	    facts > rest.n - name)
		return false;
	sum->name = str_first(rest, name);
	summary_read_facts(sum, str_first(str_from(rest, name), facts));
	summary_read_shown(sum, str_from(rest, name + facts));
	return true;
}

bool block_trace(const struct block_view *v, size_t i, struct summary *sum)
{
	struct block_head head, before = { 0 };
	size_t heads = v->n * sizeof(head);
	struct str rest;

	if (!block_head_at(v, i, &head) || (i && !block_head_at(v, i - 1, &before)) ||
	    heads > v->heads.n || v->gone >> i & 1 ||
	    !part(str_from(v->heads, heads), before.rest, head.rest, &rest))
		return false;
	*sum = (struct summary){
		.no = v->no + i,
		.cursor = (v->no + i) << SPAN_BITS,
		.trace_id = head.trace_id,
		.start_ns = head.start_ns,
		.end_ns = head.start_ns + head.duration_ns,
		.n_spans = head.n_spans,
		.run = v->run,
	};
	return rest_read(rest, sum);
}

bool block_spans(const struct block_view *v, size_t i, struct str spans, struct str *own)
{
	struct block_head head, before = { 0 };

	return block_head_at(v, i, &head) && (!i || block_head_at(v, i - 1, &before)) &&
	       part(spans, before.spans, head.spans, own);
}

bool block_find(const struct block_view *v, struct trace_id id, size_t *i)
{
	struct block_head head;

	for (*i = 0; block_head_at(v, *i, &head); ++*i)
		if (memcmp(&head.trace_id, &id, sizeof(id)) == 0 && !(v->gone >> *i & 1))
			return true;
	return false;
}

/* ---- as functions of SQL ------------------------------------------------------------------------- */

static struct str value_bytes(sqlite3_value *v)
{
	const void *p = sqlite3_value_blob(v);

	return (struct str){ p ? p : "", p ? (size_t)sqlite3_value_bytes(v) : 0 };
}

static void sql_find(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct block_view view = { .no = (uint64_t)sqlite3_value_int64(v[0]),
				   .n = (size_t)sqlite3_value_int64(v[1]),
				   .gone = (uint64_t)sqlite3_value_int64(v[2]),
				   .heads = value_bytes(v[3]) };
	struct str id = value_bytes(v[4]);
	struct trace_id trace_id;
	size_t i;

	(void)n;
	if (id.n != sizeof(trace_id.b))
		return;
	memcpy(trace_id.b, id.p, id.n);
	if (block_find(&view, trace_id, &i))
		sqlite3_result_int64(c, (sqlite3_int64)(view.no + i));
}

static void sql_spans(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct block_view view = { .no = (uint64_t)sqlite3_value_int64(v[0]),
				   .n = (size_t)sqlite3_value_int64(v[1]),
				   .heads = value_bytes(v[2]) };
	uint64_t no = (uint64_t)sqlite3_value_int64(v[4]);
	struct str own, spans = squeeze_plain(sqlite3_user_data(c), view.no, value_bytes(v[3]));

	(void)n;
	if (no >= view.no && block_spans(&view, no - view.no, spans, &own))
		sqlite3_result_blob64(c, own.p, own.n, SQLITE_TRANSIENT);
}

void block_functions(sqlite3 *sql, struct squeeze *squeeze)
{
	int how = SQLITE_UTF8 | SQLITE_DETERMINISTIC;

	sqlite3_create_function(sql, "block_find", 5, how, NULL, sql_find, NULL, NULL);
	sqlite3_create_function(sql, "block_spans", 5, how, squeeze, sql_spans, NULL, NULL);
}
