/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka, clients and what they send. A client that is made gets interceptors of ours, by
 * librdkafka's own interface for that, so every way to produce is seen, and none of the program's
 * callbacks, queues and opaque pointers is touched:
 *
 *     rd_kafka_new         adds on_new to the configuration; on_new adds the others to the client
 *     on_send              a message is about to be queued, on the program's thread: a span begins,
 *                          and the message gets its context as headers
 *     on_acknowledgement   it was delivered, or failed for good, on any thread: the span ends
 *     on_destroy           the client is no more
 *
 * Headers that the program set stay; with a traceparent among them, none is added. A message that is
 * nearly as large as the client allows gets none, since the broker might refuse it for them.
 */
#include "agent/librdkafka.h"

#include <errno.h>

#include "agent/table.h"
#include "wire/record.h"

enum { CLIENTS_MOST = 256, SENDING_MOST = 16384, HEADERS_BYTES = 1024 };

struct watch rdkafka_watch;

static struct real_library library;

struct real rdkafka_real[N_RDKAFKA_CALLS] = {
#define X(call) { .name = #call, .library = &library },
	RDKAFKA_CALLS(X)
#undef X
};

struct sending {
	struct pool_item item;
	struct rdkafka_client *client;
	struct messaging_call call;
};

static struct pool clients = { .item_bytes = sizeof(struct rdkafka_client), .n = CLIENTS_MOST };
static struct pool sendings = { .item_bytes = sizeof(struct sending), .n = SENDING_MOST };

static struct table_slot slots[2 * SENDING_MOST];
static const struct table sending_of = { slots, 2 * SENDING_MOST }; /* by message */

/* ---- a message ---------------------------------------------------------------------------------- */

struct str rdkafka_topic(const rd_kafka_message_t *message)
{
	return str_of(message->rkt ? RDKAFKA_REAL(rd_kafka_topic_name)(message->rkt) : NULL);
}

struct str rdkafka_key(const rd_kafka_message_t *message)
{
	return (struct str){ message->key, message->key ? message->key_len : 0 };
}

/* librdkafka ends each value with a NUL. */
static const char *header_get(void *headers, const char *name)
{
	const void *value;
	size_t n;

	if (RDKAFKA_REAL(rd_kafka_header_get_last)(headers, name, &value, &n))
		return NULL;
	return value;
}

bool rdkafka_creation(const rd_kafka_message_t *message, struct oriel_context *out)
{
	rd_kafka_headers_t *headers;

	*out = (struct oriel_context){ 0 };
	return !RDKAFKA_REAL(rd_kafka_message_headers)(message, &headers) &&
	       oriel_context_extract(out, header_get, headers);
}

/* ---- sending -------------------------------------------------------------------------------------- */

struct carrier {
	rd_kafka_message_t *message;
	rd_kafka_headers_t *headers; /* the message's; NULL: it has none yet */
};

static void header_set(void *arg, const char *name, const char *value)
{
	struct carrier *c = arg;
	const void *own;
	size_t n;

	if (!c->headers) {
		c->headers = RDKAFKA_REAL(rd_kafka_headers_new)(4);
		if (!c->headers)
			return;
		RDKAFKA_REAL(rd_kafka_message_set_headers)(c->message, c->headers);
	}
	if (RDKAFKA_REAL(rd_kafka_header_get_last)(c->headers, name, &own, &n))
		RDKAFKA_REAL(rd_kafka_header_add)(c->headers, name, -1, value, -1);
}

static void sending_inject(const struct messaging_call *call, const struct rdkafka_client *client,
			   rd_kafka_message_t *message)
{
	struct carrier c = { .message = message };

	if (message->len + message->key_len + HEADERS_BYTES > client->message_bytes_most) {
		agent_missed("librdkafka");
		return;
	}
	if (RDKAFKA_REAL(rd_kafka_message_headers)(message, &c.headers))
		c.headers = NULL;
	messaging_inject(call, header_set, &c);
}

static void sending_begin(struct sending *s, struct rdkafka_client *client,
			  rd_kafka_message_t *message)
{
	struct oriel_context own;
	bool has_own = rdkafka_creation(message, &own);

	rdkafka_hold(client);
	s->client = client;
	messaging_begin(&s->call, &(struct messaging_seen){ .operation = MESSAGING_SEND,
							    .client = &client->is,
							    .destination = rdkafka_topic(message),
							    .partition = message->partition,
							    .offset = -1,
							    .key = rdkafka_key(message),
							    .body_bytes = (int64_t)message->len,
							    .tombstone = !message->payload,
							    .creation = has_own ? &own : NULL,
							    .scope = SCOPE_LIBRDKAFKA });
	oriel_context_release(&own);
	if (!has_own)
		sending_inject(&s->call, client, message);
}

static void sending_end(struct sending *s, const rd_kafka_message_t *message)
{
	struct messaging_outcome o = { .partition = message->partition, .offset = -1 };

	if (message->err)
		o.error = RDKAFKA_REAL(rd_kafka_err2name)(message->err);
	else
		o.offset = message->offset;
	messaging_end(&s->call, &o);
	rdkafka_drop(s->client);
	pool_give(&sendings, s);
}

