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
 *     rd_kafka_destroy     what was never sent ends as an error
 *
 * Headers that the program set stay; with a traceparent among them, none is added. A message that is
 * nearly as large as the client allows gets none, since the broker might refuse it for them.
 */
#include "agent/libraries/librdkafka.h"

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
	const rd_kafka_message_t *message;
	struct messaging_call call;
};

static struct pool clients = { .item_bytes = sizeof(struct rdkafka_client), .n = CLIENTS_MOST };
static struct pool sendings = { .item_bytes = sizeof(struct sending), .n = SENDING_MOST };

static struct table_slot slots[2 * SENDING_MOST];
static const struct table sending_of = { slots, 2 * SENDING_MOST }; /* by message */

static struct table_slot client_slots[2 * CLIENTS_MOST];
static const struct table client_of = { client_slots, 2 * CLIENTS_MOST };

/* ---- a message ---------------------------------------------------------------------------------- */

struct str rdkafka_topic(const rd_kafka_message_t *message)
{
	return str_of(message->rkt ? RDKAFKA_REAL(rd_kafka_topic_name)(message->rkt) : NULL);
}

struct str rdkafka_key(const rd_kafka_message_t *message)
{
	return (struct str){ message->key, message->key ? message->key_len : 0 };
}

static const char *header_key(void *headers, size_t i)
{
	const char *name;
	const void *value;
	size_t n;

	return RDKAFKA_REAL(rd_kafka_header_get_all)(headers, i, &name, &value, &n) ? NULL : name;
}

/* The last of that name in whatever case. librdkafka ends each value with a NUL. */
static const char *header_get(void *headers, const char *name)
{
	const void *value, *last = NULL;
	const char *key;
	size_t n;

	for (size_t i = 0; !RDKAFKA_REAL(rd_kafka_header_get_all)(headers, i, &key, &value, &n);
	     i++)
		if (!strcasecmp(key, name))
			last = value;
	return last;
}

