/* SPDX-License-Identifier: Apache-2.0 */
/* names: waits for a file "go" beside it, then five times a trace "kept" and a trace "left out". */
#include <oriel.h>

#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	struct timespec moment = { 0, 20 * 1000 * 1000 };

	oriel_start(NULL);
	printf("http://127.0.0.1:0 waits\n");
	fflush(stdout);
	for (int i = 0; i < 3000 && access("go", F_OK) < 0; i++)
		nanosleep(&moment, NULL);
	for (int i = 0; i < 5; i++) {
		ORIEL_SPAN ("kept")
			oriel_info("here", oriel_event_name("names.kept"), oriel_int("i", i));
		ORIEL_SPAN ("left out")
			oriel_info("and here");
	}
	return 0;
}
