/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1 server on nothing but sockets, which ends with its standard input. A connection has a
 * thread, or a forked child.
 *
 *     socket-server threads|forks
 *
 * GET /hello           3 bytes, the connection stays
 *     /pieces          a head in pieces of one byte, a body in chunks
 *     /until-close     a body without a length
 *     /interim         100 and 103 before 200
 *     /upgrade         101, then what comes is sent back
 *     /drop            the connection is closed
 *     /hang            nothing, until the client has gone
 *     /vfork           a vfork child closes everything; then 200
 *     /call/PORT/PATH  what a request to that port answers (its first 512 bytes), itself as the body
 * CONNECT              200, then as after an upgrade
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(int fd, const char *text)
{
	size_t n = strlen(text);

	for (ssize_t r; n && (r = write(fd, text, n)) > 0; n -= (size_t)r)
		text += r;
}

static void echo(int fd)
{
	char buffer[512];
	ssize_t n;

	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
}

static void close_all_in_vfork(void)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	pid_t child = vfork();
#pragma GCC diagnostic pop

	if (child == 0) {
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static int connected(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? fd : -1;
}

static void call(int fd, const char *target)
{
	char *path, text[1024], answer[513];
	int to = connected((int)strtol(target, &path, 10));
	ssize_t n = 0, r;

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: there\r\nConnection: close\r\n\r\n",
		 path);
	say(to, text);
	while (n < 512 && (r = read(to, answer + n, (size_t)(512 - n))) > 0)
		n += r;
	close(to);
	answer[n] = 0;
	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zd\r\n\r\n%s", n, answer);
	say(fd, text);
}

/* False: the connection has ended. */
static int answer(int fd, const char *method, const char *path)
{
	if (!strcmp(method, "CONNECT") || !strcmp(path, "/upgrade")) {
		say(fd, method[0] == 'C' ? "HTTP/1.1 200 Connected\r\n\r\n"
					 : "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n"
					   "Connection: Upgrade\r\n\r\n");
		echo(fd);
		return 0;
	}
	if (!strcmp(path, "/drop"))
		return 0;
	if (!strcmp(path, "/hang")) {
		char c;

		while (read(fd, &c, 1) > 0)
			;
		return 0;
	}
	if (!strcmp(path, "/until-close")) {
		say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
		say(fd, "12345678");
		return 0;
	}
	if (!strcmp(path, "/pieces")) {
		static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

		for (size_t i = 0; i < sizeof(head) - 1; i++)
			send(fd, head + i, 1, MSG_NOSIGNAL);
		say(fd, "3;x=y\r\nab");
		say(fd, "c\r\n2\r\nde\r");
		say(fd, "\n0\r\nTrailer: t\r\n");
		say(fd, "\r\n");
		return 1;
	}
	if (!strcmp(path, "/interim"))
		say(fd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
	if (!strcmp(path, "/vfork"))
		close_all_in_vfork();
	if (!strncmp(path, "/call/", 6))
		call(fd, path + 6);
	else
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
	return 1;
}

static void serve(int fd)
{
	char buffer[8192], method[16], path[512];
	size_t n = 0;
	ssize_t r;

	while (n < sizeof(buffer) - 1 && (r = read(fd, buffer + n, sizeof(buffer) - 1 - n)) > 0) {
		char *end;

		n += (size_t)r;
		buffer[n] = 0;
		while ((end = strstr(buffer, "\r\n\r\n"))) {
			const char *last = strstr(buffer, "\r\nConnection: close\r\n");

			if (sscanf(buffer, "%15s %511s", method, path) != 2 ||
			    !answer(fd, method, path) || (last && last < end)) {
				close(fd);
				return;
			}
			end += 4;
			n -= (size_t)(end - buffer);
			memmove(buffer, end, n + 1);
		}
	}
	close(fd);
}

static void *serve_thread(void *fd)
{
	serve((int)(intptr_t)fd);
	return NULL;
}

static int forks;

static void *listens(void *listener)
{
	int fd;

	while ((fd = accept((int)(intptr_t)listener, NULL, NULL)) >= 0) {
		pthread_t thread;

		if (!forks) {
			pthread_create(&thread, NULL, serve_thread, (void *)(intptr_t)fd);
			pthread_detach(thread);
			continue;
		}
		if (fork() == 0) {
			close((int)(intptr_t)listener);
			serve(fd);
			_exit(0);
		}
		close(fd);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t at_n = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t thread;

	forks = argc > 1 && !strcmp(argv[1], "forks");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, forks ? SIG_IGN : SIG_DFL);
	if (bind(listener, (struct sockaddr *)&at, at_n) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&at, &at_n))
		return 1;
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	pthread_create(&thread, NULL, listens, (void *)(intptr_t)listener);
	while (getchar() != EOF)
		;
	return 0;
}
