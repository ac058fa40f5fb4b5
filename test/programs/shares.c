/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shares COUNT [MS [FILE]]: so many traces, whose ids are always the same ones, each with a span "serve /item"
 * that is a server's and one below it, "look up", of MS milliseconds by their times; every tenth of the
 * latter is an error. What is sampled of them is up to the settings: nobody has decided. With FILE it
 * stays until that is there.
 */
#include <oriel.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Spread evenly, and not by chance (splitmix64's finaliser). */
static unsigned long long spread(unsigned long long i)
{
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9ull;
	i = (i ^ i >> 27) * 0x94d049bb133111ebull;
	return i ^ i >> 31;
}

static void serve(unsigned long long i, unsigned long long took_ns)
{
	unsigned long long start = 1700000000000000000ull + i;
	struct oriel_context from;
	struct oriel_span a, b;
	char parent[64];
	unsigned token;

	snprintf(parent, sizeof(parent), "00-0af7651916cd43dd%016llx-b7ad6b7169203331-00",
		 spread(i + 1));
	oriel_context_parse(&from, parent, NULL, NULL);
	token = oriel_context_attach(&from);
	a = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.kind = ORIEL_SERVER, .start_ns = start),
				  "serve /item", oriel_str("http.route", "/item"));
	b = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.start_ns = start), "look up");
	if (i % 10 == 0)
		oriel_span_status(&b, ORIEL_ERROR, "gone");
	oriel_span_finish(&b, start + took_ns);
	oriel_span_finish(&a, start + took_ns);
	oriel_context_detach(token);
	oriel_context_release(&from);
}

int main(int argc, char **argv)
{
	struct timespec moment = { 0, 20 * 1000 * 1000 };
	int n = argc > 1 ? atoi(argv[1]) : 1, ms = argc > 2 ? atoi(argv[2]) : 1;

	oriel_start(NULL);
	for (int i = 0; i < n; i++)
		serve((unsigned long long)i, (unsigned long long)ms * 1000000);
	oriel_flush(10000);
	printf("http://127.0.0.1:0 done\n");
	fflush(stdout);
	for (int i = 0; argc > 3 && i < 3000 && access(argv[3], F_OK) < 0; i++)
		nanosleep(&moment, NULL);
	return 0;
}
