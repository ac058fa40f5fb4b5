/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets/edit.h"

#include "agent/agent.h"
#include "agent/sockets/connection.h"
#include "base/hot.h"

enum { EDITS_MOST = 4096, TRACEPARENT_LENGTH = 55, PARENT_ID_AT = 36, ID_HEX = 16 };

/* Ours goes in at `insert_at`; the program's next ID_HEX bytes from `replace_at` on are ours. */
struct edit {
	struct pool_item item;
	uint32_t insert_at, replace_at; /* of the message; 0: no such thing */
	uint32_t at;			/* what of the message has passed, as the program sees it */
	uint16_t n, sent;		/* of the inserted text */
	char id[ID_HEX];
	char text[EDIT_TEXT];
};

static struct pool edits = { .item_bytes = (sizeof(struct edit) + 7) / 8 * 8, .n = EDITS_MOST };

bool edits_open(void)
{
	return pool_open(&edits);
}

void edit_drop(struct connection *c)
{
	if (!c->edit)
		return;
	pool_give(&edits, c->edit);
	c->edit = NULL;
}

static struct edit *edit_new(struct connection *c)
{
	struct edit *e = pool_take(&edits);

	c->edit = e;
	if (!e)
		return NULL;
	e->insert_at = e->replace_at = e->at = 0;
	e->n = e->sent = 0;
	return e;
}

/* ---- what is to be changed ---------------------------------------------------------------------- */

/* A whole head as it is written: in pieces (Apache's are a line each), none of which ends within a line. */
struct head {
	const struct iovec *v;
	int n_v;
	size_t n;
};

static struct str head_piece(const struct head *h, int i, size_t before)
{
	return str_first((struct str){ h->v[i].iov_base, h->v[i].iov_len }, h->n - before);
}

static bool head_of(struct head *h, const struct iovec *v, int n_v, size_t n)
{
	size_t before = 0;
	bool whole = true;

	*h = (struct head){ v, n_v, n };
	if (n_v > EDIT_TAKES)
		return false;
	for (int i = 0; i < n_v && whole && before < n; i++) {
		struct str piece = head_piece(h, i, before);

		whole = !piece.n || piece.p[piece.n - 1] == '\n';
		before += piece.n;
	}
	return whole && before == n;
}

/* A field's value, and where in the head it lies; p is NULL if there is none. */
static struct str field_find(const struct head *h, struct str name, uint32_t *at)
{
	size_t before = 0;
	bool first = true;

	for (int i = 0; i < h->n_v && before < h->n; i++) {
		struct str piece = head_piece(h, i, before), rest = piece;

		for (; rest.n; first = false) {
			struct cut line = str_cut(rest, '\n');
			struct cut field = str_cut(line.head, ':');
			struct str value = str_trim(field.tail);

			if (!first && field.found && str_eq_nocase(field.head, name)) {
				*at = (uint32_t)(before + (size_t)(value.p - piece.p));
				return value;
			}
			rest = line.tail;
		}
		before += piece.n;
	}
	return (struct str){ 0 };
}

struct filling {
	struct edit *edit;
	const struct head *head; /* of the program */
};

static void fill(struct edit *e, struct str s)
{
	memcpy(e->text + e->n, s.p, s.n);
	e->n = (uint16_t)(e->n + s.n);
}

/* A field that the program has set itself stays as it is. */
static void fill_field(void *carrier, const char *name, const char *value)
{
	struct filling *f = carrier;
	struct str n = str_of(name), v = str_of(value);
	uint32_t at;

	if (!v.n || field_find(f->head, n, &at).p || memchr(v.p, '\n', v.n) ||
	    memchr(v.p, '\r', v.n))
		return;
	if (n.n + v.n + 4 > (size_t)(EDIT_TEXT - ID_HEX - f->edit->n)) {
		agent_unedited();
		return;
	}
	fill(f->edit, n);
	fill(f->edit, STR(": "));
	fill(f->edit, v);
	fill(f->edit, STR("\r\n"));
}

static void keep_id(void *carrier, const char *name, const char *value)
{
	struct edit *e = carrier;

	if (str_eq_nocase(str_of(name), STR("traceparent")) &&
	    strlen(value) == TRACEPARENT_LENGTH) {
		memcpy(e->text, value, TRACEPARENT_LENGTH);
		e->n = TRACEPARENT_LENGTH;
	}
}

/* The program passes its own request's on: the trace is ours, and the parent becomes ours. */
static void replace(struct edit *e, const struct exchange *x, struct str theirs, uint32_t at)
{
	client_inject(&x->as.called, keep_id, e);
	if (e->n == TRACEPARENT_LENGTH && theirs.n == TRACEPARENT_LENGTH &&
	    memcmp(e->text, theirs.p, PARENT_ID_AT) == 0) {
		memcpy(e->id, e->text + PARENT_ID_AT, ID_HEX);
		e->replace_at = at + PARENT_ID_AT;
	}
	e->n = 0;
}

static size_t line_end(const struct head *h)
{
	int i = 0;

	while (!h->v[i].iov_len)
		i++;
	return str_cut(head_piece(h, i, 0), '\n').head.n + 1;
}

HOT void edit_ends(struct connection *c, bool wanted)
{
	if (wanted && !c->edit && !c->tls)
		agent_unedited();
	edit_drop(c);
}

