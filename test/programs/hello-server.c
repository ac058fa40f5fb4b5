/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that knows nothing of Oriel. Prints its port, serves until standard input ends.
 *
 *     hello-server [epoll|threads|select]
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const paths[] = { "/error", "/refuse", "/" };

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *text)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result done = MHD_queue_response(c, status, r);

	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	static int seen;

	(void)version;
	(void)upload;
	if (cls != paths)
		abort();
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	if (*state != &seen)
		abort();
	if (*upload_n) {
		*upload_n = 0;
		return MHD_YES;
	}
	if (!strcmp(url, paths[1]))
		return MHD_NO;
	if (!strcmp(url, paths[0]))
		return answer(c, 500, "broken\n");
	if (strcmp(method, "GET") && strcmp(method, "POST"))
		return answer(c, 405, "no\n");
	return answer(c, 200, "hello\n");
}

int main(int argc, char **argv)
{
	unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD;
	const char *mode = argc > 1 ? argv[1] : "epoll";
	struct MHD_Daemon *daemon;

	if (!strcmp(mode, "threads"))
		flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION;
	else if (!strcmp(mode, "select"))
		flags = MHD_USE_INTERNAL_POLLING_THREAD;
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, (void *)paths,
				  MHD_OPTION_CONNECTION_TIMEOUT, 20u, MHD_OPTION_END);
	if (!daemon)
		return 1;
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	MHD_stop_daemon(daemon);
	return 0;
}
