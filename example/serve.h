/* SPDX-License-Identifier: Apache-2.0 */
/* The server of the examples that are about something else: libmicrohttpd on loopback, until SIGTERM. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

struct request {
	struct MHD_Connection *connection;
	const char *method, *path;
};

struct reply {
	unsigned status;
	const char *type;
	char body[1024];
};

bool asks(const struct request *q, const char *method, const char *path);
const char *parameter(const struct request *q, const char *name);
void say(struct reply *r, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Prints `NAME: http://127.0.0.1:PORT`; argv may say `--port PORT` (0: any). `answer` is called by two threads. */
int serve(const char *name, char **argv, void (*answer)(const struct request *q, struct reply *r));
