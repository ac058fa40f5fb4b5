/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on ulfius that knows nothing of Oriel. Prints its port, serves until standard input ends.
 * Debian's headers of ulfius can't be installed beside those of libcurl's OpenSSL flavour; what is
 * used of it is declared here.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _u_instance {
	_Alignas(16) char room[4096]; /* more than any has */
};
struct _u_request;
struct _u_response;
struct _u_endpoint {
	char *http_method, *url_prefix, *url_format;
	unsigned priority;
	int (*callback)(const struct _u_request *, struct _u_response *, void *);
	void *arg;
};

enum { U_CALLBACK_CONTINUE = 0, U_CALLBACK_COMPLETE = 2 };

int ulfius_init_instance(struct _u_instance *, unsigned port, struct sockaddr_in *, const char *);
int ulfius_add_endpoint(struct _u_instance *, const struct _u_endpoint *);
int ulfius_add_endpoint_by_val(struct _u_instance *, const char *, const char *, const char *,
			       unsigned,
			       int (*)(const struct _u_request *, struct _u_response *, void *),
			       void *);
int ulfius_set_string_body_response(struct _u_response *, unsigned status, const char *);
int ulfius_start_framework(struct _u_instance *);
int ulfius_stop_framework(struct _u_instance *);
void ulfius_clean_instance(struct _u_instance *);

static struct _u_instance instance;

static int filter(const struct _u_request *q, struct _u_response *r, void *arg)
{
	(void)q;
	(void)r;
	if (strcmp(arg, "filter"))
		abort();
	return U_CALLBACK_CONTINUE;
}

static int answer(const struct _u_request *q, struct _u_response *r, void *arg)
{
	(void)q;
	ulfius_set_string_body_response(r, 200, arg);
	return U_CALLBACK_COMPLETE;
}

static unsigned short free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) ||
	    getsockname(fd, (struct sockaddr *)&a, &n))
		exit(1);
	close(fd);
	return ntohs(a.sin_port);
}

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct _u_endpoint order = { (char *)"GET", (char *)"/shop/", (char *)"/orders/:id", 1,
				     answer,	    (void *)"order\n" };
	unsigned short port = free_port();

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(port);
	if (ulfius_init_instance(&instance, port, &a, NULL) ||
	    ulfius_add_endpoint_by_val(&instance, "*", NULL, "/*", 0, filter, (void *)"filter") ||
	    ulfius_add_endpoint_by_val(&instance, "GET", "", "hello", 1, answer,
				       (void *)"hello\n") ||
	    ulfius_add_endpoint(&instance, &order) || ulfius_start_framework(&instance))
		return 1;
	printf("%u\n", port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	ulfius_stop_framework(&instance);
	ulfius_clean_instance(&instance);
	return 0;
}
