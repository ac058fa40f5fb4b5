/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread turns libmicrohttpd's wheel itself, so that it comes by every now and then: to try the
 * port again, and to look for connections that are too old. Those are shut down, and libmicrohttpd
 * sees them end.
 */
#include "view/scrape.h"

#include "base/clock.h"
#include "base/err.h"
#include "model/stats.h"
#include "view/accept.h"
#include "base/host.h"
#include "view/page.h"
#include "view/query.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CONNECTIONS = 16,
	CONNECTION_BYTES = 16 * 1024,
	PATIENCE_MS = 30000,
	TURN_MS = 100,
	RETRY_MS = 1000,
	GZIP_FROM = 1024,
	MS = 1000000,
};

/* One connection, from when a request on it is waited for. */
struct guest {
	struct MHD_Connection *connection;
	uint64_t since_ns;
};

struct scrape {
	struct scrape_options options;
	struct host host;
	bool loopback;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	bool has_thread;
	atomic_bool stop;
	_Atomic uint64_t count;
	struct guest guest[CONNECTIONS]; /* the thread's own */
	pthread_mutex_t lock;		 /* of what is below, and of the host's port */
	char why[SCRAPE_TEXT];
};

/* ---- one request ----------------------------------------------------------------------------------- */

/* The target as it was sent. */
struct asked {
	bool begun;
	size_t n;
	char target[QUERY_BYTES];
};

static void *asked_new(void *you, const char *target, struct MHD_Connection *connection)
{
	size_t n = strlen(target);
	struct asked *a = n <= QUERY_BYTES ? malloc(sizeof(*a)) : NULL;

	(void)you;
	(void)connection;
	if (a) {
		a->begun = false;
		a->n = n;
		memcpy(a->target, target, n);
	}
	return a;
}

static struct guest *guest_of(struct scrape *s, struct MHD_Connection *c)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (s->guest[i].connection == c)
			return &s->guest[i];
	return NULL;
}

/* The next request on the same connection has its own time. */
static void asked_done(void *you, struct MHD_Connection *c, void **asked,
		       enum MHD_RequestTerminationCode how)
{
	struct guest *g = guest_of(you, c);

	(void)how;
	free(*asked);
	*asked = NULL;
	if (g)
		g->since_ns = clock_mono_ns();
}

