/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka, consuming.
 *
 *     rd_kafka_consumer_poll, _consume, _consume_queue   one message: "process", from here until
 *                                                        the program destroys it
 *     rd_kafka_consume_callback, _callback_queue         one after the other: "process", while the
 *                                                        program's callback runs
 *     rd_kafka_consume_batch, _batch_queue               many: "poll", with a link to each
 *     on_consume                                         whose message it is; counts
 *
 * The context of "process" is current on the thread that polled, until it destroys the message or
 * polls again: what the program does with a message are the span's children, without a word from it.
 * A message that goes to another thread lives on as a span, and is not current there.
 *
 * `owned` is the message that this thread last polled. Its item is given back by the thread that owns
 * it, if the message was destroyed by another: `destroyed` says so, released there, acquired here.
 */
#include "agent/libraries/librdkafka.h"

#include <errno.h>

#include "agent/table.h"
#include "wire/record.h"

enum { PROCESSING_MOST = 16384, LINKS_MOST = 64 };

struct processing {
	struct pool_item item;
	struct messaging_call call;
	struct rdkafka_client *client;
	struct oriel_context context; /* that the message brought; released with the item */
	unsigned token;
	_Atomic int state;
};

/* Of an item: who lets go of it last gives it back. */
enum { OWNED, LEFT, DESTROYED };

static struct pool processings = { .item_bytes = sizeof(struct processing), .n = PROCESSING_MOST };

static struct table_slot slots[2 * PROCESSING_MOST];
static const struct table processing_of = { slots, 2 * PROCESSING_MOST }; /* by message */

/* A call that takes messages from librdkafka, on this thread. */
struct poll {
	struct poll *outer;
	struct rdkafka_client *client; /* of the last message; NULL: none */
	uint64_t begin_ns;
};

static __thread struct poll *polling;
static __thread struct processing *owned;

static void item_let_go(struct processing *p, int state)
{
	int other = OWNED;

	/* acq_rel: the second one sees what the first one did with the item. */
	if (atomic_compare_exchange_strong_explicit(&p->state, &other, state, memory_order_acq_rel,
						    memory_order_acquire))
		return;
	oriel_context_release(&p->context);
	rdkafka_drop(p->client);
	pool_give(&processings, p);
}

/* The thread no longer works on what it polled last. */
static void leave(void)
{
	struct processing *p = owned;

	if (!p)
		return;
	owned = NULL;
	oriel_context_detach(p->token);
	item_let_go(p, LEFT);
}

static bool has_current(void)
{
	char id[17];

	return oriel_span_id(id);
}

static void process(struct processing *p, struct rdkafka_client *client,
		    const rd_kafka_message_t *message)
{
	bool has_creation = rdkafka_creation(message, &p->context);

	messaging_begin(&p->call,
			&(struct messaging_seen){
				.operation = MESSAGING_PROCESS,
				.client = &client->is,
				.destination = rdkafka_topic(message),
				.partition = message->partition,
				.offset = message->offset,
				.key = rdkafka_key(message),
				.body_bytes = (int64_t)message->len,
				.tombstone = !message->payload,
				.parent = has_creation && !has_current() ? &p->context : NULL,
				.creation = has_creation ? &p->context : NULL,
				.scope = SCOPE_LIBRDKAFKA });
	rdkafka_hold(client);
	p->client = client;
	atomic_store_explicit(&p->state, OWNED, memory_order_relaxed);
	p->token = oriel_context_attach(messaging_context(&p->call));
	owned = p;
}

static void process_begin(struct rdkafka_client *client, const rd_kafka_message_t *message)
{
	struct processing *p = pool_open(&processings) ? pool_take(&processings) : NULL;

	if (p && !table_put(&processing_of, message, p)) {
		pool_give(&processings, p);
		p = NULL;
	}
	if (p)
		process(p, client, message);
	else
		agent_missed("librdkafka");
}

static void process_end(struct processing *p)
{
	if (p == owned) {
		owned = NULL;
		oriel_context_detach(p->token);
		item_let_go(p, LEFT);
	}
	messaging_end(&p->call, &(struct messaging_outcome){ .partition = -1, .offset = -1 });
	item_let_go(p, DESTROYED);
}

