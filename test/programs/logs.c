/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs: the calls that a service makes to say what it does.
 *
 *     logs places        one record of each kind, from places that the story knows
 *     logs waits         a line "ready", then DEBUG and INFO records of three loggers for each line that
 *                        comes in, until there are no more; a line "fork" begins a child that goes on
 *     logs serves        an HTTP server: prints its port, logs for each request, in its thread and in
 *                        another, until standard input ends
 */
#include <oriel.h>

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void places(void)
{
	struct oriel_logger *db = oriel_logger("db");

	oriel_info("order placed", oriel_int("order.id", 7));
	oriel_warnf("%d of %s left", 3, "book");
	oriel_log_to(db, ORIEL_ERR, "no connection", oriel_str("host", "db1"));
	oriel_debug("not told");
	ORIEL_SPAN ("work") {
		oriel_critical("in a span");
	}
}

static void waits(void)
{
	struct oriel_logger *db = oriel_logger("db"), *http = oriel_logger("http");
	char line[64];

	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "fork") == 0 && fork() != 0)
			_exit(wait(NULL) < 0);
		oriel_debug("own debug", oriel_str("line", line));
		oriel_info("own info", oriel_str("line", line));
		oriel_log_to(db, ORIEL_DEBUG, "db debug", oriel_str("line", line));
		oriel_log_to(db, ORIEL_INFO, "db info", oriel_str("line", line));
		oriel_log_to(http, ORIEL_DEBUG, "http debug", oriel_str("line", line));
		ORIEL_SPAN ("line", oriel_str("line", line)) {
		}
		printf("%s %u\n", line, oriel_excluded("/health/x", 9));
		fflush(stdout);
	}
}

static void *elsewhere(void *you)
{
	oriel_warn("elsewhere");
	return you;
}

static char yes[] = "yes";

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_n, void **state)
{
	struct MHD_Response *r;
	enum MHD_Result done;
	pthread_t thread;

	(void)cls, (void)url, (void)method, (void)version, (void)upload, (void)upload_n,
		(void)state;
	oriel_info("bare");
	fprintf(stderr, "said in a request\n");
	oriel_fields_bind(oriel_str("tenant", "acme"));
	ORIEL_SPAN ("inner") {
		oriel_info("inner", oriel_str("path", "its own"));
	}
	pthread_create(&thread, NULL, elsewhere, NULL);
	pthread_join(thread, NULL);
	r = MHD_create_response_from_buffer(3, yes, MHD_RESPMEM_PERSISTENT);
	done = MHD_queue_response(c, 200, r);
	MHD_destroy_response(r);
	return done;
}

static void serves(void)
{
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL,
						     handle, NULL, MHD_OPTION_END);

	if (!daemon)
		_exit(1);
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	MHD_stop_daemon(daemon);
}

int main(int argc, char **argv)
{
	oriel_start(ORIEL_OPTIONS(.service = "logs"));
	if (argc > 1 && strcmp(argv[1], "waits") == 0)
		waits();
	else if (argc > 1 && strcmp(argv[1], "serves") == 0)
		serves();
	else
		places();
	oriel_stop();
	return 0;
}
