/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The multi interface, with one transfer, because only it can be left in the middle: the easy one
 * looks at nothing for up to a second, and waits for a resolver thread that may never end.
 */
#include "export/http.h"

#include "base/clock.h"
#include "base/err.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ANSWER_MOST = 4 << 20,
	LOOK_MS = 100,
	EARLY_MS = 200,
	HEADERS_MOST = 64 << 10,
	RETRY_AFTER_MOST_S = 600
};

struct http {
	CURLM *multi;
	CURL *easy;
	struct out headers, body;
	size_t answer_most;
	bool too_big;
	char trouble[CURL_ERROR_SIZE];
};

char http_sender[HTTP_SENDER];

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http *http_new(void)
{
	struct http *h = calloc(1, sizeof(*h));

	pthread_once(&curl_once, curl_begin);
	if (!h)
		return NULL;
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	if (!h->multi || !h->easy)
		return http_free(h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 3L);
	return h;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	if (h->easy)
		curl_easy_cleanup(h->easy);
	if (h->multi)
		curl_multi_cleanup(h->multi);
	out_fini(&h->headers);
	out_fini(&h->body);
	free(h);
	return NULL;
}

static size_t take_body(char *p, size_t size, size_t n, void *to)
{
	struct http *h = to;

	n *= size;
	if (h->body.n + n > h->answer_most) {
		h->too_big = true;
		return 0;
	}
	out_bytes(&h->body, p, n);
	return h->body.error ? 0 : n;
}

/* Header lines and trailers. A status line begins an answer; only the last one's lines stay. */
static size_t take_header(char *p, size_t size, size_t n, void *to)
{
	struct http *h = to;

	n *= size;
	if (str_starts((struct str){ p, n }, STR("HTTP/")))
		out_clear(&h->headers);
	else if (h->headers.n + n <= HEADERS_MOST)
		out_bytes(&h->headers, p, n);
	return n;
}

struct str http_header(struct str headers, struct str name)
{
	struct str value = STR("");

	while (headers.n) {
		struct cut line = str_cut(headers, '\n');
		struct cut pair = str_cut(line.head, ':');

		if (pair.found && str_eq_nocase(pair.head, name))
			value = str_trim(pair.tail);
		headers = line.tail;
	}
	return value;
}

/* Takes `list`; NULL when out of memory. */
static struct curl_slist *list_line(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

static struct curl_slist *list_add(struct curl_slist *list, const char *name, const char *value)
{
	struct out line = { 0 };

	/* curl's way of saying "empty": a semicolon instead of a colon. */
	out_fmt(&line, "%s%s%s", name, *value ? ": " : ";", value);
	out_char(&line, '\0');
	list = list_line(list, line.error ? name : line.p);
	out_fini(&line);
	return list;
}

static struct curl_slist *make_headers(const struct http_request *q)
{
	struct curl_slist *list = list_add(NULL, q->get ? "Accept" : "Content-Type", q->type);

	/* Without this curl asks for permission to send (Expect: 100-continue) and waits a second.
	 */
	if (list)
		list = list_line(list, "Expect:");
	if (list && q->encoding)
		list = list_add(list, "Content-Encoding", q->encoding);
	if (list && http_sender[0])
		list = list_add(list, ORIEL_SENDER_HEADER, http_sender);
	for (const char *const *line = q->more; list && line && *line; line++)
		list = list_line(list, *line);
	for (size_t i = 0; list && q->headers && i < q->headers->n; i++)
		list = list_add(list, q->headers->item[i].name, q->headers->item[i].value);
	return list;
}

static void speak_http_only(CURL *c)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
}

/* curl 7.88 can't use a connection a second time that began with HTTP/2 unasked. */
static bool forgets_http2(void)
{
	unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;

	return version >= 0x075800 && version < 0x080000;
}

static void speak_http2(CURL *c, const char *url)
{
	bool secure = str_eq_nocase(str_first(str_of(url), 6), STR("https:"));

	curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
			 (long)(secure ? CURL_HTTP_VERSION_2TLS
				       : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
	curl_easy_setopt(c, CURLOPT_HTTPPROXYTUNNEL, 1L);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (!secure && forgets_http2()) {
		curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	}
}

/* The files are read for each connection: who renews them needn't tell us. */
static void use_certificates(CURL *c, const struct http_request *q)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
	if (q->certificate)
		curl_easy_setopt(c, CURLOPT_CAINFO, q->certificate);
	if (q->client_certificate)
		curl_easy_setopt(c, CURLOPT_SSLCERT, q->client_certificate);
	if (q->client_key)
		curl_easy_setopt(c, CURLOPT_SSLKEY, q->client_key);
}

static void set_options(struct http *h, const struct http_request *q, struct curl_slist *headers)
{
	CURL *c = h->easy;

	curl_easy_reset(c);
	speak_http_only(c);
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	if (q->socket)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, q->socket);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "OTel-OTLP-Exporter-oriel/" ORIEL_VERSION);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (q->get) {
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body.n ? q->body.p : "");
	}
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)q->timeout_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->trouble);
	if (q->http2)
		speak_http2(c, q->url);
	use_certificates(c, q);
}

