/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/libraries/messaging.h"

#include <stdio.h>

#include "agent/agent.h"
#include "base/utf8.h"

enum { KEY_MOST = 64 };

static const struct operation {
	struct str name;
	const char *type;
	enum oriel_kind kind;
} operations[] = {
	[MESSAGING_SEND] = { { "send", 4 }, "send", ORIEL_PRODUCER },
	[MESSAGING_POLL] = { { "poll", 4 }, "receive", ORIEL_CLIENT },
	[MESSAGING_PROCESS] = { { "process", 7 }, "process", ORIEL_CONSUMER },
};

static struct oriel_histogram *_Atomic duration, *_Atomic process_duration;
static struct oriel_counter *_Atomic sent, *_Atomic consumed;

void messaging_ready(void)
{
	if (atomic_load_explicit(&duration, memory_order_relaxed))
		return;
	atomic_store_explicit(
		&sent,
		oriel_counter("messaging.client.sent.messages", "{message}",
			      "Messages that were given to the broker, or failed to."),
		memory_order_relaxed);
	atomic_store_explicit(&consumed,
			      oriel_counter("messaging.client.consumed.messages", "{message}",
					    "Messages that the program was given."),
			      memory_order_relaxed);
	atomic_store_explicit(&process_duration,
			      oriel_histogram("messaging.process.duration", "s",
					      "Duration of the work on messages.", NULL, 0),
			      memory_order_relaxed);
	atomic_store_explicit(&duration,
			      oriel_histogram("messaging.client.operation.duration", "s",
					      "Duration of messaging operations.", NULL, 0),
			      memory_order_relaxed);
}

static void gather_name(struct gathered *g, enum wire_key key, const char *name)
{
	if (name[0])
		gather(g, known_str(key, name));
}

/* What spans and metrics have in common. */
static void gather_common(struct gathered *g, enum messaging_operation operation,
			  const struct messaging_client *client, struct str destination)
{
	const struct operation *o = &operations[operation];

	g->n = 0;
	gather(g, known_str(KEY_MESSAGING_SYSTEM, client->system));
	gather(g, known_strn(KEY_MESSAGING_OPERATION_NAME, o->name.p, o->name.n));
	gather(g, known_str(KEY_MESSAGING_OPERATION_TYPE, o->type));
	if (destination.n)
		gather(g, known_strn(KEY_MESSAGING_DESTINATION_NAME, destination.p, destination.n));
	gather_name(g, KEY_MESSAGING_CONSUMER_GROUP_NAME, client->group);
	gather_name(g, KEY_SERVER_ADDRESS, client->address);
	if (client->address[0] && client->port > 0)
		gather(g, known_int(KEY_SERVER_PORT, client->port));
}

static bool is_text(struct str s)
{
	while (s.n) {
		size_t n = utf8_length(s);

		if (!n || (n == 1 && ((unsigned char)s.p[0] < ' ' || s.p[0] == 0x7f)))
			return false;
		s = str_from(s, n);
	}
	return true;
}

/* A partition is a string, by the conventions. */
static void gather_place(struct gathered *g, int partition, int64_t offset, char text[16])
{
	if (partition >= 0) {
		snprintf(text, 16, "%d", partition);
		gather(g, known_str(KEY_MESSAGING_DESTINATION_PARTITION_ID, text));
	}
	if (offset >= 0)
		gather(g, known_int(KEY_MESSAGING_KAFKA_OFFSET, offset));
}

static void gather_message(struct gathered *g, const struct messaging_seen *seen)
{
	if (seen->key.n && seen->key.n <= KEY_MOST && is_text(seen->key))
		gather(g, known_strn(KEY_MESSAGING_KAFKA_MESSAGE_KEY, seen->key.p, seen->key.n));
	if (seen->body_bytes >= 0)
		gather(g, known_int(KEY_MESSAGING_MESSAGE_BODY_SIZE, seen->body_bytes));
	if (seen->tombstone)
		gather(g, known_bool(KEY_MESSAGING_KAFKA_MESSAGE_TOMBSTONE, true));
	if (seen->batch > 0)
		gather(g, known_int(KEY_MESSAGING_BATCH_MESSAGE_COUNT, seen->batch));
}

