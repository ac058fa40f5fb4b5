/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libmicrohttpd server in each of its modes, that knows nothing of Oriel. Prints its port, serves
 * until standard input ends.
 *
 *     mhd-modes select|poll|epoll|pool|threads|external|run-wait [KEY CERTIFICATE]
 *
 *     /hello /own     200; with a request id of its own
 *     /shared         one response for all, made at the start
 *     /reused         one response for two requests at a time, let go of at the second
 *     /later          suspended; resumed by another thread; then answered by the handler
 *     /worker         suspended; the other thread queues the answer, lets go of it, resumes
 *     /upload         the number of bytes, and each handler call asks SQLite
 *     /stream         content from a callback that asks SQLite
 */
#include <microhttpd.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

enum what { HELLO, OWN, SHARED, REUSED, LATER, WORKER, UPLOAD, STREAM };

static const char *const paths[] = { "/hello", "/own",	  "/shared", "/reused",
				     "/later", "/worker", "/upload", "/stream" };

struct request {
	int what;
	bool was_suspended;
	size_t n;
};

static struct MHD_Response *shared, *reused;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool over;

static struct MHD_Response *response(const char *text)
{
	return MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result answer(struct MHD_Connection *c, const char *text)
{
	struct MHD_Response *r = response(text);
	enum MHD_Result done = MHD_queue_response(c, 200, r);

	MHD_destroy_response(r);
	return done;
}

static void ask(void)
{
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) || sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL))
		abort();
	sqlite3_close(db);
}

static void *resume(void *connection)
{
	MHD_resume_connection(connection);
	return NULL;
}

static void *work(void *connection)
{
	answer(connection, "worker\n");
	MHD_resume_connection(connection);
	return NULL;
}

static enum MHD_Result suspend(struct MHD_Connection *c, void *(*then)(void *))
{
	pthread_t thread;

	MHD_suspend_connection(c);
	if (pthread_create(&thread, NULL, then, c))
		abort();
	pthread_detach(thread);
	return MHD_YES;
}

/* Two requests queue the same one; who comes second lets go of it. */
static enum MHD_Result answer_reused(struct MHD_Connection *c)
{
	enum MHD_Result done;

	pthread_mutex_lock(&lock);
	if (!reused) {
		reused = response("reused\n");
		done = MHD_queue_response(c, 200, reused);
	} else {
		done = MHD_queue_response(c, 200, reused);
		MHD_destroy_response(reused);
		reused = NULL;
	}
	pthread_mutex_unlock(&lock);
	return done;
}

static ssize_t stream(void *cls, uint64_t at, char *to, size_t most)
{
	if (cls != &over)
		abort();
	if (at >= 3)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (most == 0)
		return 0;
	ask();
	*to = "s\n."[at];
	return 1;
}

static void streamed(void *cls)
{
	if (cls != &over)
		abort();
}

static enum MHD_Result answer_stream(struct MHD_Connection *c)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64, stream, &over, streamed);
	enum MHD_Result done = MHD_queue_response(c, 200, r);

	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result answer_own(struct MHD_Connection *c)
{
	struct MHD_Response *r = response("own\n");
	enum MHD_Result done;

	MHD_add_response_header(r, "x-request-id", "mine");
	done = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return done;
}

static struct request *begin(const char *url)
{
	struct request *q = calloc(1, sizeof(*q));

	for (q->what = 0; q->what < (int)(sizeof(paths) / sizeof(*paths)); q->what++)
		if (!strcmp(url, paths[q->what]))
			break;
	return q;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	struct request *q = *state;
	char text[32];

