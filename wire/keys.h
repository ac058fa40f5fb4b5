/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: attributes' keys that watchers of libraries write all the time, by number on the wire
 * (wire/record.h). New ones at the end: a number stays what it is.
 */
#pragma once

#include "base/str.h"

#define WIRE_KEYS(X) \
	X(HTTP_REQUEST_METHOD, "http.request.method") \
	X(HTTP_REQUEST_METHOD_ORIGINAL, "http.request.method_original") \
	X(HTTP_REQUEST_BODY_SIZE, "http.request.body.size") \
	X(HTTP_REQUEST_RESEND_COUNT, "http.request.resend_count") \
	X(HTTP_RESPONSE_STATUS_CODE, "http.response.status_code") \
	X(HTTP_RESPONSE_BODY_SIZE, "http.response.body.size") \
	X(HTTP_ROUTE, "http.route") \
	X(URL_FULL, "url.full") \
	X(URL_PATH, "url.path") \
	X(URL_QUERY, "url.query") \
	X(URL_SCHEME, "url.scheme") \
	X(SERVER_ADDRESS, "server.address") \
	X(SERVER_PORT, "server.port") \
	X(CLIENT_ADDRESS, "client.address") \
	X(NETWORK_PEER_ADDRESS, "network.peer.address") \
	X(NETWORK_PEER_PORT, "network.peer.port") \
	X(NETWORK_PROTOCOL_VERSION, "network.protocol.version") \
	X(USER_AGENT_ORIGINAL, "user_agent.original") \
	X(REQUEST_ID, "request_id") \
	X(ERROR_TYPE, "error.type") \
	X(EXCEPTION_TYPE, "exception.type") \
	X(EXCEPTION_MESSAGE, "exception.message") \
	X(DB_SYSTEM_NAME, "db.system.name") \
	X(DB_NAMESPACE, "db.namespace") \
	X(DB_OPERATION_NAME, "db.operation.name") \
	X(DB_OPERATION_BATCH_SIZE, "db.operation.batch.size") \
	X(DB_COLLECTION_NAME, "db.collection.name") \
	X(DB_STORED_PROCEDURE_NAME, "db.stored_procedure.name") \
	X(DB_QUERY_SUMMARY, "db.query.summary") \
	X(DB_QUERY_TEXT, "db.query.text") \
	X(DB_RESPONSE_STATUS_CODE, "db.response.status_code") \
	X(DB_RESPONSE_RETURNED_ROWS, "db.response.returned_rows") \
	X(DB_CLIENT_CONNECTION_POOL_NAME, "db.client.connection.pool.name") \
	X(DB_CLIENT_CONNECTION_STATE, "db.client.connection.state") \
	X(MESSAGING_SYSTEM, "messaging.system") \
	X(MESSAGING_OPERATION_NAME, "messaging.operation.name") \
	X(MESSAGING_OPERATION_TYPE, "messaging.operation.type") \
	X(MESSAGING_DESTINATION_NAME, "messaging.destination.name") \
	X(MESSAGING_DESTINATION_PARTITION_ID, "messaging.destination.partition.id") \
	X(MESSAGING_CONSUMER_GROUP_NAME, "messaging.consumer.group.name") \
	X(MESSAGING_CLIENT_ID, "messaging.client.id") \
	X(MESSAGING_BATCH_MESSAGE_COUNT, "messaging.batch.message_count") \
	X(MESSAGING_MESSAGE_BODY_SIZE, "messaging.message.body.size") \
	X(MESSAGING_KAFKA_OFFSET, "messaging.kafka.offset") \
	X(MESSAGING_KAFKA_MESSAGE_KEY, "messaging.kafka.message.key") \
	X(MESSAGING_KAFKA_MESSAGE_TOMBSTONE, "messaging.kafka.message.tombstone") \
	X(METHOD, "method") \
	X(PATH, "path")

enum wire_key {
	KEY_NONE,
#define X(id, text) KEY_##id,
	WIRE_KEYS(X)
#undef X
		N_KEYS
};

_Static_assert(N_KEYS <= 256, "a key's number is a byte");

/* A key's text; empty for what isn't one. Constant where the number is. */
static inline struct str wire_key(unsigned number)
{
	static const struct str text[N_KEYS] = {
#define X(id, text) [KEY_##id] = STR(text),
		WIRE_KEYS(X)
#undef X
	};

	return number < N_KEYS ? text[number] : text[KEY_NONE];
}