/* "send orders" */
static size_t span_name(char out[MESSAGING_SPAN_MOST], const struct messaging_call *c)
{
	struct str name = operations[c->operation].name;

	memcpy(out, name.p, name.n);
	if (!c->destination_n)
		return name.n;
	out[name.n] = ' ';
	memcpy(out + name.n + 1, c->destination, c->destination_n);
	return name.n + 1 + c->destination_n;
}

void messaging_begin(struct messaging_call *c, const struct messaging_seen *seen)
{
	struct str destination = str_first(seen->destination, MESSAGING_NAME_MOST);
	char name[MESSAGING_SPAN_MOST], partition[16];
	struct gathered g;

	c->operation = seen->operation;
	c->client = seen->client;
	c->destination_n = (uint8_t)destination.n;
	if (destination.n)
		memcpy(c->destination, destination.p, destination.n);
	c->begin_ns = seen->begin_ns ? seen->begin_ns : agent_now_ns();
	gather_common(&g, seen->operation, seen->client, destination);
	gather_name(&g, KEY_MESSAGING_CLIENT_ID, seen->client->id);
	gather_place(&g, seen->partition, seen->offset, partition);
	gather_message(&g, seen);
	c->span = oriel_span_open(name, span_name(name, c),
				  ORIEL_SPAN_OPTIONS(.kind = operations[seen->operation].kind,
						     .parent = seen->parent, .detached = true,
						     .start_ns = seen->start_ns,
						     .scope = watcher_scope(seen->scope)),
				  gathered_all(&g));
	if (seen->creation)
		messaging_link(c, seen->creation);
}

void messaging_inject(const struct messaging_call *c,
		      void (*set)(void *carrier, const char *name, const char *value),
		      void *carrier)
{
	unsigned token = oriel_context_attach(messaging_context(c));

	oriel_context_inject(set, carrier);
	oriel_context_detach(token);
}

void messaging_link(const struct messaging_call *c, const struct oriel_context *creation)
{
	oriel_span_link_all(&c->span, creation, (struct oriel_attributes){ NULL, 0 });
}

static void measure(const struct messaging_call *c, const char *error)
{
	struct str destination = { c->destination, c->destination_n };
	struct gathered g;

	gather_common(&g, c->operation, c->client, destination);
	if (error)
		gather(&g, known_str(KEY_ERROR_TYPE, error));
	if (c->operation == MESSAGING_SEND)
		oriel_add_all(atomic_load_explicit(&sent, memory_order_relaxed), 1,
			      gathered_all(&g));
	oriel_record_all(c->operation == MESSAGING_PROCESS
				 ? atomic_load_explicit(&process_duration, memory_order_relaxed)
				 : atomic_load_explicit(&duration, memory_order_relaxed),
			 agent_seconds_since(c->begin_ns), gathered_all(&g));
}

void messaging_end(struct messaging_call *c, const struct messaging_outcome *o)
{
	char partition[16];
	struct gathered g;

	if (!c->begin_ns)
		return;
	g.n = 0;
	gather_place(&g, o->partition, o->offset, partition);
	if (o->error)
		gather(&g, known_str(KEY_ERROR_TYPE, o->error));
	if (o->error)
		oriel_span_status(&c->span, ORIEL_ERROR, NULL);
	oriel_span_end_all(&c->span, gathered_all(&g));
	measure(c, o->error);
	c->begin_ns = 0;
}

void messaging_consumed(const struct messaging_client *client, struct str destination, int64_t n)
{
	struct gathered g;

	gather_common(&g, MESSAGING_POLL, client, str_first(destination, MESSAGING_NAME_MOST));
	oriel_add_all(atomic_load_explicit(&consumed, memory_order_relaxed), n, gathered_all(&g));
}

void messaging_polled(const struct messaging_client *client, struct str destination,
		      uint64_t begin_ns)
{
	struct gathered g;

	gather_common(&g, MESSAGING_POLL, client, str_first(destination, MESSAGING_NAME_MOST));
	oriel_record_all(atomic_load_explicit(&duration, memory_order_relaxed),
			 agent_seconds_since(begin_ns), gathered_all(&g));
}
