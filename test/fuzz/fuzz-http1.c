/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as messages, in pieces that the input chooses: nothing outside the buffers, and the
 * same is told as when they come in one piece, or when requests like the last are read the quick way.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/http/http1-known.h"

struct told {
	uint64_t heads, ends, body, sum, lines;
	enum http1_event last;
};

static void line_told(struct told *t, const struct http1 *m, struct str method, struct str target)
{
	t->lines = t->lines * 31 + m->minor + method.n * 7 + target.n;
	for (size_t i = 0; i < method.n; i++)
		t->lines = t->lines * 31 + (uint8_t)method.p[i];
	for (size_t i = 0; i < target.n; i++)
		t->lines = t->lines * 31 + (uint8_t)target.p[i];
}

static void follow(struct told *t, struct http1 *m, struct http1_head *head, const uint8_t *p,
		   size_t n)
{
	char *copy = malloc(n ? n : 1);
	struct str in = { copy, n };

	if (!copy)
		abort();
	memcpy(copy, p, n);
	do {
		t->last = http1_next(m, head, &in);
		t->heads += t->last == HTTP1_HEAD;
		t->ends += t->last == HTTP1_END;
		if (t->last == HTTP1_END)
			t->body += m->body_n;
		if (t->last == HTTP1_HEAD && m->kind == HTTP1_REQUEST)
			line_told(t, m, http1_method(head), http1_target(head));
		else if (t->last == HTTP1_HEAD)
			t->lines = t->lines * 31 + m->status * 10 + m->minor;
		if (t->last == HTTP1_HEAD)
			t->sum = t->sum * 31 + head->n_fields + m->status + head->used;
		if (t->last == HTTP1_HEAD &&
		    (http1_target(head).n > HTTP1_TARGET || head->used > sizeof(head->text)))
			abort();
	} while (http1_goes_on(t->last));
	if (in.n && t->last == HTTP1_MORE)
		abort();
	free(copy);
}

/* Each response in one piece, as far as it can be like the last. */
static void answer_quickly(struct told *t, struct http1 *m, struct http1_head *head,
			   const uint8_t *p, size_t n)
{
	char *copy = malloc(n ? n : 1);
	struct str in = { copy, n };
	static struct http1_alike alike;
	bool learned = false;

	if (!copy)
		abort();
	memcpy(copy, p, n);
	do {
		bool quick = learned && http1_alike(m, &alike, &in);

		t->last = quick ? HTTP1_HEAD : http1_next(m, head, &in);
		t->heads += t->last == HTTP1_HEAD;
		t->ends += t->last == HTTP1_END;
		if (t->last == HTTP1_END)
			t->body += m->body_n;
		if (t->last == HTTP1_HEAD)
			t->lines = t->lines * 31 + m->status * 10 + m->minor;
		if (t->last == HTTP1_HEAD && !quick)
			learned = http1_alike_learn(m, in.p - m->head_n, &alike);
		if (t->last == HTTP1_HEAD && !in.n)
			http1_awaits_body(m);
	} while (http1_goes_on(t->last));
	free(copy);
}

/* Each request in one piece, as far as it can be the usual sort. */
static void follow_quickly(struct told *t, struct http1 *m, struct http1_head *head,
			   const uint8_t *p, size_t n)
{
	char *copy = malloc(n ? n : 1);
	struct str in = { copy, n }, method, target;
	struct http1_usual usual = { 0 };

	if (!copy)
		abort();
	memcpy(copy, p, n);
	do {
		while (usual.n && http1_again(m, &usual, &in, &method, &target)) {
			t->heads++;
			t->ends++;
			line_told(t, m, method, target);
		}
		t->last = http1_next(m, head, &in);
		t->heads += t->last == HTTP1_HEAD;
		t->ends += t->last == HTTP1_END;
		if (t->last == HTTP1_END)
			t->body += m->body_n;
		if (t->last == HTTP1_HEAD) {
			line_told(t, m, http1_method(head), http1_target(head));
			if (!http1_usual(m, in.p - m->head_n, &usual))
				usual.n = 0;
		}
	} while (http1_goes_on(t->last));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http1_head head;
	struct told whole = { 0 }, pieces = { 0 };
	struct http1 m;
	size_t step;

	if (size < 2)
		return 0;
	http1_init(&m, data[0] & 1 ? HTTP1_RESPONSE : HTTP1_REQUEST);
	m.to = (data[0] >> 1) % 3;
	follow(&whole, &m, &head, data + 2, size - 2);

	http1_init(&m, data[0] & 1 ? HTTP1_RESPONSE : HTTP1_REQUEST);
	m.to = (data[0] >> 1) % 3;
	step = data[1] % 17 + 1u;
	for (size_t i = 2; i < size; i += step)
		follow(&pieces, &m, &head, data + i, size - i < step ? size - i : step);
	if (size > 2 &&
	    (whole.heads != pieces.heads || whole.ends != pieces.ends ||
	     whole.body != pieces.body || whole.sum != pieces.sum || whole.last != pieces.last))
		abort();
	{
		struct told quick = { 0 };

		http1_init(&m, data[0] & 1 ? HTTP1_RESPONSE : HTTP1_REQUEST);
		m.to = (data[0] >> 1) % 3;
		if (data[0] & 1)
			answer_quickly(&quick, &m, &head, data + 2, size - 2);
		else
			follow_quickly(&quick, &m, &head, data + 2, size - 2);
		if (whole.heads != quick.heads || whole.ends != quick.ends ||
		    whole.body != quick.body || whole.lines != quick.lines ||
		    whole.last != quick.last)
			abort();
	}
	return 0;
}