static rd_kafka_resp_err_t on_send(rd_kafka_t *rk, rd_kafka_message_t *message, void *client)
{
	struct sending *s;
	int kept = errno;

	(void)rk;
	if (!watches(&rdkafka_watch))
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	s = pool_open(&sendings) ? pool_take(&sendings) : NULL;
	if (s && !table_put(&sending_of, message, s)) {
		pool_give(&sendings, s);
		s = NULL;
	}
	if (s)
		sending_begin(s, client, message);
	else
		agent_missed("librdkafka");
	errno = kept;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t *rk, rd_kafka_message_t *message,
					      void *client)
{
	struct sending *s = table_remove(&sending_of, message);
	int kept = errno;

	(void)rk;
	(void)client;
	if (s)
		sending_end(s, message);
	errno = kept;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ---- a client ------------------------------------------------------------------------------------- */

static void setting(const rd_kafka_conf_t *conf, const char *name, char *out, size_t size)
{
	size_t n = size;

	out[0] = 0;
	if (RDKAFKA_REAL(rd_kafka_conf_get)(conf, name, out, &n) != RD_KAFKA_CONF_OK)
		out[0] = 0;
	out[size - 1] = 0;
}

/* "host:9092" or "host"; of several brokers none is the one. */
static void client_address(struct messaging_client *c, const rd_kafka_conf_t *conf)
{
	char text[MESSAGING_NAME_MOST];
	uint64_t port;
	char *colon;

	setting(conf, "bootstrap.servers", text, sizeof(text));
	colon = strrchr(text, ':');
	c->address[0] = 0;
	c->port = 0;
	if (strchr(text, ',') || strstr(text, "://"))
		return;
	if (colon && str_to_u64(str_of(colon + 1), &port) && port < 65536) {
		*colon = 0;
		c->port = (int)port;
	}
	memcpy(c->address, text, sizeof(text));
}

static void client_init(struct rdkafka_client *c, const rd_kafka_conf_t *conf)
{
	char text[32];
	uint64_t bytes;

	messaging_ready();
	atomic_store_explicit(&c->holds, 1, memory_order_relaxed);
	c->is.system = "kafka";
	setting(conf, "client.id", c->is.id, sizeof(c->is.id));
	setting(conf, "group.id", c->is.group, sizeof(c->is.group));
	client_address(&c->is, conf);
	setting(conf, "message.max.bytes", text, sizeof(text));
	c->message_bytes_most = str_to_u64(str_of(text), &bytes) ? bytes : 0;
}

/* acq_rel: whoever takes it next sees that nobody reads it. */
void rdkafka_drop(struct rdkafka_client *c)
{
	if (atomic_fetch_sub_explicit(&c->holds, 1, memory_order_acq_rel) == 1)
		pool_give(&clients, c);
}

/* What still waits to be sent fails after this, on other threads. */
static rd_kafka_resp_err_t on_destroy(rd_kafka_t *rk, void *client)
{
	(void)rk;
	rdkafka_drop(client);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque,
				  char *why, size_t why_size)
{
	struct rdkafka_client *c = pool_open(&clients) ? pool_take(&clients) : NULL;
	int kept = errno;

	(void)opaque;
	(void)why;
	(void)why_size;
	if (c) {
		client_init(c, conf);
		RDKAFKA_REAL(rd_kafka_interceptor_add_on_send)(rk, "oriel", on_send, c);
		RDKAFKA_REAL(rd_kafka_interceptor_add_on_acknowledgement)
		(rk, "oriel", on_acknowledgement, c);
		RDKAFKA_REAL(rd_kafka_interceptor_add_on_consume)
		(rk, "oriel", rdkafka_on_consume, c);
		RDKAFKA_REAL(rd_kafka_interceptor_add_on_destroy)(rk, "oriel", on_destroy, c);
	} else
		agent_missed("librdkafka");
	errno = kept;
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

HOOK rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *why,
			      size_t why_size)
{
	rd_kafka_conf_t *given = conf;
	rd_kafka_t *rk;

	if (!RDKAFKA_REAL(rd_kafka_new))
		return NULL;
	if (!watches(&rdkafka_watch) || real_calls_itself(&library, __builtin_return_address(0)) ||
	    !real_find_all(rdkafka_real, N_RDKAFKA_CALLS))
		return RDKAFKA_REAL(rd_kafka_new)(type, conf, why, why_size);
	if (!conf)
		conf = RDKAFKA_REAL(rd_kafka_conf_new)();
	/* It is there already if the program tried with the same one before. */
	RDKAFKA_REAL(rd_kafka_conf_interceptor_add_on_new)(conf, "oriel", on_new, NULL);
	rk = RDKAFKA_REAL(rd_kafka_new)(type, conf, why, why_size);
	if (!rk && !given)
		RDKAFKA_REAL(rd_kafka_conf_destroy)(conf);
	return rk;
}

const struct watched watched_librdkafka = {
	.name = "librdkafka",
	.aliases = "rdkafka,kafka,messaging",
	.summary = "messages that the program sends to Kafka, and works on",
	.watch = &rdkafka_watch,
};
