/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One URL fetched in every way that libcurl's easy interface has. Prints the answers.
 *
 *     curl-gets URL        a server that answers with the request's headers
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t keep(char *p, size_t size, size_t n, void *arg)
{
	return fwrite(p, size, n, arg ? arg : stdout);
}

static void fetch(CURL *c, const char *what)
{
	long status = 0;
	CURLcode r;

	printf("== %s\n", what);
	fflush(stdout);
	r = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	printf("-- %d %ld\n", r, status);
}

int main(int argc, char **argv)
{
	struct curl_slist *list = NULL, *traced = NULL, *first;
	CURL *c = curl_easy_init(), *d;
	const char *url = argc > 1 ? argv[1] : "http://127.0.0.1:1/";

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	fetch(c, "plain");

	first = list = curl_slist_append(list, "X-Own: 1");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
	list = curl_slist_append(list, "X-Later: 2");
	fetch(c, "own headers");
	if (list != first || strcmp(list->data, "X-Own: 1") || list->next->next)
		abort();
	d = curl_easy_duphandle(c);
	curl_easy_setopt(d, CURLOPT_CUSTOMREQUEST, "PATCH");
	fetch(d, "duplicate");
	curl_easy_cleanup(d);

	traced = curl_slist_append(
		traced, "TraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, traced);
	fetch(c, "own traceparent");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, "a=1");
	fetch(c, "post");
	curl_easy_setopt(c, CURLOPT_POST, 0L);
	curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	fetch(c, "head");

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, "http://user:secret@127.0.0.1:1/?sig=secret&a=1");
	fetch(c, "refused");
	curl_easy_setopt(c, CURLOPT_URL, "file:///dev/null");
	fetch(c, "no HTTP");
	curl_easy_cleanup(c);
	curl_slist_free_all(list);
	curl_slist_free_all(traced);
	return 0;
}