rd_kafka_resp_err_t rdkafka_on_consume(rd_kafka_t *rk, rd_kafka_message_t *message, void *client)
{
	const struct rdkafka_client *c = client;
	int kept = errno;

	(void)rk;
	if (!watches(&rdkafka_watch))
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	messaging_consumed(&c->is, rdkafka_topic(message), 1);
	if (polling)
		polling->client = client;
	errno = kept;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ---- one message ------------------------------------------------------------------------------------ */

static void poll_begin(struct poll *p)
{
	int kept = errno;

	leave();
	p->outer = polling;
	p->client = NULL;
	p->begin_ns = agent_now_ns();
	polling = p;
	errno = kept;
}

static rd_kafka_message_t *poll_end(struct poll *p, rd_kafka_message_t *message)
{
	int kept = errno;

	polling = p->outer;
	if (message && !message->err && p->client) {
		messaging_polled(&p->client->is, rdkafka_topic(message), p->begin_ns);
		process_begin(p->client, message);
	}
	errno = kept;
	return message;
}

HOOK rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms)
{
	struct poll p;

	if (!RDKAFKA_REAL(rd_kafka_consumer_poll))
		return NULL;
	if (!watches(&rdkafka_watch)) {
		leave();
		return RDKAFKA_REAL(rd_kafka_consumer_poll)(rk, timeout_ms);
	}
	poll_begin(&p);
	return poll_end(&p, RDKAFKA_REAL(rd_kafka_consumer_poll)(rk, timeout_ms));
}

HOOK rd_kafka_message_t *rd_kafka_consume(rd_kafka_topic_t *topic, int32_t partition,
					  int timeout_ms)
{
	struct poll p;

	if (!RDKAFKA_REAL(rd_kafka_consume))
		return NULL;
	if (!watches(&rdkafka_watch)) {
		leave();
		return RDKAFKA_REAL(rd_kafka_consume)(topic, partition, timeout_ms);
	}
	poll_begin(&p);
	return poll_end(&p, RDKAFKA_REAL(rd_kafka_consume)(topic, partition, timeout_ms));
}

HOOK rd_kafka_message_t *rd_kafka_consume_queue(rd_kafka_queue_t *queue, int timeout_ms)
{
	struct poll p;

	if (!RDKAFKA_REAL(rd_kafka_consume_queue))
		return NULL;
	if (!watches(&rdkafka_watch)) {
		leave();
		return RDKAFKA_REAL(rd_kafka_consume_queue)(queue, timeout_ms);
	}
	poll_begin(&p);
	return poll_end(&p, RDKAFKA_REAL(rd_kafka_consume_queue)(queue, timeout_ms));
}

HOOK void rd_kafka_message_destroy(rd_kafka_message_t *message)
{
	struct processing *p = table_remove(&processing_of, message);
	int kept = errno;

	if (p)
		process_end(p);
	errno = kept;
	if (RDKAFKA_REAL(rd_kafka_message_destroy))
		RDKAFKA_REAL(rd_kafka_message_destroy)(message);
}

/* ---- the program's callback for each -------------------------------------------------------------------- */

typedef void (*consume_callback)(rd_kafka_message_t *message, void *opaque);

struct consuming {
	struct poll poll;
	consume_callback own;
	void *opaque; /* the program's */
};

static void consuming_one(rd_kafka_message_t *message, void *arg)
{
	struct consuming *c = arg;
	struct processing *p;
	int kept = errno;

	leave();
	if (!message->err && c->poll.client)
		process_begin(c->poll.client, message);
	errno = kept;
	c->own(message, c->opaque);
	kept = errno;
	p = table_remove(&processing_of, message);
	if (p)
		process_end(p);
	errno = kept;
}

HOOK int rd_kafka_consume_callback(rd_kafka_topic_t *topic, int32_t partition, int timeout_ms,
				   consume_callback own, void *opaque)
{
	struct consuming c = { .own = own, .opaque = opaque };
	int n;

	if (!RDKAFKA_REAL(rd_kafka_consume_callback))
		return -1;
	if (!watches(&rdkafka_watch))
		return RDKAFKA_REAL(rd_kafka_consume_callback)(topic, partition, timeout_ms, own,
							       opaque);
	poll_begin(&c.poll);
	n = RDKAFKA_REAL(rd_kafka_consume_callback)(topic, partition, timeout_ms, consuming_one,
						    &c);
	polling = c.poll.outer;
	return n;
}

