/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many URLs fetched at once on one thread, by curl_multi_perform and by curl_multi_socket_action;
 * each write callback runs a statement of its own. Prints the answers in the order of the URLs. Then
 * one with what libcurl itself gives callbacks that were given no data.
 *
 *     curl-multi URL N     N transfers each way; two more are given up
 */
#include <curl/curl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, SOCKETS_MOST = 256 };

struct fetched {
	int number;
	size_t n;
	char text[4096];
};

static struct fetched fetched[MOST];
static struct pollfd polled[SOCKETS_MOST];
static nfds_t n_polled;
static long timeout_ms = -1;
static sqlite3 *db;

static size_t keep(char *p, size_t size, size_t n, void *arg)
{
	struct fetched *f = arg;
	char sql[64];

	snprintf(sql, sizeof(sql), "SELECT 1 AS transfer_%d", f->number);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
	    size * n > sizeof(f->text) - f->n)
		return 0;
	memcpy(f->text + f->n, p, size * n);
	f->n += size * n;
	return size * n;
}

static int on_socket(CURL *curl, curl_socket_t s, int what, void *arg, void *socket_arg)
{
	nfds_t i = 0;

	(void)curl, (void)arg, (void)socket_arg;
	while (i < n_polled && polled[i].fd != s)
		i++;
	if (what == CURL_POLL_REMOVE) {
		if (i < n_polled)
			polled[i] = polled[--n_polled];
		return 0;
	}
	if (i == n_polled)
		n_polled++;
	polled[i] = (struct pollfd){ .fd = s };
	polled[i].events =
		(short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi, (void)arg;
	timeout_ms = ms;
	return 0;
}

static void turn(CURLM *multi, int *running)
{
	struct pollfd now[SOCKETS_MOST];
	nfds_t n = n_polled;
	int ready;

	memcpy(now, polled, n * sizeof(now[0]));
	ready = poll(now, n, timeout_ms < 0 || timeout_ms > 100 ? 100 : (int)timeout_ms);
	if (ready == 0)
		curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, running);
	for (nfds_t i = 0; ready > 0 && i < n; i++)
		if (now[i].revents)
			curl_multi_socket_action(multi, now[i].fd,
						 (now[i].revents & POLLIN ? CURL_CSELECT_IN : 0) |
							 (now[i].revents & POLLOUT
								  ? CURL_CSELECT_OUT
								  : 0),
						 running);
}

static void run(const char *url, int n, int by_socket)
{
	CURLM *multi = curl_multi_init();
	CURL *easy[MOST];
	int running = 0, left = 0;
	CURLMsg *m;

	if (by_socket) {
		curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
		curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	}
	memset(fetched, 0, sizeof(fetched));
	for (int i = 0; i < n; i++) {
		char text[256];
		CURLU *u = curl_url();

		fetched[i].number = i;
		easy[i] = curl_easy_init();
		snprintf(text, sizeof(text), "%s/%d", url, i);
		curl_url_set(u, CURLUPART_URL, text, 0);
		if (i % 2)
			curl_easy_setopt(easy[i], CURLOPT_CURLU, u);
		else
			curl_easy_setopt(easy[i], CURLOPT_URL, text);
		curl_easy_setopt(easy[i], CURLOPT_PRIVATE, u);
		curl_easy_setopt(easy[i], CURLOPT_WRITEFUNCTION, keep);
		curl_easy_setopt(easy[i], CURLOPT_WRITEDATA, &fetched[i]);
		curl_multi_add_handle(multi, easy[i]);
		/* other data while it is on its way */
		curl_easy_setopt(easy[i], CURLOPT_WRITEDATA, &fetched[i]);
	}
	curl_multi_remove_handle(multi, easy[n - 1]); /* given up */
	do {
		if (by_socket)
			turn(multi, &running);
		else if (curl_multi_perform(multi, &running) == CURLM_OK && running)
			curl_multi_poll(multi, NULL, 0, 100, NULL);
		while ((m = curl_multi_info_read(multi, &left)))
			if (m->msg == CURLMSG_DONE && m->data.result != CURLE_OK)
				printf("transfer failed: %d\n", m->data.result);
	} while (running);
	for (int i = 0; i < n; i++) {
		CURLU *u = NULL;

		curl_easy_getinfo(easy[i], CURLINFO_PRIVATE, (char **)&u);
		curl_multi_remove_handle(multi, easy[i]);
		curl_easy_cleanup(easy[i]);
		curl_url_cleanup(u);
		printf("%d: %.*s\n", i, (int)fetched[i].n, fetched[i].text);
	}
	curl_multi_cleanup(multi);
}

static int n_progress;

static size_t to_file(char *p, size_t size, size_t n, void *file)
{
	return fwrite(p, size, n, file ? file : stderr);
}

static int once(void *easy, curl_off_t all, curl_off_t now, curl_off_t up, curl_off_t up_now)
{
	(void)all, (void)now, (void)up, (void)up_now;
	printf("once, %s data\n", easy ? "with" : "without");
	return 0;
}

static int old_progress(void *n, double all, double now, double up, double up_now)
{
	(void)all, (void)now, (void)up, (void)up_now;
	++*(int *)n;
	return 0;
}

static void fetch(CURLM *multi, CURL *easy, int changes)
{
	int running = 1;

	curl_multi_add_handle(multi, easy);
	if (changes) {
		curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
		curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, NULL);
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, NULL);
	}
	while (running && curl_multi_perform(multi, &running) == CURLM_OK)
		curl_multi_poll(multi, NULL, 0, running ? 100 : 0, NULL);
	curl_multi_remove_handle(multi, easy);
}

static void run_plain(const char *url)
{
	CURLM *multi = curl_multi_init();
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, once);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, to_file);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, to_file);
	fetch(multi, easy, 1);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, (CURLoption)20056 /* deprecated */, old_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &n_progress); /* that one's, too */
	fetch(multi, easy, 0);
	printf("%s\n", n_progress ? "progress" : "none");
	curl_easy_perform(easy);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, NULL);
	curl_easy_perform(easy);
	fflush(stdout);
	curl_easy_cleanup(easy);
	curl_multi_cleanup(multi);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (n < 1 || n > MOST || sqlite3_open(":memory:", &db) != SQLITE_OK)
		return 2;
	run(argv[1], n, 0);
	run(argv[1], n, 1);
	run_plain(argv[1]);
	sqlite3_close(db);
	return 0;
}
