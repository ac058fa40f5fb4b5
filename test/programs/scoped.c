/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scoped: a program, a library that it is linked with (this file's scope, acme.storage) and another one (""); each has
 * a span, a log record and a counter called "reads". A forked child does the library's part once more. It says
 * "ready", and ends with its standard input.
 */
#define ORIEL_SCOPE storage
#include <oriel-scope.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct oriel_scope *storage;

/* In the library, whose calls needn't say so. */
static void library_read(int64_t n)
{
	ORIEL_SPAN ("library reads", oriel_int("n", n))
		oriel_info("library read");
	oriel_add(oriel_counter_in(storage, "reads", "{read}", "Blocks read"), n);
}

static void other_read(struct oriel_scope *other)
{
	struct oriel_span s =
		oriel_span_start_with(ORIEL_SPAN_OPTIONS(.scope = other), "other reads");

	oriel_span_end(&s);
	oriel_log_in(other, ORIEL_INFO, "other read");
	oriel_add(oriel_counter_in(other, "reads", "{read}", "Blocks read"), 20);
}

#undef ORIEL_SCOPE
#define ORIEL_SCOPE ((struct oriel_scope *)NULL)

static void program_read(void)
{
	ORIEL_SPAN ("program reads")
		oriel_info("program read");
	oriel_add(oriel_counter("reads", "{read}", "Blocks read"), 300);
}

int main(void)
{
	storage =
		oriel_scope("acme.storage",
			    ORIEL_SCOPE_OPTIONS(.version = "2.1.0",
						.schema_url = "https://acme.example/1",
						.attributes = ORIEL_WITH(oriel_str("zone", "north"),
									 oriel_int("shard", 4))));
	oriel_start(ORIEL_OPTIONS(.service = "scoped"));
	library_read(1);
	other_read(oriel_scope("", ORIEL_SCOPE_OPTIONS(.version = "7")));
	program_read();
	if (fork() == 0) {
		library_read(4000);
		_exit(0);
	}
	wait(NULL);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	oriel_stop();
	return 0;
}
