/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink: an OTLP/HTTP receiver that counts, and that can be as bad as a real one.
 *
 *     sink ok|distant|refuse|slow|garbage|hang-up
 *
 *     ok        200, and counts what came
 *     distant   likewise, after 100 ms
 *     refuse    503 to everything
 *     slow      200 after 3 seconds
 *     garbage   200 with a body that is no protobuf
 *     hang-up   closes the connection without an answer
 *
 * Prints its address. GET /count says "SPANS LOGS REQUESTS MOST-AT-ONCE". It reads protobuf by itself, with
 * nothing of Oriel's, so that it agrees with the encoder only if both are right.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_ulong spans, logs, requests, within, most_within;
static const char *mode;

struct body {
	unsigned char *p;
	size_t n;
};

struct cursor {
	const unsigned char *at, *end;
};

static int varint(struct cursor *c, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 64 && c->at < c->end; shift += 7) {
		unsigned char b = *c->at++;

		*v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return 1;
	}
	return 0;
}

/* The next field; 1 with `inside` set for a length-delimited one, empty for others; 0 at the end. */
static int field(struct cursor *c, uint64_t *number, struct cursor *inside)
{
	uint64_t key, n;

	if (!varint(c, &key))
		return 0;
	*number = key >> 3;
	*inside = (struct cursor){ c->at, c->at };
	switch (key & 7) {
	case 0:
		return varint(c, &n);
	case 1:
		n = 8;
		break;
	case 2:
		if (!varint(c, &n))
			return 0;
		break;
	case 5:
		n = 4;
		break;
	default:
		return 0;
	}
	if (n > (uint64_t)(c->end - c->at))
		return 0;
	if ((key & 7) == 2)
		*inside = (struct cursor){ c->at, c->at + n };
	c->at += n;
	return 1;
}

/* resource_spans (1) . scope_spans (2) . spans (2); logs have the same numbers. */
static unsigned long count_items(struct cursor request)
{
	struct cursor resource, scope, item;
	unsigned long n = 0;
	uint64_t number;

	while (field(&request, &number, &resource)) {
		if (number != 1)
			continue;
		while (field(&resource, &number, &scope)) {
			if (number != 2)
				continue;
			while (field(&scope, &number, &item))
				n += number == 2;
		}
	}
	return n;
}

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *text)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued = MHD_queue_response(c, status, r);

	MHD_destroy_response(r);
	return queued;
}

static void enter(void)
{
	unsigned long now = atomic_fetch_add(&within, 1) + 1, most = atomic_load(&most_within);

	while (now > most && !atomic_compare_exchange_weak(&most_within, &most, now))
		;
}

static enum MHD_Result answer(struct MHD_Connection *c, const char *path, const struct body *b)
{
	struct cursor whole = { b->p, b->p + b->n };

	if (strcmp(mode, "refuse") == 0)
		return reply(c, 503, "not today");
	if (strcmp(mode, "hang-up") == 0)
		return MHD_NO;
	if (strcmp(mode, "slow") == 0)
		nanosleep(&(struct timespec){ .tv_sec = 3 }, NULL);
	if (strcmp(mode, "distant") == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	if (strcmp(mode, "garbage") == 0)
		return reply(c, 200, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff garbage");
	if (strcmp(path, "/v1/traces") == 0)
		atomic_fetch_add(&spans, count_items(whole));
	if (strcmp(path, "/v1/logs") == 0)
		atomic_fetch_add(&logs, count_items(whole));
	return reply(c, 200, "");
}

static enum MHD_Result received(struct MHD_Connection *c, const char *path, const struct body *b)
{
	enum MHD_Result result;

	atomic_fetch_add(&requests, 1);
	enter();
	result = answer(c, path, b);
	atomic_fetch_sub(&within, 1);
	return result;
}

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	struct body *b = *state;
	char text[100];

	(void)you;
	(void)version;
	if (!b) {
		*state = calloc(1, sizeof(*b));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*upload_n) {
		unsigned char *p = realloc(b->p, b->n + *upload_n);

		if (!p)
			return MHD_NO;
		memcpy(p + b->n, upload, *upload_n);
		b->p = p;
		b->n += *upload_n;
		*upload_n = 0;
		return MHD_YES;
	}
	if (strcmp(method, "POST") == 0)
		return received(c, path, b);
	snprintf(text, sizeof(text), "%lu %lu %lu %lu\n", atomic_load(&spans), atomic_load(&logs),
		 atomic_load(&requests), atomic_load(&most_within));
	return reply(c, 200, text);
}

static void completed(void *you, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode how)
{
	struct body *b = *state;

	(void)you;
	(void)c;
	(void)how;
	if (b)
		free(b->p);
	free(b);
	*state = NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	sigset_t ends;
	int number;

	mode = argc > 1 ? argv[1] : "ok";
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);

	struct MHD_Daemon *d =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
				 NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &at,
				 MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);

	if (!d)
		return 1;
	printf("http://127.0.0.1:%d\n", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &number);
	MHD_stop_daemon(d);
	return 0;
}
