/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redis in every way that hiredis has without an event loop. Takes host:port or a socket's path;
 * prints what Redis answered. With a second argument it stays until its standard input ends.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisContext *c;

static void print(const redisReply *r)
{
	if (!r) {
		printf("no answer: %d %s\n", c->err, c->errstr);
		return;
	}
	if (r->type == REDIS_REPLY_ARRAY) {
		printf("%zu of\n", r->elements);
		for (size_t i = 0; i < r->elements; i++)
			print(r->element[i]);
	} else
		printf("%d %lld %s\n", r->type, r->integer, r->str ? r->str : "-");
}

static void say(redisReply *r)
{
	print(r);
	if (r)
		freeReplyObject(r);
}

static void read_one(void)
{
	void *r = NULL;

	printf("read %d: ", redisGetReply(c, &r));
	say(r);
}

static void pipelines(void)
{
	const char *words[] = { "HSET", "h", "field", "secret" };
	char *text;
	int n;

	for (int i = 0; i < 3; i++)
		printf("%d\n", redisAppendCommand(c, "SET key:%d %s", i, "secret"));
	for (int i = 0; i < 3; i++)
		read_one();

	/* Different ones, one fails, one is formatted by hand, and a command in between. */
	redisAppendCommandArgv(c, 4, words, NULL);
	n = redisFormatCommand(&text, "GET %b", "key:1", (size_t)5);
	redisAppendFormattedCommand(c, text, (size_t)n);
	redisFreeCommand(text);
	redisAppendCommand(c, "LPUSH key:1 secret");
	read_one();
	say(redisCommand(c, "ECHO %s", "secret"));
	read_one();
	read_one();
	for (int i = 0; i < 1000; i++)
		redisAppendCommand(c, "GET none:%d", i);
	for (int i = 0; i < 1000; i++) {
		void *r = NULL;

		if (redisGetReply(c, &r) == REDIS_OK)
			freeReplyObject(r);
	}
}

static void databases(void)
{
	say(redisCommand(c, "SELECT 3"));
	say(redisCommand(c, "SET here %d", 1));
	say(redisCommand(c, "SELECT 99"));
	say(redisCommand(c, "DEL here"));
	say(redisCommand(c, "SELECT 0"));
}

/* A server that says nothing, and one that goes away. */
static void failures(const char *address, int port)
{
	struct timeval soon = { .tv_usec = 50000 };

	redisSetTimeout(c, soon);
	say(redisCommand(c, "BLPOP nothing 5"));
	redisFree(c);
	c = port ? redisConnect(address, port) : redisConnectUnix(address);
	say(redisCommand(c, "QUIT"));
	/* Whether it is reset, broken or at its end is the kernel's mood. */
	printf("%p\n", redisCommand(c, "GET a"));
	printf("again %d\n", redisReconnect(c));
	say(redisCommand(c, "GET a"));
	redisFree(c);
	c = redisConnect("127.0.0.1", 1);
	say(redisCommand(c, "GET a"));
}

int main(int argc, char **argv)
{
	const char *argvs[] = { "MGET", "a", "b" };
	char *colon = argc > 1 ? strchr(argv[1], ':') : NULL;
	int port = colon ? atoi(colon + 1) : 0;

	if (argc < 2)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	if (colon)
		*colon = 0;
	c = port ? redisConnect(argv[1], port) : redisConnectUnix(argv[1]);
	errno = 42;
	say(redisCommand(c, "FLUSHALL"));
	say(redisCommand(c, "SET %s %b", "a", "se\0cret", (size_t)7));
	say(redisCommand(c, "GET a"));
	say(redisCommand(c, "GET none"));
	say(redisCommandArgv(c, 3, argvs, NULL));
	say(redisCommand(c, "LPUSH a secret"));
	say(redisCommand(c, "NOSUCH secret"));
	say(redisCommand(c, "AUTH secret"));
	say(redisCommand(c, "%s", ""));
	printf("errno %d\n", errno);
	pipelines();
	databases();
	failures(argv[1], port);
	redisFree(c);
	fflush(stdout);
	while (argc > 2 && getchar() != EOF)
		;
	return 0;
}
