/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/receiver.h"

#include "base/clock.h"
#include "model/stats.h"
#include "receive/otlp-json.h"
#include "receive/envelope.h"
#include "receive/zipkin.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>

enum {
	WAIT_MS = 3000, /* for room, when a part of a request has been given away */
	WAIT_STEP_MS = 5,
	SHAPED_MOST = 4 * BODY_MOST, /* numbers in JSON may be shorter than in protobuf */
};

void receiver_init(struct receiver *r, const struct receive_sink *sink)
{
	uint64_t random[2] = { 0 };

	*r = (struct receiver){ .sink = *sink };
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random[0] = clock_mono_ns();
	redact_of_environment(&r->redact, (struct str){ (char *)random, sizeof(random) }, NULL);
	sources_init(&r->known);
}

void receiver_fini(struct receiver *r)
{
	sources_fini(&r->known);
}

bool receiver_hold(struct receiver *r, size_t n)
{
	if (atomic_fetch_add_explicit(&r->held, n, memory_order_relaxed) + n <= RECEIVER_HELD_MOST)
		return true;
	receiver_let_go(r, n);
	return false;
}

void receiver_let_go(struct receiver *r, size_t n)
{
	atomic_fetch_sub_explicit(&r->held, n, memory_order_relaxed);
}

/* ---- giving away -------------------------------------------------------------------------------- */

static bool give_in_time(struct receiver *r, struct batch *b, uint64_t until_ns)
{
	while (!r->sink.give(b, r->sink.you)) {
		if (clock_mono_ns() >= until_ns)
			return false;
		poll(NULL, 0, WAIT_STEP_MS);
	}
	return true;
}

/*
 * If there is no room for the first batch the sender is told to come again. Later that would tell the
 * first ones twice: then the rest waits for a while, and is rejected.
 */
static enum receive_outcome give_all(struct receiver *r, struct receipt *got)
{
	uint64_t until = clock_mono_ns() + WAIT_MS * 1000000ull;
	size_t items = 0;

	for (size_t i = 0; i < got->n; i++) {
		struct batch *b = got->batch[i];
		size_t n = batch_items(b);

		if (!n)
			continue;
		if (give_in_time(r, b, items ? until : 0))
			items += n;
		else if (items)
			receipt_reject(got, n, "there is no room for all of it just now");
		else
			return RECEIVE_BUSY;
	}
	stats_add(receive_items, items);
	stats_add(receive_rejected, got->n_rejected);
	return RECEIVE_OK;
}

/* ---- from bytes to batches ---------------------------------------------------------------------- */

static enum receive_outcome outcome_of(int r)
{
	return r == 0 ? RECEIVE_OK : r > 0 ? RECEIVE_BAD : RECEIVE_BUSY;
}

static enum receive_outcome decode_json(const struct delivery *d, struct str body,
					const struct otlp_source *from, struct receipt *got)
{
	struct out shaped = { .limit = SHAPED_MOST };
	enum receive_outcome how = RECEIVE_BAD;

	if (otlp_from_json(&shaped, d->kind, body, got->why))
		how = outcome_of(otlp_decode(got, d->kind, out_all(&shaped), from));
	else if (shaped.error)
		how = shaped.error == -EFBIG ? RECEIVE_TOO_BIG : RECEIVE_BUSY;
	out_fini(&shaped);
	return how;
}

static enum receive_outcome decode(struct receiver *r, const struct delivery *d, struct str body,
				   struct receipt *got)
{
	struct sieve sieve = { .rules = &r->redact };
	struct otlp_source from = { &r->known, d->run, &sieve };
	enum receive_outcome how;

	if (d->form == FORM_ZIPKIN)
		how = outcome_of(zipkin_decode(got, body, &from));
	else if (d->form == FORM_ENVELOPE)
		how = outcome_of(envelope_decode(got, body, &from));
	else if (d->form == FORM_JSON)
		how = decode_json(d, body, &from, got);
	else
		how = outcome_of(otlp_decode(got, d->kind, body, &from));
	for (size_t i = 0; i < got->n && how == RECEIVE_OK; i++)
		if (!sieve_batch(&sieve, got->batch[i]))
			how = RECEIVE_BUSY;
	return how;
}

static enum receive_outcome unpack(struct out *o, const struct delivery *d, struct receipt *got)
{
	int r = inflate_body(o, d->packing, d->body);

	if (r == INFLATE_TOO_BIG)
		return RECEIVE_TOO_BIG;
	if (r == INFLATE_BAD)
		snprintf(got->why, sizeof(got->why), "the body can't be unpacked");
	return outcome_of(r);
}

static enum receive_outcome take(struct receiver *r, const struct delivery *d, struct receipt *got)
{
	struct out unpacked = { .limit = BODY_MOST };
	enum receive_outcome how = RECEIVE_OK;
	struct str body = d->body;

	if (body.n > BODY_MOST)
		return RECEIVE_TOO_BIG;
	if (d->packing == PACKING_UNKNOWN)
		return RECEIVE_UNKNOWN;
	if (d->packing != PACKING_NONE) {
		how = unpack(&unpacked, d, got);
		body = out_all(&unpacked);
	}
	if (how == RECEIVE_OK)
		how = decode(r, d, body, got);
	out_fini(&unpacked);
	return how == RECEIVE_OK ? give_all(r, got) : how;
}

/* What has no words of its own yet. */
static const char *usual_why(enum receive_outcome how)
{
	switch (how) {
	case RECEIVE_TOO_BIG:
		return "more than 64 MiB in one request";
	case RECEIVE_UNKNOWN:
		return "packed in a way that is not understood: gzip, zstd, deflate, or not at all";
	case RECEIVE_BUSY:
		return "there is no room just now";
	default:
		return "";
	}
}

enum receive_outcome receiver_take(struct receiver *r, const struct delivery *d,
				   struct receive_answer *answer)
{
	struct receipt got = { 0 };
	enum receive_outcome how;

	atomic_store_explicit(&r->last_ns, clock_mono_ns(), memory_order_relaxed);
	how = take(r, d, &got);
	*answer = (struct receive_answer){ .n_rejected = got.n_rejected };
	snprintf(answer->why, sizeof(answer->why), "%s", got.why[0] ? got.why : usual_why(how));
	receipt_fini(&got);
	return how;
}
