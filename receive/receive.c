/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/receive.h"

#include "base/clock.h"
#include "base/err.h"
#include "receive/grpc.h"
#include "receive/http.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { SWEEP_MS = 5000 };

struct receive {
	struct receiver receiver;
	struct receive_http *http, *zipkin;
	struct receive_grpc *grpc;
	int why[N_RECEIVE_PORTS];
	pthread_t thread;
	bool has_thread;
	int stop[2];
};

/* gRPC's connections, and everybody's slow ones. */
static void *work(void *you)
{
	struct receive *r = you;
	struct pollfd p[] = { { .fd = r->stop[0], .events = POLLIN },
			      { .fd = r->grpc ? receive_grpc_fd(r->grpc) : -1, .events = POLLIN } };

	while (!p[0].revents && (poll(p, 2, SWEEP_MS) >= 0 || errno == EINTR)) {
		if (r->grpc)
			receive_grpc_turn(r->grpc);
		if (r->http)
			receive_http_sweep(r->http, clock_mono_ns());
		if (r->zipkin)
			receive_http_sweep(r->zipkin, clock_mono_ns());
	}
	return NULL;
}

static int start_thread(struct receive *r)
{
	sigset_t all, mask;
	int e;

	if (pipe2(r->stop, O_CLOEXEC) < 0)
		return ERR(-errno);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	e = pthread_create(&r->thread, NULL, work, r);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	r->has_thread = e == 0;
	return e ? ERR(-e) : 0;
}

int receive_start(struct receive **out, const struct receive_options *o)
{
	struct receive *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return ERR(-ENOMEM);
	r->stop[0] = r->stop[1] = -1;
	receiver_init(&r->receiver, &o->sink);
	if (o->listen[RECEIVE_HTTP])
		r->why[RECEIVE_HTTP] = receive_http_start(&r->http, &r->receiver,
							  o->listen[RECEIVE_HTTP], o->sender);
	if (o->listen[RECEIVE_ZIPKIN])
		r->why[RECEIVE_ZIPKIN] = receive_http_start(&r->zipkin, &r->receiver,
							    o->listen[RECEIVE_ZIPKIN], o->sender);
	if (o->listen[RECEIVE_GRPC])
		r->why[RECEIVE_GRPC] = receive_grpc_open(&r->grpc, &r->receiver,
							 o->listen[RECEIVE_GRPC], o->sender);
	e = start_thread(r);
	if (e < 0) {
		receive_stop(r);
		return TRACE(e);
	}
	*out = r;
	return 0;
}

struct receive *receive_stop(struct receive *r)
{
	if (!r)
		return NULL;
	if (r->stop[1] >= 0)
		close(r->stop[1]);
	if (r->has_thread)
		pthread_join(r->thread, NULL);
	if (r->stop[0] >= 0)
		close(r->stop[0]);
	receive_http_stop(r->http);
	receive_http_stop(r->zipkin);
	receive_grpc_close(r->grpc);
	receiver_fini(&r->receiver);
	free(r);
	return NULL;
}

const char *receive_address(const struct receive *r, enum receive_port port)
{
	if (port == RECEIVE_GRPC)
		return r && r->grpc ? receive_grpc_address(r->grpc) : "";
	const struct receive_http *h = !r ? NULL : port == RECEIVE_HTTP ? r->http : r->zipkin;

	return h ? receive_http_address(h) : "";
}

int receive_why(const struct receive *r, enum receive_port port)
{
	return r->why[port];
}

uint64_t receive_last_ns(const struct receive *r)
{
	return r ? atomic_load_explicit(&r->receiver.last_ns, memory_order_relaxed) : 0;
}