static bool stopped(const struct http_request *q)
{
	return q->stop && atomic_load_explicit(q->stop, memory_order_relaxed);
}

/* A gRPC server may say all it has to say and end the stream before it has read the request. */
static bool answered_early(const struct http *h)
{
	return !h->headers.error && http_header(out_all(&h->headers), STR("grpc-status")).n;
}

/* curl doesn't go on with a request then, and doesn't end it. */
static bool is_over(const struct http *h, uint64_t *answered_ns)
{
	uint64_t now = clock_mono_ns();

	if (!answered_early(h))
		return false;
	if (!*answered_ns)
		*answered_ns = now;
	return now - *answered_ns > (uint64_t)EARLY_MS * 1000000;
}

/*
 * curl's own result when the transfer is over. Our time limit is behind curl's, if that fails. What has come when we are
 * stopped is looked at: an answer that is there needn't be asked for again.
 */
static int run(struct http *h, const struct http_request *q, CURLcode *code)
{
	uint64_t last_ns = clock_mono_ns() + ((uint64_t)q->timeout_ms + 1000) * 1000000;
	uint64_t answered_ns = 0;
	int running = 1, left;

	for (;;) {
		bool last = stopped(q);
		CURLMcode m = curl_multi_perform(h->multi, &running);
		CURLMsg *msg = curl_multi_info_read(h->multi, &left);

		if (msg && msg->msg == CURLMSG_DONE) {
			*code = msg->data.result;
			return 0;
		}
		if (m != CURLM_OK || clock_mono_ns() > last_ns || is_over(h, &answered_ns)) {
			*code = CURLE_OPERATION_TIMEDOUT;
			return 0;
		}
		if (last)
			return HTTP_STOPPED;
		curl_multi_poll(h->multi, NULL, 0, LOOK_MS, NULL);
		if (q->idle)
			q->idle(q->idle_to);
	}
}

/* Certificates are none of it: they expire and are renewed, files are put where they are looked for. */
static bool is_hopeless(CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_LOGIN_DENIED:
		return true;
	default:
		return false;
	}
}

static void note_type(struct http *h, struct http_answer *a)
{
	const char *type = NULL;
	struct str t;

	curl_easy_getinfo(h->easy, CURLINFO_CONTENT_TYPE, &type);
	t = str_cut(str_of(type ? type : ""), ';').head;
	t = str_first(str_trim(t), sizeof(a->type) - 1);
	for (size_t i = 0; i < t.n; i++)
		a->type[i] = str_lower(t.p[i]);
}

static void note_answer(struct http *h, struct http_answer *a)
{
	curl_off_t seconds = 0;
	long status = 0;

	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > RETRY_AFTER_MOST_S)
		seconds = RETRY_AFTER_MOST_S;
	if (seconds > 0)
		a->retry_after_ms = (uint32_t)seconds * 1000;
	a->status = (int)status;
	note_type(h, a);
	a->headers = h->headers.error ? STR("") : out_all(&h->headers);
	if (!h->too_big && h->body.n)
		a->body = out_all(&h->body);
}

/* curl's own words for it are many, and don't fit. */
static const char *unreadable(const struct http_request *q)
{
	const char *file[] = { q->certificate, q->client_certificate, q->client_key };

	for (size_t i = 0; i < sizeof(file) / sizeof(*file); i++)
		if (file[i] && access(file[i], R_OK) < 0)
			return file[i];
	return NULL;
}

static void say_why(struct http *h, CURLcode code, const struct http_request *q,
		    struct http_answer *a)
{
	bool of_files = code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE;
	const char *file = of_files ? unreadable(q) : NULL;

	if (file)
		snprintf(a->why, sizeof(a->why), "%.110s: %s", file, strerror(errno));
	else
		snprintf(a->why, sizeof(a->why), "%.150s",
			 h->trouble[0] ? h->trouble : curl_easy_strerror(code));
}

/* An answer that we stopped reading is still one: its status has come. */
static int judge(struct http *h, CURLcode code, const struct http_request *q, struct http_answer *a)
{
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && h->too_big) || answered_early(h)) {
		note_answer(h, a);
		if (a->status)
			return 0;
	}
	say_why(h, code, q, a);
	return is_hopeless(code) ? HTTP_IMPOSSIBLE : HTTP_UNREACHABLE;
}

int http_post(struct http *h, const struct http_request *request, struct http_answer *answer)
{
	struct curl_slist *headers = make_headers(request);
	CURLcode code = CURLE_OK;
	int r;

	if (!headers)
		return ERR(-ENOMEM);
	*answer = (struct http_answer){ .headers = STR(""), .body = STR("") };
	out_clear(&h->headers);
	out_clear(&h->body);
	h->too_big = false;
	h->answer_most = request->answer_most ? request->answer_most : ANSWER_MOST;
	h->trouble[0] = '\0';
	set_options(h, request, headers);
	if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK) {
		curl_slist_free_all(headers);
		return ERR(-ENOMEM);
	}
	r = run(h, request, &code);
	if (!r)
		r = judge(h, code, request, answer);
	curl_multi_remove_handle(h->multi, h->easy);
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return r;
}
