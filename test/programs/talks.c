/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talks: makes log records.
 *
 *     talks N [BYTES [MICROSECONDS]]   so many, with a text of so many bytes, and a pause after each 100
 *     talks foul                       one, of everything that might break a line
 *     talks span                       one in a span, whose trace id it prints
 *     talks hear                       one for each line that it reads, which is the event
 */
#include <oriel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void many(int n, size_t bytes, useconds_t pause)
{
	char *text = calloc(1, bytes + 1);

	if (!text)
		exit(1);
	memset(text, 'x', bytes);
	for (int i = 0; i < n; i++) {
		oriel_info("talking", oriel_int("i", i), oriel_int("pid", getpid()),
			   oriel_str("text", text));
		if (pause && i % 100 == 99)
			usleep(pause);
	}
	free(text);
}

static void foul(void)
{
	static const char text[] = "a\xff\x01\x1b[2J\r\n\xe2\x80\xa8\xc2\x85\x7f\xed\xa0\x80\"\\z";

	oriel_warn(text, oriel_str("text", text), oriel_str(text, "key"));
}

static void in_a_span(void)
{
	char trace[33];

	ORIEL_SPAN ("work") {
		oriel_trace_id(trace);
		oriel_error("working", oriel_bool("well", false));
		puts(trace);
	}
}

static void hear(void)
{
	char line[200];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		oriel_info(line);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	oriel_start(ORIEL_OPTIONS(.service = "talks"));
	if (strcmp(argv[1], "foul") == 0)
		foul();
	else if (strcmp(argv[1], "span") == 0)
		in_a_span();
	else if (strcmp(argv[1], "hear") == 0)
		hear();
	else
		many(atoi(argv[1]), argc > 2 ? (size_t)atoi(argv[2]) : 0,
		     argc > 3 ? (useconds_t)atoi(argv[3]) : 0);
	oriel_stop();
	return 0;
}
