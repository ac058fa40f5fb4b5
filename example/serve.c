/* SPDX-License-Identifier: Apache-2.0 */
#include "serve.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

static void (*answering)(const struct request *q, struct reply *r);

bool asks(const struct request *q, const char *method, const char *path)
{
	return strcmp(q->method, method) == 0 && strcmp(q->path, path) == 0;
}

const char *parameter(const struct request *q, const char *name)
{
	const char *value = MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, name);

	return value ? value : "";
}

void say(struct reply *r, unsigned status, const char *format, ...)
{
	va_list ap;

	r->status = status;
	va_start(ap, format);
	vsnprintf(r->body, sizeof(r->body), format, ap);
	va_end(ap);
}

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **seen)
{
	struct request q = { c, method, path };
	struct reply r = { .status = 404, .type = "text/plain", .body = "no such page\n" };

	(void)version;
	(void)upload;
	if (!*seen || *upload_n) { /* headers only, or a piece of a body that nobody needs */
		*seen = you;
		*upload_n = 0;
		return MHD_YES;
	}
	answering(&q, &r);

	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(r.body), r.body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued;

	MHD_add_response_header(response, "Content-Type", r.type);
	queued = MHD_queue_response(c, r.status, response);
	MHD_destroy_response(response);
	return queued;
}

static struct MHD_Daemon *listen_at(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons((uint16_t)port) };

	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				handle, &answering, MHD_OPTION_SOCK_ADDR, &at,
				MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
}

int serve(const char *name, char **argv, void (*answer)(const struct request *q, struct reply *r))
{
	int port = argv[0] && argv[1] && argv[2] && strcmp(argv[1], "--port") == 0 ? atoi(argv[2])
										   : 8080;
	struct MHD_Daemon *daemon;
	sigset_t ends;
	int signal;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	answering = answer;
	daemon = listen_at(port);
	if (!daemon)
		return 1;
	printf("%s: http://127.0.0.1:%d\n", name,
	       MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &signal);
	MHD_stop_daemon(daemon);
	return 0;
}