HOOK int rd_kafka_consume_callback_queue(rd_kafka_queue_t *queue, int timeout_ms,
					 consume_callback own, void *opaque)
{
	struct consuming c = { .own = own, .opaque = opaque };
	int n;

	if (!RDKAFKA_REAL(rd_kafka_consume_callback_queue))
		return -1;
	if (!watches(&rdkafka_watch))
		return RDKAFKA_REAL(rd_kafka_consume_callback_queue)(queue, timeout_ms, own,
								     opaque);
	poll_begin(&c.poll);
	n = RDKAFKA_REAL(rd_kafka_consume_callback_queue)(queue, timeout_ms, consuming_one, &c);
	polling = c.poll.outer;
	return n;
}

/* ---- many messages ------------------------------------------------------------------------------------ */

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The topic, if it is the same for all; and how many are no errors. */
static int64_t batch_look(rd_kafka_message_t **message, ssize_t n, struct str *topic)
{
	int64_t good = 0;

	*topic = (struct str){ 0 };
	for (ssize_t i = 0; i < n; i++) {
		struct str of = rdkafka_topic(message[i]);

		if (message[i]->err)
			continue;
		if (!good++)
			*topic = of;
		else if (!str_eq(of, *topic))
			topic->n = 0;
	}
	return good;
}

static ssize_t batch_end(const struct poll *p, rd_kafka_message_t **message, ssize_t n)
{
	struct messaging_call call;
	struct str topic;
	int64_t good;
	int kept = errno;

	polling = p->outer;
	good = n > 0 && p->client ? batch_look(message, n, &topic) : 0;
	if (!good) {
		errno = kept;
		return n;
	}
	messaging_begin(&call, &(struct messaging_seen){ .operation = MESSAGING_POLL,
							 .client = &p->client->is,
							 .destination = topic,
							 .partition = -1,
							 .offset = -1,
							 .body_bytes = -1,
							 .batch = good,
							 .begin_ns = p->begin_ns,
							 .start_ns = wall_ns() -
								     (agent_now_ns() - p->begin_ns),
							 .scope = SCOPE_LIBRDKAFKA });
	for (ssize_t i = 0; i < n && i < LINKS_MOST; i++) {
		struct oriel_context creation;

		if (!message[i]->err && rdkafka_creation(message[i], &creation)) {
			messaging_link(&call, &creation);
			oriel_context_release(&creation);
		}
	}
	messaging_end(&call, &(struct messaging_outcome){ .partition = -1, .offset = -1 });
	errno = kept;
	return n;
}

HOOK ssize_t rd_kafka_consume_batch(rd_kafka_topic_t *topic, int32_t partition, int timeout_ms,
				    rd_kafka_message_t **message, size_t size)
{
	struct poll p;

	if (!RDKAFKA_REAL(rd_kafka_consume_batch))
		return -1;
	if (!watches(&rdkafka_watch))
		return RDKAFKA_REAL(rd_kafka_consume_batch)(topic, partition, timeout_ms, message,
							    size);
	poll_begin(&p);
	return batch_end(&p, message,
			 RDKAFKA_REAL(rd_kafka_consume_batch)(topic, partition, timeout_ms, message,
							      size));
}

HOOK ssize_t rd_kafka_consume_batch_queue(rd_kafka_queue_t *queue, int timeout_ms,
					  rd_kafka_message_t **message, size_t size)
{
	struct poll p;

	if (!RDKAFKA_REAL(rd_kafka_consume_batch_queue))
		return -1;
	if (!watches(&rdkafka_watch))
		return RDKAFKA_REAL(rd_kafka_consume_batch_queue)(queue, timeout_ms, message, size);
	poll_begin(&p);
	return batch_end(&p, message,
			 RDKAFKA_REAL(rd_kafka_consume_batch_queue)(queue, timeout_ms, message,
								    size));
}
