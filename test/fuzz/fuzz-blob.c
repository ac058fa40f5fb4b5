/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's blobs, read from a file that somebody else may have written. What can be read must
 * come out the same when it is written and read once more.
 */
#include "store/blob.h"
#include "store/block.h"
#include "store/pack.h"
#include "store/requests.h"
#include "store/squeeze.h"
#include "store/summary.h"

#include <stdlib.h>

static struct str any_word(uint64_t id, void *you)
{
	(void)you;
	return id < 100 ? STR("word") : STR("?");
}

static uint32_t no_word(struct str text, void *you)
{
	(void)text;
	(void)you;
	return 0;
}

/* A row of spans: each is looked at, as far as they go. */
static void packs(struct str left, struct arena *arena)
{
	struct packed p;

	while (pack_next(&left, &p)) {
		struct blob_reader r = { p.data, arena, any_word, NULL, 0 };
		struct span s = { .start_ns = p.head.start_ns };

		blob_read_span(&r, &s);
	}
}

/* A row of requests: what can be read comes out the same when it is written again. */
static void requests(struct str left)
{
	struct requests_reader in = { .left = left }, again;
	struct requests_row row = { 0 };
	struct request q = { 0 }, r = { 0 };

	while (requests_next(&in, &q))
		requests_add(&row, &q);
	again = (struct requests_reader){ .left = out_all(&row.data) };
	for (size_t i = 0; i < row.n; i++)
		if (!requests_next(&again, &r))
			abort();
	if (row.n && (q.start_ns != r.start_ns || q.duration_ns != r.duration_ns))
		abort();
	out_fini(&row.data);
}

static void again(const struct span *first)
{
	struct out o = { 0 }, second = { 0 };
	struct arena arena = { 0 };
	struct blob_writer w = { &o, no_word, NULL };
	struct span s = { .start_ns = first->start_ns };

	blob_write_span(&w, first);

	struct blob_reader r = { out_all(&o), &arena, any_word, NULL, 0 };

	if (!o.error && blob_read_span(&r, &s) < 0)
		abort();
	w.out = &second;
	blob_write_span(&w, &s);
	if (!o.error && !second.error && !str_eq(out_all(&o), out_all(&second)))
		abort();
	out_fini(&o);
	out_fini(&second);
	arena_fini(&arena);
}

/* What a list shows of a trace, likewise. */
static void shown(struct str bytes)
{
	struct summary sum = { .start_ns = 1 }, again = { .start_ns = 1 };
	char *p;

	summary_read_shown(&sum, bytes);
	p = malloc(SUMMARY_SHOWN_ROOM + sum.path.n);
	if (!p)
		return;
	summary_read_shown(&again, (struct str){ p, summary_shown(&sum, p) });
	if (again.root_ns != sum.root_ns || again.n_logs != sum.n_logs ||
	    again.service != sum.service || again.kind != sum.kind || again.path.n != sum.path.n)
		abort();
	free(p);
}

/* A block: traces are read wherever the heads say they are, and what can be read is the same when it is written. */
static void block(struct str bytes)
{
	struct block b = { .no = BLOCK_TRACES };
	struct block_view v = { .no = BLOCK_TRACES, .n = (unsigned char)bytes.p[0] }, again = v;
	struct out heads = { 0 };
	struct summary sum, second;
	struct str spans, own;
	size_t at;

	v.heads = str_from(bytes, 1);
	spans = str_from(bytes, bytes.n / 2);
	for (size_t i = 0; i < v.n; i++) {
		block_find(&v, (struct trace_id){ { 1 } }, &at);
		if (block_trace(&v, i, &sum) && block_spans(&v, i, spans, &own) &&
		    !block_is_full(&b))
			block_add(&b, &sum, own);
	}
	block_heads(&b, &heads);
	again.n = b.n;
	again.heads = out_all(&heads);
	for (size_t i = 0; i < b.n; i++)
		if (!block_trace(&again, i, &second) ||
		    !block_spans(&again, i, out_all(&b.spans), &own))
			abort();
	if (b.n && (sum.n_facts != second.n_facts) && v.n == b.n)
		abort();
	out_fini(&heads);
	block_fini(&b);
}

/* What isn't packed is nothing; what is comes back as it was. */
static void squeezed(struct str bytes)
{
	struct squeeze q = { 0 };
	struct out packed = { 0 };

	squeeze_plain(&q, 1, bytes);
	if (squeeze_pack(&q, &packed, bytes) == 0 &&
	    !str_eq(squeeze_plain(&q, 2, out_all(&packed)), bytes))
		abort();
	out_fini(&packed);
	squeeze_fini(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data + 1, size ? size - 1 : 0 };
	struct arena arena = { 0 };
	struct blob_reader r = { bytes, &arena, any_word, NULL, 0 };
	struct span s = { .start_ns = 1000 };
	struct log_record l = { 0 };
	struct attributes a;
	struct str run;
	int32_t pid;

	if (!size)
		return 0;
	if (data[0] == 255)
		packs(bytes, &arena);
	if (data[0] == 254)
		requests(bytes);
	if (data[0] == 253)
		shown(bytes);
	if (data[0] == 252 && bytes.n)
		block(bytes);
	if (data[0] == 251)
		squeezed(bytes);
	switch (data[0] % 5) {
	case 0:
		if (blob_read_span(&r, &s) == 0)
			again(&s);
		break;
	case 1:
		blob_read_log(&r, &l);
		break;
	case 2:
		blob_read_resource(&r, &a, &run, &pid);
		break;
	case 3:
		blob_span_holds(&r, STR("word"));
		break;
	case 4:
		blob_log_holds(&r, STR("word"));
		break;
	}
	arena_fini(&arena);
	return 0;
}
