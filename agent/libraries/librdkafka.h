/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the producing and the consuming side of librdkafka share: its functions, and a client.
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include "agent/agent.h"
#include "agent/libraries/messaging.h"
#include "agent/pool.h"
#include "agent/real.h"

#define RDKAFKA_CALLS(X) \
	X(rd_kafka_new) \
	X(rd_kafka_destroy) \
	X(rd_kafka_destroy_flags) \
	X(rd_kafka_conf_new) \
	X(rd_kafka_conf_dup) \
	X(rd_kafka_conf_destroy) \
	X(rd_kafka_conf_get) \
	X(rd_kafka_conf_interceptor_add_on_new) \
	X(rd_kafka_conf_interceptor_add_on_conf_set) \
	X(rd_kafka_conf_interceptor_add_on_conf_dup) \
	X(rd_kafka_conf_interceptor_add_on_conf_destroy) \
	X(rd_kafka_interceptor_add_on_send) \
	X(rd_kafka_interceptor_add_on_acknowledgement) \
	X(rd_kafka_interceptor_add_on_consume) \
	X(rd_kafka_interceptor_add_on_destroy) \
	X(rd_kafka_topic_name) \
	X(rd_kafka_err2name) \
	X(rd_kafka_message_headers) \
	X(rd_kafka_message_set_headers) \
	X(rd_kafka_headers_new) \
	X(rd_kafka_header_add) \
	X(rd_kafka_header_get_all) \
	X(rd_kafka_header_get_last) \
	X(rd_kafka_consumer_poll) \
	X(rd_kafka_consume) \
	X(rd_kafka_consume_queue) \
	X(rd_kafka_consume_batch) \
	X(rd_kafka_consume_batch_queue) \
	X(rd_kafka_consume_callback) \
	X(rd_kafka_consume_callback_queue) \
	X(rd_kafka_message_destroy)

enum rdkafka_call {
#define X(call) CALL_##call,
	RDKAFKA_CALLS(X) N_RDKAFKA_CALLS
#undef X
};

extern struct real rdkafka_real[N_RDKAFKA_CALLS];
extern struct watch rdkafka_watch;

#define RDKAFKA_REAL(call) ((__typeof__(call) *)real_of(&rdkafka_real[CALL_##call]))

/* Held by the client itself, by the table, and by each message that is under way: some outlive it. */
struct rdkafka_client {
	struct pool_item item;
	_Atomic uint32_t holds;
	struct messaging_client is;
	size_t message_bytes_most;
};

static inline void rdkafka_hold(struct rdkafka_client *c)
{
	atomic_fetch_add_explicit(&c->holds, 1, memory_order_relaxed);
}

void rdkafka_drop(struct rdkafka_client *c);

/* The context that a message brings; released by the caller. False: none. */
bool rdkafka_creation(const rd_kafka_message_t *message, struct oriel_context *out);

struct str rdkafka_topic(const rd_kafka_message_t *message);
struct str rdkafka_key(const rd_kafka_message_t *message);

/* librdkafka's interceptors of the consuming side. */
rd_kafka_resp_err_t rdkafka_on_consume(rd_kafka_t *rk, rd_kafka_message_t *message, void *client);
