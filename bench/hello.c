/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a server can do: `hello [PORT]` answers every request with "hello". What watching
 * costs shows most on it, because there is nothing else to do. One polling thread; SIGTERM ends it.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static enum MHD_Result handle(void *you, struct MHD_Connection *c, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **seen)
{
	static char hello[] = "hello\n";

	(void)you;
	(void)path;
	(void)method;
	(void)version;
	(void)upload;
	(void)upload_n;
	(void)seen;

	struct MHD_Response *r =
		MHD_create_response_from_buffer(sizeof(hello) - 1, hello, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued = MHD_queue_response(c, 200, r);

	MHD_destroy_response(r);
	return queued;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	sigset_t ends;
	int number;

	at.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);

	struct MHD_Daemon *d =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL,
				 MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_END);

	if (!d)
		return 1;
	printf("http://127.0.0.1:%d/\n", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&ends, &number);
	MHD_stop_daemon(d);
	return 0;
}
