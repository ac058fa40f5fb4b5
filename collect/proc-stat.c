/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/proc-stat.h"

#include "base/scoped.h"
#include "base/str.h"

#include <fcntl.h>

enum {
	STAT_FIRST = 3
}; /* the state, after the name, which may hold anything and ends at the last ')' */

bool proc_stat_read(struct proc_stat *s, pid_t pid)
{
	char path[64], text[2048], *at;
	int field = STAT_FIRST;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);

	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	*s = (struct proc_stat){ .state = '\0' };
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || at[1] != ' ')
		return false;
	at += 2;
	s->state = *at;
	for (char *word = strtok_r(at, " \n", &at); word && field < STAT_FIELDS;
	     word = strtok_r(NULL, " \n", &at), field++)
		str_to_u64(str_of(word), &s->field[field]);
	return true;
}
