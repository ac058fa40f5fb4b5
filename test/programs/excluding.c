/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that says itself which of its paths are left out. Prints its port, serves until standard
 * input ends.
 *
 *     excluding PATTERNS
 */
#include <oriel.h>

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	struct MHD_Response *r;
	enum MHD_Result done;
	char text[32];

	(void)cls, (void)method, (void)version, (void)upload, (void)upload_n, (void)state;
	snprintf(text, sizeof(text), "%u\n", oriel_excluded(url, strlen(url)));
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
	done = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return done;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *daemon;

	if (argc != 2 ||
	    oriel_start(ORIEL_OPTIONS(.service = "excluding", .excluded_urls = argv[1])) != 0)
		return 1;
	daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL,
				  MHD_OPTION_END);
	if (!daemon)
		return 1;
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	MHD_stop_daemon(daemon);
	oriel_stop();
	return 0;
}
