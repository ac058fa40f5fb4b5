/* SPDX-License-Identifier: Apache-2.0 */
/* Anything that a caller may send on the collector's socket; patched into a whole request first. */
#include "base/str.h"
#include "collect/calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/oriel-fuzz-XXXXXX";
static struct calls calls;

static void leave(void)
{
	calls_close(&calls);
	rmdir(path);
}

static void begin(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	if (!mkdtemp(path))
		abort();
	if (calls_open(&calls, open(path, O_RDONLY | O_DIRECTORY), epoll_create1(0), 1) < 0)
		abort();
	atexit(leave);
}

static void say(const void *p, size_t n)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	struct control_reply reply = { 0 };
	struct call call;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/" CONTROL_SOCKET, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		abort();
	send(fd, p, n, MSG_NOSIGNAL);
	while (calls_next(&calls, &call, 1)) {
		if (strlen(call.request.command) >= sizeof(call.request.command))
			abort();
		call_answer(&calls, &call, &reply);
	}
	close(fd);
	calls_next(&calls, &call, 2);
	if (calls_waiting(&calls))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request q = { .magic = CONTROL_MAGIC };

	begin();
	say(data, size);
	if (size > 4)
		memcpy(&q.verb, data, size < sizeof(q) - 4 ? size : sizeof(q) - 4);
	memset(q.run, 'a', size % 2 ? sizeof(q.run) : 0);
	say(&q, sizeof(q));
	return 0;
}
