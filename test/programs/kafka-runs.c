/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka with librdkafka and the mock cluster that is in it: every way to produce, and to consume.
 * Prints what it gets, and which span is current while it works on a message.
 *
 *     kafka-runs [wait]         before it ends, for the end of standard input
 *     kafka-runs TRACEPARENT    produces below it; says what is current for each message that was polled
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oriel.h"

enum { MESSAGES = 7 };

static rd_kafka_t *producer;
static int n_delivered, n_failed;

static void check(bool good, const char *what)
{
	if (good)
		return;
	printf("failed: %s\n", what);
	exit(1);
}

static rd_kafka_conf_t *settings(const char *const *pair)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	for (; pair[0]; pair += 2)
		check(rd_kafka_conf_set(conf, pair[0], pair[1], why, sizeof(why)) ==
			      RD_KAFKA_CONF_OK,
		      why);
	return conf;
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	(void)opaque;
	if (m->err)
		n_failed++;
	else
		n_delivered++;
	if (m->_private)
		printf("delivered with its opaque %s\n", (const char *)m->_private);
}

static void produce_all(void)
{
	static char opaque[] = "mine", text[] = "plain", key[] = "\xff", va[] = "va";
	rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, "orders", NULL);
	rd_kafka_message_t batch[2] = { { .payload = text, .len = 1 },
					{ .payload = text, .len = 2, .key = key, .key_len = 1 } };
	rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
	rd_kafka_vu_t vu[] = {
		{ .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic },
		{ .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = 0 },
		{ .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { va, 2 } },
	};
	rd_kafka_error_t *error;

	check(!rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, text, 5, "key", 3, opaque),
	      "produce");
	check(!rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("orders"), RD_KAFKA_V_PARTITION(0),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_VALUE(text, 1), RD_KAFKA_V_HEADER("mine", "kept", -1),
				 RD_KAFKA_V_END),
	      "producev");
	rd_kafka_header_add(headers, "mine", -1, "list", -1);
	check(!rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("orders"), RD_KAFKA_V_PARTITION(0),
				 RD_KAFKA_V_VALUE(NULL, 0), RD_KAFKA_V_KEY(key, 1),
				 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
	      "producev with headers");
	check(!rd_kafka_producev(
		      producer, RD_KAFKA_V_TOPIC("orders"), RD_KAFKA_V_PARTITION(0),
		      RD_KAFKA_V_VALUE(text, 3),
		      RD_KAFKA_V_HEADER("traceparent",
					"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
					-1),
		      RD_KAFKA_V_END),
	      "producev with a context of its own");
	error = rd_kafka_produceva(producer, vu, 3);
	check(!error, "produceva");
	check(rd_kafka_produce_batch(topic, 0, RD_KAFKA_MSG_F_COPY, batch, 2) == 2,
	      "produce_batch");
	rd_kafka_flush(producer, 10000); /* until it knows the topic such a message would wait */
	errno = 0;
	printf("no such partition: %d", rd_kafka_produce(topic, 99, 0, NULL, 0, NULL, 0, NULL));
	printf(" %d %s\n", errno, rd_kafka_err2name(rd_kafka_last_error()));
	rd_kafka_flush(producer, 10000);
	rd_kafka_topic_destroy(topic);
	printf("%d delivered, %d failed\n", n_delivered, n_failed);
}

static void refused(void)
{
	static char text[] = "no";
	rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(producer);

	rd_kafka_mock_push_request_errors(cluster, 0, 1,
					  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	check(!rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("orders"), RD_KAFKA_V_PARTITION(0),
				 RD_KAFKA_V_VALUE(text, 2), RD_KAFKA_V_END),
	      "producev");
	rd_kafka_flush(producer, 10000);
	printf("%d delivered, %d failed\n", n_delivered, n_failed);
}

static const char *own_header(const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *headers;
	const void *value;
	size_t n;

	if (rd_kafka_message_headers(m, &headers) ||
	    rd_kafka_header_get_last(headers, "mine", &value, &n))
		return "-";
	return value;
}

static struct oriel_context above;

static void say_current(void)
{
	char text[56];

	if (above.remote)
		printf("current: %s\n", oriel_traceparent(text) ? text : "none");
}

/* Something of its own, which is to be the message's child. */
static void work(const rd_kafka_message_t *m)
{
	ORIEL_SPAN ("work") {
		say_current();
		printf("%lld %.*s %.*s %s\n", (long long)m->offset, (int)m->key_len,
		       (const char *)m->key, (int)m->len, (const char *)m->payload, own_header(m));
	}
}

