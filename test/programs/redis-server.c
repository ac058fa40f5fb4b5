/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server on libevent whose every request asks Redis twice, one after the other, on one
 * connection that all of them share; one thread, and it knows nothing of Oriel. Takes Redis's socket,
 * prints its port, ends with its standard input.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct event_base *loop;
static redisAsyncContext *redis;

static void got(redisAsyncContext *ac, void *reply, void *arg)
{
	struct evhttp_request *request = arg;
	struct evbuffer *body = evbuffer_new();
	const redisReply *r = reply;

	(void)ac;
	evbuffer_add_printf(body, "%s\n", r && r->str ? r->str : "nothing");
	evhttp_send_reply(request, 200, NULL, body);
	evbuffer_free(body);
}

static void put(redisAsyncContext *ac, void *reply, void *arg)
{
	(void)reply;
	redisAsyncCommand(ac, got, arg, "GET key:%s", evhttp_request_get_uri(arg));
}

static void serve(struct evhttp_request *request, void *arg)
{
	(void)arg;
	redisAsyncCommand(redis, put, request, "SET key:%s %s", evhttp_request_get_uri(request),
			  evhttp_request_get_uri(request));
}

static void stop(evutil_socket_t fd, short what, void *arg)
{
	char bytes[16];

	(void)what;
	(void)arg;
	if (read(fd, bytes, sizeof(bytes)) <= 0)
		event_base_loopbreak(loop);
}

int main(int argc, char **argv)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in address;
	socklen_t n = sizeof(address);
	struct evhttp *http;

	if (argc < 2)
		return 1;
	loop = event_base_new();
	redis = redisAsyncConnectUnix(argv[1]);
	if (redis->err || redisLibeventAttach(redis, loop) != REDIS_OK)
		return 1;
	http = evhttp_new(loop);
	evhttp_set_gencb(http, serve, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (void *)&address, &n))
		return 1;
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	event_add(event_new(loop, 0, EV_READ | EV_PERSIST, stop, NULL), NULL);
	event_base_dispatch(loop);
	redisAsyncFree(redis);
	evhttp_free(http);
	return 0;
}
