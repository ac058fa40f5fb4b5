#!/usr/bin/env bats
# A program that sends to Kafka and works on what it receives, through librdkafka; the brokers are the
# mock cluster that librdkafka brings for tests, and speak Kafka's protocol on real sockets.

bats_require_minimum_version 1.5.0
load collecting
load watching
setup() { collecting_begin; }
teardown() { watching_end; }

# of NAME: the spans of that name, as jq
of() { echo "[.[] | select(.name == \"$1\")]"; }

# Those of messages that were polled; the others had a callback.
polled() { echo "[.[] | select(.name == \"process orders\" and .attributes.\"messaging.consumer.group.name\" == \"workers\")]"; }

@test "every way to produce is a span until the broker has the message" {
	same "$BUILD/programs/kafka-runs"
	see "$(of 'process orders') | length == 14"
	see "$(of 'send orders') | length == 9"
	spans "$(of 'send orders') | map(.kind, .scope) | unique == [\"oriel.librdkafka\", \"producer\"]"
	spans "$(of 'send orders') | [.[].attributes.\"messaging.kafka.offset\" // empty] | sort == [0, 1, 2, 3, 4, 5, 6]"
	spans "($(of produce)[0].span_id) as \$p | $(of 'send orders') | [.[] | select(.parent_id == \$p)] | length == 8"
	spans "$(of 'send orders') | map(select(.attributes.\"messaging.kafka.offset\" == 0))[0].attributes == {
		\"messaging.system\": \"kafka\", \"messaging.operation.name\": \"send\",
		\"messaging.operation.type\": \"send\", \"messaging.destination.name\": \"orders\",
		\"messaging.client.id\": \"rdkafka\", \"messaging.destination.partition.id\": \"0\",
		\"messaging.kafka.message.key\": \"key\", \"messaging.message.body.size\": 5,
		\"messaging.kafka.offset\": 0 }"
	# What can't be sent, or is refused, is an error by Kafka's name for it.
	see "$(of 'send orders') | [.[] | select(.status == \"error\") | .attributes.\"error.type\"] | sort
		== [\"TOPIC_AUTHORIZATION_FAILED\", \"_UNKNOWN_PARTITION\"]"
	# A message that nobody took ends with its client.
	see "$(of 'send gone') | map(.attributes.\"error.type\", .attributes.\"server.address\") == [\"_DESTROY\", \"127.0.0.1\"]"
	spans '[.[] | select(has("open"))] == []'
}

@test "work on a message is the child of its sending, and what the program does then is its child" {
	same "$BUILD/programs/kafka-runs"
	see "$(of 'process orders') | length == 14"
	see "$(of work) | length == 7"
	spans "($(of 'send orders') | map({ key: (.attributes.\"messaging.kafka.offset\" | tostring), value: . }) | from_entries) as \$sent
		| $(polled) | map(select(.attributes.\"messaging.kafka.offset\" != 3)
			| \$sent[.attributes.\"messaging.kafka.offset\" | tostring] as \$s
			| .parent_id == \$s.span_id and .trace_id == \$s.trace_id and .links[0].span_id == \$s.span_id
			and .kind == \"consumer\" and .attributes.\"messaging.consumer.group.name\" == \"workers\"
			and .attributes.\"messaging.client.id\" == \"c-1\")
		== [true, true, true, true, true, true]"
	spans "($(polled) | map(.span_id) | sort) == ($(of work) | map(.parent_id) | sort)"
	# So it is in a callback for each.
	see "$(of callback) | length == 7"
	spans "($(of 'process orders') - $(polled) | map(.span_id) | sort) == ($(of callback) | map(.parent_id) | sort)"
	# A context that the program put into a message stays.
	spans "$(polled) | [.[] | select(.attributes.\"messaging.kafka.offset\" == 3)
		| .trace_id, .parent_id] == [\"0af7651916cd43dd8448eb211c80319c\", \"b7ad6b7169203331\"]"
	see "$(of 'send orders') | [.[] | select(.attributes.\"messaging.kafka.offset\" == 3)
		| .links[0].span_id] == [\"b7ad6b7169203331\"]"
	# A batch is one span that links to all that it brought.
	see "$(of 'poll orders') | [.[].attributes.\"messaging.batch.message_count\"] | add == 7"
	spans "$(of 'poll orders') | ([.[].links | length] | add == 7) and (map(.kind) | unique == [\"client\"])"
}

@test "messages are counted, and operations timed" {
	serve run_watched "$BUILD/programs/kafka-runs" stay
	wait_for 20 api_says metrics '[.metrics[] | select(.name == "messaging.client.sent.messages")
		| [.attributes["error.type"] // "", .value]] | sort ==
		[["", 7], ["TOPIC_AUTHORIZATION_FAILED", 1], ["_UNKNOWN_PARTITION", 1]]'
	api_says metrics '[.metrics[] | select(.name == "messaging.client.consumed.messages") | .value] | add == 21'
	api_says metrics '[.metrics[] | select(.name == "messaging.process.duration") | .count] | add == 14'
	api_says metrics '[.metrics[] | select(.name == "messaging.client.operation.duration")
		| .attributes["messaging.operation.name"]] | unique == ["poll", "send"]'
}