static void *destroys(void *message)
{
	rd_kafka_message_destroy(message);
	return NULL;
}

static void poll_all(const char *brokers)
{
	const char *const pair[] = {
		"bootstrap.servers", brokers,	  "group.id", "workers", "auto.offset.reset",
		"earliest",	     "client.id", "c-1",      NULL
	};
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, settings(pair), NULL, 0);
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_message_t *m;
	pthread_t thread;
	char id[17];
	int n = 0;

	rd_kafka_topic_partition_list_add(topics, "orders", RD_KAFKA_PARTITION_UA);
	check(!rd_kafka_subscribe(rk, topics), "subscribe");
	rd_kafka_topic_partition_list_destroy(topics);
	while (n < MESSAGES) {
		m = rd_kafka_consumer_poll(rk, 1000);
		if (!m)
			continue;
		if (m->err)
			printf("%s\n", rd_kafka_err2name(m->err));
		else
			work(m), n++;
		if (n == 2) { /* elsewhere, and this thread knows nothing of it */
			pthread_create(&thread, NULL, destroys, m);
			pthread_join(thread, NULL);
		} else
			rd_kafka_message_destroy(m);
		if (n != 2 && oriel_span_id(id))
			printf("still current\n");
	}
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}

static void called(rd_kafka_message_t *m, void *opaque)
{
	int *n = opaque;

	if (m->err)
		return;
	++*n;
	ORIEL_SPAN ("callback")
		printf("called %.*s\n", (int)m->len, (const char *)m->payload);
}

static void callback_all(rd_kafka_topic_t *topic)
{
	char id[17];
	int n = 0;

	check(!rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING), "consume_start");
	while (n < MESSAGES)
		rd_kafka_consume_callback(topic, 0, 1000, called, &n);
	if (oriel_span_id(id))
		printf("still current\n");
	rd_kafka_consume_stop(topic, 0);
}

static void batch_all(const char *brokers)
{
	const char *const pair[] = { "bootstrap.servers", brokers, "log_level", "0", NULL };
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, settings(pair), NULL, 0);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, "orders", NULL);
	rd_kafka_message_t *all[16];
	ssize_t n, sum = 0;

	check(!rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING), "consume_start");
	while (sum < MESSAGES) {
		n = rd_kafka_consume_batch(topic, 0, 1000, all, 16);
		for (ssize_t i = 0; i < n; i++) {
			printf("%.*s\n", (int)all[i]->len, (const char *)all[i]->payload);
			sum += !all[i]->err;
			rd_kafka_message_destroy(all[i]);
		}
	}
	rd_kafka_consume_stop(topic, 0);
	callback_all(topic);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
}

/* The same settings fail, and fail again, and are let go of; and a message that nobody takes. */
static void troubles(void)
{
	const char *const bad[] = { "log_level", "0", "security.protocol", "ssl", "ssl.ca.location",
				    "/none",	 NULL };
	const char *const nobody[] = { "log_level", "0", "bootstrap.servers", "127.0.0.1:1", NULL };
	rd_kafka_conf_t *conf = settings(bad);
	static char text[] = "gone";
	rd_kafka_t *rk;
	char why[256];

	for (int i = 0; i < 2; i++)
		printf("made %d\n",
		       rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why)) != NULL);
	rd_kafka_conf_destroy(conf);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, settings(nobody), NULL, 0);
	check(!rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("gone"), RD_KAFKA_V_VALUE(text, 4),
				 RD_KAFKA_V_END),
	      "producev to nobody");
	rd_kafka_destroy(rk);
}

int main(int argc, char **argv)
{
	const char *const pair[] = {
		"test.mock.num.brokers", "1", "linger.ms", "1", "log_level", "0", NULL
	};
	rd_kafka_conf_t *conf = settings(pair);
	char brokers[128];
	unsigned token;

	oriel_context_parse(&above, argc > 1 ? argv[1] : NULL, NULL, NULL);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
	check(producer, "producer");
	snprintf(brokers, sizeof(brokers), "%s",
		 rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(producer)));
	token = oriel_context_attach(&above);
	ORIEL_SPAN ("produce")
		produce_all();
	oriel_context_detach(token);
	poll_all(brokers);
	batch_all(brokers);
	refused();
	fflush(stdout);
	while (argc > 1 && getchar() != EOF)
		;
	rd_kafka_destroy(producer);
	troubles();
	return 0;
}