static struct str header_of(struct MHD_Connection *c, const char *name)
{
	return str_of(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

struct answer {
	unsigned status;
	const char *type;
	struct out body;
	bool gzipped;
};

static void answer_error(struct answer *a, unsigned status, const char *why)
{
	out_clear(&a->body);
	out_str(&a->body, str_of(why));
	out_char(&a->body, '\n');
	a->status = status;
	a->type = "text/plain; charset=utf-8";
}

void scrape_request_read(struct scrape_request *r, const struct query *q, struct str accept)
{
	*r = (struct scrape_request){ .openmetrics = accept_openmetrics(accept) };
	for (size_t i = 0; i < q->n_parameters && r->n_names < SCRAPE_NAMES; i++)
		if (str_eq(q->parameter[i].name, STR("name[]")))
			r->name[r->n_names++] = q->parameter[i].value;
}

static void answer_scrape(struct scrape *s, const struct query *q, struct str accept,
			  struct answer *a)
{
	struct scrape_request request;

	scrape_request_read(&request, q, accept);
	a->type = s->options.write(&request, &a->body, s->options.you);
	if (!a->type || a->body.error)
		answer_error(a, 503, "the metrics can't be told just now");
}

static void answer(struct scrape *s, struct MHD_Connection *c, const char *method,
		   const struct asked *asked, struct answer *a)
{
	struct str host = header_of(c, MHD_HTTP_HEADER_HOST);
	struct query q;

	if (s->loopback && host.n && !host_is_ours(&s->host, host))
		answer_error(a, 403, "this Host is not ours");
	else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		 strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		answer_error(a, 405, "only GET and HEAD");
	else if (query_read(&q, (struct str){ asked->target, asked->n }) == QUERY_BAD)
		answer_error(a, 400, q.why);
	else if (!str_eq(q.path, STR("/metrics")))
		answer_error(a, 404, "there is only /metrics");
	else
		answer_scrape(s, &q, header_of(c, MHD_HTTP_HEADER_ACCEPT), a);
}

static void answer_compress(struct answer *a, struct str accepted)
{
	struct out small = { 0 };

	if (a->body.n <= GZIP_FROM || !accept_gzip(accepted))
		return;
	if (page_gzip(&small, out_all(&a->body)) < 0) {
		out_fini(&small);
		return;
	}
	out_fini(&a->body);
	a->body = small;
	a->gzipped = true;
}

static enum MHD_Result answer_send(struct answer *a, struct MHD_Connection *c)
{
	struct MHD_Response *m =
		MHD_create_response_from_buffer(a->body.n, a->body.p, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result sent;

	if (!m) {
		out_fini(&a->body);
		return MHD_NO;
	}
	MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	MHD_add_response_header(m, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
	MHD_add_response_header(m, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	if (a->gzipped)
		MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (a->status == 405)
		MHD_add_response_header(m, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	sent = MHD_queue_response(c, a->status, m);
	MHD_destroy_response(m);
	return sent;
}

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *n_data, void **asked)
{
	struct answer a = { .status = 200 };
	struct asked *q = *asked;
	struct scrape *s = you;

	(void)url;
	(void)version;
	(void)data;
	if (!q)
		return MHD_NO;
	/* Whoever is answered before all of the request is there is hung up on afterwards. */
	if (!q->begun || *n_data) {
		q->begun = true;
		*n_data = 0;
		return MHD_YES;
	}
	atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
	stats_add(http_requests, 1);
	answer(s, c, method, q, &a);
	if (a.status >= 400 && a.status < 500 && a.status != 404)
		stats_add(http_refused, 1);
	answer_compress(&a, header_of(c, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	return answer_send(&a, c);
}

/* ---- connections ----------------------------------------------------------------------------------- */

static void connection_news(void *you, struct MHD_Connection *c, void **own,
			    enum MHD_ConnectionNotificationCode news)
{
	struct guest *g = guest_of(you, news == MHD_CONNECTION_NOTIFY_STARTED ? NULL : c);

	(void)own;
	if (g)
		*g = news == MHD_CONNECTION_NOTIFY_STARTED ? (struct guest){ c, clock_mono_ns() }
							   : (struct guest){ NULL, 0 };
}

static void cut_off_the_slow(struct scrape *s, uint64_t now)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct guest *g = &s->guest[i];
		const union MHD_ConnectionInfo *info;

		if (!g->connection || now - g->since_ns < (uint64_t)s->options.patience_ms * MS)
			continue;
		info = MHD_get_connection_info(g->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (info)
			shutdown(info->connect_fd, SHUT_RDWR);
		g->since_ns = now;
	}
}

/* ---- the thread ------------------------------------------------------------------------------------ */

static int serve(struct scrape *s)
{
	int fd;

	pthread_mutex_lock(&s->lock);
	fd = host_listen(&s->host);
	if (fd < 0)
		snprintf(s->why, sizeof(s->why), "%s", strerror(-fd));
	pthread_mutex_unlock(&s->lock);
	if (fd < 0)
		return fd;
	s->daemon =
		MHD_start_daemon(MHD_USE_EPOLL | (strchr(s->host.name, ':') ? MHD_USE_IPv6 : 0), 0,
				 NULL, NULL, handle, s, MHD_OPTION_LISTEN_SOCKET, fd,
				 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
				 MHD_OPTION_CONNECTION_TIMEOUT, s->options.patience_ms / 1000 + 1,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
				 MHD_OPTION_URI_LOG_CALLBACK, asked_new, NULL,
				 MHD_OPTION_NOTIFY_COMPLETED, asked_done, s,
				 MHD_OPTION_NOTIFY_CONNECTION, connection_news, s, MHD_OPTION_END);
	if (!s->daemon) {
		close(fd);
		return ERR(-EAGAIN);
	}
	pthread_mutex_lock(&s->lock);
	s->why[0] = '\0';
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static void *run(void *you)
{
	struct scrape *s = you;
	uint64_t next = clock_mono_ns() + (uint64_t)RETRY_MS * MS;

	while (!atomic_load(&s->stop)) {
		uint64_t now = clock_mono_ns();

		if (s->daemon) {
			MHD_run_wait(s->daemon, TURN_MS);
			cut_off_the_slow(s, clock_mono_ns());
			continue;
		}
		if (now >= next) {
			next = now + (uint64_t)RETRY_MS * MS;
			serve(s);
		}
		poll(NULL, 0, TURN_MS);
	}
	return NULL;
}

static int start_thread(struct scrape *s)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->has_thread = !r;
	return r ? ERR(-r) : 0;
}

static bool host_of(struct scrape *s, const char *name)
{
	struct host *h = &s->host;
	size_t n = strlen(name);

	if (n > 2 && name[0] == '[' && name[n - 1] == ']') {
		name++;
		n -= 2;
	}
	if (!n || n >= sizeof(h->name))
		return false;
	memcpy(h->name, name, n);
	h->name[n] = '\0';
	/* Where it means both, most scrapers that were told an address were told this one. */
	if (strcmp(h->name, "localhost") == 0)
		strcpy(h->name, "127.0.0.1");
	h->exact = true;
	s->loopback = strncmp(h->name, "127.", 4) == 0 || strcmp(h->name, "::1") == 0;
	return true;
}

int scrape_start(struct scrape **out, const struct scrape_options *options)
{
	struct scrape *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return ERR(-ENOMEM);
	s->options = *options;
	s->options.patience_ms = options->patience_ms ? options->patience_ms : PATIENCE_MS;
	s->host.port = options->port;
	pthread_mutex_init(&s->lock, NULL);
	if (!host_of(s, options->host)) {
		scrape_stop(s);
		return ERR(-EINVAL);
	}
	serve(s);
	s->options.host = NULL;
	r = start_thread(s);
	if (r < 0) {
		scrape_stop(s);
		return TRACE(r);
	}
	*out = s;
	return 0;
}

struct scrape *scrape_stop(struct scrape *s)
{
	if (!s)
		return NULL;
	atomic_store(&s->stop, true);
	if (s->has_thread)
		pthread_join(s->thread, NULL);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}

void scrape_address(struct scrape *s, char text[SCRAPE_TEXT])
{
	pthread_mutex_lock(&s->lock);
	host_text(&s->host, text, SCRAPE_TEXT);
	pthread_mutex_unlock(&s->lock);
}

bool scrape_why(struct scrape *s, char text[SCRAPE_TEXT])
{
	pthread_mutex_lock(&s->lock);
	memcpy(text, s->why, SCRAPE_TEXT);
	pthread_mutex_unlock(&s->lock);
	return text[0] != '\0';
}

uint64_t scrape_count(const struct scrape *s)
{
	return atomic_load_explicit(&s->count, memory_order_relaxed);
}
