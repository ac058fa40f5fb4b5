/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/page.h"
#include "base/err.h"
#include "base/out.h"
#include "base/scoped.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { ANSWER_S = 3, ANSWER_MOST = 16 << 20 };

/* HOST:PORT or [HOST]:PORT. */
static int connect_to(const char *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *found;
	struct timeval limit = { .tv_sec = ANSWER_S };
	char host[128];
	char *colon;
	int fd, r = 0;

	snprintf(host, sizeof(host), "%s", address + (address[0] == '['));
	colon = strrchr(host, ':');
	if (!colon)
		return ERR(-EINVAL);
	*colon = '\0';
	if (colon > host && colon[-1] == ']')
		colon[-1] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return ERR(-EHOSTUNREACH);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		r = ERR(-errno);
	} else {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(fd, found->ai_addr, found->ai_addrlen) < 0)
			r = ERR(-errno);
	}
	freeaddrinfo(found);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* HTTP/1.0, so that the answer simply ends. */
static int ask(const char *address, const char *path, struct out *answer)
{
	scoped_fd int fd = connect_to(address);
	char request[512];
	ssize_t n;
	int len;

	if (fd < 0)
		return TRACE(fd);
	len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path,
		       address);
	if (len >= (int)sizeof(request) || send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		return ERR(-EPIPE);
	do {
		if (!out_reserve(answer, 65536))
			return ERR(answer->error);
		n = recv(fd, answer->p + answer->n, 65536, 0);
		if (n > 0)
			answer->n += (size_t)n;
	} while (n > 0);
	return n < 0 ? ERR(-errno) : 0;
}

static int parse(json_t **out, struct str answer)
{
	const char *body = answer.n ? memmem(answer.p, answer.n, "\r\n\r\n", 4) : NULL;
	json_t *value;

	if (!body ||
	    !(str_starts(answer, STR("HTTP/1.0 200")) || str_starts(answer, STR("HTTP/1.1 200"))))
		return ERR(-EPROTO);
	body += 4;
	value = json_loadb(body, answer.n - (size_t)(body - answer.p), 0, NULL);
	if (!value)
		return ERR(-EPROTO);
	*out = value;
	return 0;
}

int page_get(json_t **out, const char *address, const char *path)
{
	struct out answer = { .limit = ANSWER_MOST };
	int r = ask(address, path, &answer);

	if (r == 0)
		r = parse(out, out_all(&answer));
	out_fini(&answer);
	return TRACE(r);
}

const char *page_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int64_t page_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		return strtoll(json_string_value(value), NULL, 10);
	return json_integer_value(value);
}