bool rdkafka_creation(const rd_kafka_message_t *message, struct oriel_context *out)
{
	rd_kafka_headers_t *headers;

	*out = (struct oriel_context){ 0 };
	return !RDKAFKA_REAL(rd_kafka_message_headers)(message, &headers) &&
	       oriel_context_extract_from(out, ORIEL_CARRIER(.get = header_get, .key = header_key,
							     .carrier = headers));
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
	s->message = message;
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

static void sending_end(struct sending *s, const struct messaging_outcome *o)
{
	messaging_end(&s->call, o);
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
	struct messaging_outcome o = { .partition = message->partition, .offset = -1 };
	int kept = errno;

	(void)rk;
	(void)client;
	if (message->err)
		o.error = RDKAFKA_REAL(rd_kafka_err2name)(message->err);
	else
		o.offset = message->offset;
	if (s)
		sending_end(s, &o);
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

/* What still waits to be sent may fail after this, on other threads. */
static rd_kafka_resp_err_t on_destroy(rd_kafka_t *rk, void *client)
{
	struct rdkafka_client *c = table_remove(&client_of, rk);

	if (c)
		rdkafka_drop(c);
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
		if (table_put(&client_of, rk, c))
			rdkafka_hold(c);
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

/* ---- a client is made ------------------------------------------------------------------------------- */

enum { FAILURES_MOST = 8 };

static _Atomic bool program_intercepts;
static _Atomic unsigned failures;

/* The program, or a plugin of its configuration, has interceptors of its own. */
#define OWN_INTERCEPTORS(event) \
	HOOK rd_kafka_resp_err_t rd_kafka_conf_interceptor_add_##event( \
		rd_kafka_conf_t *conf, const char *name, \
		rd_kafka_interceptor_f_##event##_t *function, void *opaque) \
	{ \
		atomic_store_explicit(&program_intercepts, true, memory_order_relaxed); \
		if (!RDKAFKA_REAL(rd_kafka_conf_interceptor_add_##event)) \
			return RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED; \
		return RDKAFKA_REAL(rd_kafka_conf_interceptor_add_##event)(conf, name, function, \
									   opaque); \
	}

OWN_INTERCEPTORS(on_new)
OWN_INTERCEPTORS(on_conf_set)
OWN_INTERCEPTORS(on_conf_dup)
OWN_INTERCEPTORS(on_conf_destroy)

/*
 * A client whose making fails frees its configuration's interceptors, and leaves the program with a
 * configuration that would free them again (librdkafka 2.0.2). So ours are added to a copy, which is
 * lost in that case. A copy would lose what the program added itself; where there is such, the same
 * trouble is in it already, and ours join it.
 */
static rd_kafka_t *made(rd_kafka_type_t type, rd_kafka_conf_t *given, char *why, size_t why_size)
{
	bool as_it_is = given && atomic_load_explicit(&program_intercepts, memory_order_relaxed);
	rd_kafka_conf_t *conf = as_it_is ? given
				: given	 ? RDKAFKA_REAL(rd_kafka_conf_dup)(given)
					 : RDKAFKA_REAL(rd_kafka_conf_new)();
	rd_kafka_t *rk;

	RDKAFKA_REAL(rd_kafka_conf_interceptor_add_on_new)(conf, "oriel", on_new, NULL);
	rk = RDKAFKA_REAL(rd_kafka_new)(type, conf, why, why_size);
	if (!rk)
		atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
	else if (given && !as_it_is)
		RDKAFKA_REAL(rd_kafka_conf_destroy)(given);
	return rk;
}

HOOK rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *why,
			      size_t why_size)
{
	if (!RDKAFKA_REAL(rd_kafka_new))
		return NULL;
	if (!watches(&rdkafka_watch) || real_calls_itself(&library, __builtin_return_address(0)))
		return RDKAFKA_REAL(rd_kafka_new)(type, conf, why, why_size);
	if (atomic_load_explicit(&failures, memory_order_relaxed) >= FAILURES_MOST ||
	    !real_find_all(rdkafka_real, N_RDKAFKA_CALLS)) {
		agent_missed("librdkafka");
		return RDKAFKA_REAL(rd_kafka_new)(type, conf, why, why_size);
	}
	return made(type, conf, why, why_size);
}

/* ---- and ends ----------------------------------------------------------------------------------------- */

/* What was never sent is not acknowledged either. Whoever takes it out of the table ends it. */
static void client_sweep(const struct rdkafka_client *c)
{
	unsigned char *base = atomic_load_explicit(&sendings.base, memory_order_acquire);
	uint32_t n = atomic_load_explicit(&sendings.fresh, memory_order_relaxed);

	for (uint32_t i = 0; base && i < n; i++) {
		struct sending *s = (void *)(base + i * sizeof(struct sending));

		if (s->client == c && table_get(&sending_of, s->message) == s &&
		    table_remove(&sending_of, s->message) == s)
			sending_end(s, &(struct messaging_outcome){ .error = "_DESTROY",
								    .partition = -1,
								    .offset = -1 });
	}
}

static void client_end(struct rdkafka_client *c)
{
	int kept = errno;

	if (c) {
		client_sweep(c);
		rdkafka_drop(c);
	}
	errno = kept;
}

HOOK void rd_kafka_destroy(rd_kafka_t *rk)
{
	struct rdkafka_client *c = table_remove(&client_of, rk);

	if (RDKAFKA_REAL(rd_kafka_destroy))
		RDKAFKA_REAL(rd_kafka_destroy)(rk);
	client_end(c);
}

HOOK void rd_kafka_destroy_flags(rd_kafka_t *rk, int flags)
{
	struct rdkafka_client *c = table_remove(&client_of, rk);

	if (RDKAFKA_REAL(rd_kafka_destroy_flags))
		RDKAFKA_REAL(rd_kafka_destroy_flags)(rk, flags);
	client_end(c);
}

const struct watched watched_librdkafka = {
	.name = "librdkafka",
	.aliases = "rdkafka,kafka,messaging",
	.summary = "messages that the program sends to Kafka, and works on",
	.watch = &rdkafka_watch,
	.passes = contexts_pass,
};
