/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs: the calls that a service makes to say what it does.
 *
 *     logs places        one record of each kind, from places that the story knows
 *     logs waits         a line "ready", then DEBUG and INFO records of three loggers for each line that
 *                        comes in, until there are no more; a line "fork" begins a child that goes on
 */
#include <oriel.h>

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

int main(int argc, char **argv)
{
	oriel_start(ORIEL_OPTIONS(.service = "logs"));
	if (argc > 1 && strcmp(argv[1], "waits") == 0)
		waits();
	else
		places();
	oriel_stop();
	return 0;
}
