/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flood: two threads end spans as fast as they can, far more than a segment holds at once.
 *
 *     flood [SPANS-PER-THREAD]
 *
 * Prints how many ended. Each must be delivered, or counted as lost.
 */
#include <oriel.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static long each = 200000;

static void *flood(void *name)
{
	for (long i = 0; i < each; i++) {
		struct oriel_span s = oriel_span_start(name, oriel_int("i", i));

		oriel_span_end(&s);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static char left[] = "left", right[] = "right";
	pthread_t thread[2];

	if (argc > 1)
		each = atol(argv[1]);
	oriel_start(ORIEL_OPTIONS(.service = "flood"));
	pthread_create(&thread[0], NULL, flood, left);
	pthread_create(&thread[1], NULL, flood, right);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	printf("%ld\n", 2 * each);
	return 0;
}