/* A traceparent that isn't our request's is the program's own affair, and so is the rest then. */
void edit_request(struct connection *c, const struct exchange *x, const struct iovec *v, int n_v,
		  size_t head_n)
{
	struct head head;
	struct edit *e = head_of(&head, v, n_v, head_n) ? edit_new(c) : NULL;
	struct str theirs;
	uint32_t at = 0;

	if (!e)
		return;
	theirs = field_find(&head, STR("traceparent"), &at);
	if (theirs.p)
		replace(e, x, theirs, at);
	if (!theirs.p || e->replace_at)
		client_inject(&x->as.called, fill_field, &(struct filling){ e, &head });
	e->insert_at = e->n ? (uint32_t)line_end(&head) : 0;
}

static bool response_is_whole(struct http1 *probe, const struct iovec *v, int n_v)
{
	for (int i = 0; i < n_v; i++) {
		struct str piece = { v[i].iov_base, v[i].iov_len };
		enum http1_event event = http1_next(probe, NULL, &piece);

		if (event != HTTP1_MORE)
			return event == HTTP1_HEAD;
	}
	return false;
}

void edit_response(struct connection *c, const struct exchange *x, const struct iovec *v, int n_v)
{
	struct http1 probe = c->responses;
	const char *name = server_id_header();
	struct head head;
	struct edit *e;

	probe.to = x->to;
	if (!name || !x->as.served.id[0])
		return;
	if (!response_is_whole(&probe, v, n_v))
		return;
	if (probe.status < 200 && probe.status != 101)
		return;
	e = head_of(&head, v, n_v, probe.head_n) ? edit_new(c) : NULL;
	if (!e)
		return;
	fill_field(&(struct filling){ e, &head }, name, x->as.served.id);
	e->insert_at = e->n ? (uint32_t)line_end(&head) : 0;
}

/* ---- a write ------------------------------------------------------------------------------------------ */

static bool put(struct outgoing *o, const void *p, size_t n)
{
	if (!n)
		return true;
	if (o->n == EDIT_PIECES)
		return false;
	o->v[o->n++] = (struct iovec){ (void *)p, n };
	return true;
}

/* Bytes of the program that stand at `at` of the message, those in place of which ours go replaced. */
static bool put_own(struct outgoing *o, const struct edit *e, const char *p, size_t n, uint64_t at)
{
	uint64_t from = e->replace_at, to = from + ID_HEX, end = at + n;

	if (!from || to <= at || from >= end)
		return put(o, p, n);
	from = from > at ? from : at;
	to = to < end ? to : end;
	memcpy(o->text + EDIT_TEXT - ID_HEX, e->id, ID_HEX);
	return put(o, p, from - at) &&
	       put(o, o->text + EDIT_TEXT - ID_HEX + (from - e->replace_at), to - from) &&
	       put(o, p + (to - at), end - to);
}

static bool put_hidden(struct outgoing *o, const struct edit *e)
{
	memcpy(o->text, e->text + e->sent, e->n - e->sent);
	o->hidden = o->n;
	return put(o, o->text, e->n - e->sent);
}

bool edit_is_under_way(const struct connection *c)
{
	const struct edit *e = c->edit;

	return e && ((e->sent && e->sent < e->n) ||
		     (e->replace_at && e->at > e->replace_at && e->at < e->replace_at + ID_HEX));
}

static bool is_done(const struct edit *e)
{
	return e->sent == e->n && (!e->replace_at || e->at >= e->replace_at + ID_HEX);
}

/* Nothing of the message has gone another way. Where it isn't followed any more, what has begun is brought to its end. */
static bool stands_there(const struct edit *e, const struct connection *c)
{
	const struct http1 *m = c->served ? &c->responses : &c->requests;

	return (!c->served && c->requests_over) || (http1_is_idle(m) ? 0 : m->head_n) == e->at;
}

bool outgoing_make(struct outgoing *o, const struct connection *c, const struct iovec *v, int n_v)
{
	const struct edit *e = c->edit;
	bool fits = true;
	uint64_t at;

	if (!e || is_done(e) || !stands_there(e, c))
		return false;
	at = e->at;
	/* What has begun can't be left: then the program writes less. */
	if (n_v > EDIT_TAKES)
		n_v = EDIT_TAKES;
	o->n = 0;
	o->hidden = -1;
	for (int i = 0; fits && i < n_v; i++) {
		const char *p = v[i].iov_base;
		size_t n = v[i].iov_len;

		if (e->insert_at >= at && e->insert_at < at + n && e->sent < e->n && n &&
		    o->hidden < 0) {
			size_t before = (size_t)(e->insert_at - at);

			fits = put_own(o, e, p, before, at) && put_hidden(o, e);
			p += before;
			n -= before;
			at += before;
		}
		fits = fits && put_own(o, e, p, n, at);
		at += n;
	}
	return fits;
}

size_t outgoing_passed(const struct outgoing *o, struct connection *c, size_t n)
{
	struct edit *e = c ? c->edit : NULL;
	size_t shown = 0;

	for (int i = 0; i < o->n && n; i++) {
		size_t taken = n < o->v[i].iov_len ? n : o->v[i].iov_len;

		n -= taken;
		if (i != o->hidden)
			shown += taken;
		else if (e)
			e->sent = (uint16_t)(e->sent + taken);
	}
	if (e)
		e->at += (uint32_t)shown;
	return shown;
}
