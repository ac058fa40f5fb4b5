/* SPDX-License-Identifier: Apache-2.0 */
#include "base/host.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS_TRIED = 21, BACKLOG = 128 };

/* NAME, NAME:PORT, [V6], [V6]:PORT; the port's slice is empty when it isn't there. */
static bool host_cut(struct str text, struct str *name, struct str *port)
{
	*port = (struct str){ "", 0 };
	if (str_starts(text, STR("["))) {
		struct cut cut = str_cut(str_from(text, 1), ']');

		*name = cut.head;
		if (cut.tail.n && cut.tail.p[0] != ':')
			return false;
		*port = str_from(cut.tail, cut.tail.n != 0);
		return cut.found && name->n;
	}

	struct cut cut = str_cut(text, ':');

	*name = cut.head;
	*port = cut.tail;
	return name->n && !memchr(cut.tail.p, ':', cut.tail.n) && (!cut.found || cut.tail.n);
}

int host_read(struct host *h, struct str listen)
{
	struct str name, port;
	uint64_t number;

	if (!host_cut(listen, &name, &port) || name.n >= sizeof(h->name) ||
	    !str_to_u64(port, &number) || number > UINT16_MAX)
		return HOST_BAD;
	memcpy(h->name, name.p, name.n);
	h->name[name.n] = '\0';
	h->port = (uint16_t)number;
	h->everywhere = str_eq(name, STR("0.0.0.0")) || str_eq(name, STR("::"));
	return HOST_OK;
}

static bool is_address(struct str name)
{
	char text[64], bytes[16];

	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_machine(struct str name)
{
	char own[HOST_BYTES] = "";

	return gethostname(own, sizeof(own) - 1) == 0 && own[0] && str_eq_nocase(name, str_of(own));
}

bool host_is_ours(const struct host *h, struct str header)
{
	struct str name, port;
	uint64_t number;

	if (!host_cut(header, &name, &port) || (port.n && !str_to_u64(port, &number)))
		return false;
	if (str_eq_nocase(name, STR("localhost")) || str_eq(name, STR("127.0.0.1")) ||
	    str_eq(name, STR("::1")) || str_eq_nocase(name, str_of(h->name)))
		return true;
	return h->everywhere && (is_address(name) || is_machine(name));
}

static int bind_to(const struct addrinfo *a)
{
	int one = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return ERR(-errno);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	r = ERR(-errno);
	close(fd);
	return r;
}

static int bind_any(const struct host *h, unsigned port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char text[8];
	int fd = -EADDRNOTAVAIL;

	snprintf(text, sizeof(text), "%u", port);
	if (getaddrinfo(h->name, text, &hints, &found) != 0)
		return ERR(-EADDRNOTAVAIL);
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = bind_to(a);
		if (fd == -EADDRINUSE)
			break;
	}
	freeaddrinfo(found);
	return TRACE(fd);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage at = { 0 };
	socklen_t n = sizeof(at);

	getsockname(fd, (struct sockaddr *)&at, &n);
	return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
					      : ((struct sockaddr_in *)&at)->sin_port);
}

int host_listen(struct host *h)
{
	int fd = -EADDRINUSE;

	for (unsigned i = 0;
	     i < (h->exact ? 1 : PORTS_TRIED) && fd == -EADDRINUSE && h->port + i <= UINT16_MAX;
	     i++)
		fd = bind_any(h, h->port + i);
	if (fd < 0)
		return TRACE(fd);
	h->port = port_of(fd);
	return fd;
}

void host_text(const struct host *h, char *to, size_t room)
{
	bool v6 = strchr(h->name, ':') != NULL;

	snprintf(to, room, "%s%s%s:%u", v6 ? "[" : "", h->name, v6 ? "]" : "", h->port);
}
