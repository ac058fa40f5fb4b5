/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent adds to a command to Redis: it is read as it lies in hiredis's output buffer, and a
 * span and a measurement are made of it.
 *
 *     redis-command [redis_read|redis_command]     name, ns per command (median of 31 bursts)
 */
#include "bench/bursts.h"

#include "agent/database/database.h"
#include "agent/libraries/redis-command.h"

static const char *volatile resp = "*5\r\n$3\r\nSET\r\n$12\r\nsession:1234\r\n$5\r\nvalue\r\n"
				   "$2\r\nEX\r\n$4\r\n3600\r\n";

static struct database_server server;
static struct redis_command command;

static void read_only(int turns)
{
	for (int i = 0; i < turns; i++)
		redis_command_read(&command, str_of(resp));
}

static void of_command(int turns)
{
	struct database_call call;

	for (int i = 0; i < turns; i++) {
		redis_command_read(&command, str_of(resp));
		database_begin(&call,
			       &(struct database_seen){ .system = "redis",
							.operation = command.operation,
							.text = { command.text, command.text_n },
							.server = &server });
		database_end(&call, &(struct database_outcome){ .rows = -1 });
	}
}

int main(int argc, char **argv)
{
	static const struct bursts_case cases[] = {
		{ "redis_read", read_only },
		{ "redis_command", of_command },
	};
	struct recycle r;
	bool ok;

	recycle_prepare();
	if (oriel_start(NULL))
		return 1;
	recycle_open(&r);
	database_ready();
	database_server_set(&server, "redis.example.com", 6379, "0");
	ok = bursts_time(&r, cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : NULL);
	recycle_close(&r);
	oriel_stop();
	return !ok;
}