	(void)method;
	(void)version;
	(void)upload;
	if (cls != paths)
		abort();
	if (!q) {
		*state = begin(url);
		return MHD_YES;
	}
	if (*upload_n) {
		q->n += *upload_n;
		*upload_n = 0;
		ask();
		return MHD_YES;
	}
	switch (q->what) {
	case HELLO:
		return answer(c, "hello\n");
	case OWN:
		return answer_own(c);
	case SHARED:
		return MHD_queue_response(c, 200, shared);
	case REUSED:
		return answer_reused(c);
	case LATER:
		if (q->was_suspended) {
			ask();
			return answer(c, "later\n");
		}
		q->was_suspended = true;
		return suspend(c, resume);
	case WORKER:
		if (q->was_suspended)
			return MHD_YES;
		q->was_suspended = true;
		return suspend(c, work);
	case UPLOAD:
		snprintf(text, sizeof(text), "%zu\n", q->n);
		return answer(c, text);
	case STREAM:
		return answer_stream(c);
	}
	return answer(c, "other\n");
}

static void completed(void *cls, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode code)
{
	(void)c;
	(void)code;
	if (cls != &over)
		abort();
	free(*state);
	*state = NULL;
}

static unsigned flags_of(const char *mode)
{
	static const struct {
		const char *name;
		unsigned flags;
	} modes[] = {
		{ "select", MHD_USE_INTERNAL_POLLING_THREAD },
		{ "poll", MHD_USE_POLL_INTERNAL_THREAD },
		{ "epoll", MHD_USE_EPOLL_INTERNAL_THREAD },
		{ "pool", MHD_USE_EPOLL_INTERNAL_THREAD },
		{ "threads", MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION },
		{ "external", 0 },
		{ "run-wait", MHD_USE_EPOLL },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(mode, modes[i].name))
			return modes[i].flags | MHD_ALLOW_SUSPEND_RESUME;
	exit(2);
}

static void *input_ends(void *arg)
{
	(void)arg;
	while (getchar() != EOF)
		;
	atomic_store(&over, true);
	return NULL;
}

static void select_once(struct MHD_Daemon *daemon)
{
	struct timeval t = { .tv_usec = 20000 };
	fd_set in, out, other;
	int most = 0;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&other);
	if (MHD_get_fdset(daemon, &in, &out, &other, &most) != MHD_YES)
		abort();
	select(most + 1, &in, &out, &other, &t);
	MHD_run_from_select(daemon, &in, &out, &other);
}

static char *file(const char *name)
{
	char *text = calloc(1, 16384);
	FILE *f = fopen(name, "r");

	if (!f || !fread(text, 1, 16383, f))
		exit(1);
	fclose(f);
	return text;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "epoll";
	unsigned flags = flags_of(mode);
	struct MHD_OptionItem tls[] = { { MHD_OPTION_END, 0, NULL },
					{ MHD_OPTION_HTTPS_MEM_CERT, 0, NULL },
					{ MHD_OPTION_END, 0, NULL } };
	struct MHD_Daemon *daemon;
	pthread_t thread;

	if (argc > 3) {
		flags |= MHD_USE_TLS;
		tls[0] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, file(argv[2]) };
		tls[1].ptr_value = file(argv[3]);
	}
	shared = response("shared\n");
	if (!strcmp(mode, "pool"))
		daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, (void *)paths,
					  MHD_OPTION_THREAD_POOL_SIZE, 3u, MHD_OPTION_ARRAY, tls,
					  MHD_OPTION_NOTIFY_COMPLETED, completed, &over,
					  MHD_OPTION_END);
	else
		daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, (void *)paths,
					  MHD_OPTION_ARRAY, tls, MHD_OPTION_NOTIFY_COMPLETED,
					  completed, &over, MHD_OPTION_CONNECTION_TIMEOUT, 20u,
					  MHD_OPTION_END);
	if (!daemon)
		return 1;
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	if (pthread_create(&thread, NULL, input_ends, NULL))
		return 1;
	while (!atomic_load(&over)) {
		if (!strcmp(mode, "external"))
			select_once(daemon);
		else if (!strcmp(mode, "run-wait"))
			MHD_run_wait(daemon, 20);
		else
			pthread_join(thread, NULL);
	}
	MHD_stop_daemon(daemon);
	MHD_destroy_response(shared);
	return 0;
}
