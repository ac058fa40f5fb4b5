/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl: a client span for each HTTP transfer.
 *
 *     easy interface     from curl_easy_perform to its return, and current meanwhile
 *     multi interface    from curl_multi_add_handle to the message that it is done, or its removal;
 *                        current in its callbacks
 *
 * The span's parent is what is current at its begin. A handle that we know nothing of (made before
 * we were there, or no room) is passed through and counted.
 *
 * A program may have two libcurls, OpenSSL's and GnuTLS's, told apart by their symbol versions, so
 * each hook exists twice, with the real functions of its own flavour (agent/libraries/libcurl-hooks.c).
 *
 * libcurl uses its own exported functions through the PLT: those calls are passed through.
 */
#include "agent/libraries/libcurl.h"

#include <errno.h>

#include "agent/agent.h"
#include "agent/libraries/libcurl-handle.h"

static bool is_programs(const struct curl_flavour *f, const void *caller)
{
	return watches(&libcurl_watch) && !real_calls_itself(f->library, caller);
}

/* A handle whose transfer can be watched now. */
static struct handle *handle_idle(const struct curl_flavour *f, CURL *curl)
{
	struct handle *h = handle_of(curl);

	if (h && !h->busy && CURL_REAL(f, curl_easy_setopt))
		return h;
	agent_missed("libcurl");
	return NULL;
}

/* ---- easy ------------------------------------------------------------------------------------------ */

CURLcode libcurl_perform(const struct curl_flavour *f, CURL *curl, const void *caller)
{
	struct handle *h = NULL;
	int kept = errno;
	unsigned token;
	CURLcode r;

	if (!CURL_REAL(f, curl_easy_perform))
		return CURLE_FAILED_INIT;
	if (is_programs(f, caller))
		h = handle_idle(f, curl);
	if (!h || !transfer_begin(h, f, curl)) {
		errno = kept;
		return CURL_REAL(f, curl_easy_perform)(curl);
	}
	token = oriel_context_attach(client_context(&h->transfer));
	errno = kept;
	r = CURL_REAL(f, curl_easy_perform)(curl);
	kept = errno;
	oriel_context_detach(token);
	transfer_end(h, f, curl, r);
	errno = kept;
	return r;
}

CURLcode libcurl_setopt(const struct curl_flavour *f, CURL *curl, CURLoption option, void *value,
			const void *caller)
{
	struct handle *h = real_calls_itself(f->library, caller) ? NULL : handle_of(curl);
	CURLcode r;

	if (!CURL_REAL(f, curl_easy_setopt))
		return CURLE_FAILED_INIT;
	r = CURL_REAL(f, curl_easy_setopt)(curl, option, value);
	if (h && r == CURLE_OK && handle_option(h, option, value))
		handle_lend(h, f, curl);
	return r;
}

CURL *libcurl_init(const struct curl_flavour *f, const void *caller)
{
	CURL *curl;
	int kept;

	if (!CURL_REAL(f, curl_easy_init))
		return NULL;
	curl = CURL_REAL(f, curl_easy_init)();
	kept = errno;
	if (curl && is_programs(f, caller)) {
		client_ready();
		handle_new(curl);
	}
	errno = kept;
	return curl;
}

CURL *libcurl_duphandle(const struct curl_flavour *f, CURL *curl, const void *caller)
{
	struct handle *from, *h;
	CURL *copy;
	int kept;

	if (!CURL_REAL(f, curl_easy_duphandle))
		return NULL;
	copy = CURL_REAL(f, curl_easy_duphandle)(curl);
	kept = errno;
	from = handle_of(curl);
	if (!copy || !from || real_calls_itself(f->library, caller)) {
		errno = kept;
		return copy;
	}
	/* From a callback of a transfer: the copy must not keep what is ours. */
	if (from->busy && CURL_REAL(f, curl_easy_setopt))
		handle_give_back(from, f, copy);
	h = handle_new(copy);
	if (h)
		handle_copy(h, from);
	errno = kept;
	return copy;
}

void libcurl_reset(const struct curl_flavour *f, CURL *curl, const void *caller)
{
	struct handle *h;

	if (!CURL_REAL(f, curl_easy_reset))
		return;
	CURL_REAL(f, curl_easy_reset)(curl);
	h = handle_of(curl);
	if (!h || real_calls_itself(f->library, caller))
		return;
	handle_reset(h);
	h->injected.n = 0;
}

/*
 * Forgotten before it is freed: another thread may get a handle at the same address at once. A
 * transfer that still runs in a multi handle ends with it.
 */
void libcurl_cleanup(const struct curl_flavour *f, CURL *curl)
{
	struct handle *h = handle_of(curl);
	int kept = errno;

	if (h && h->busy)
		transfer_end(h, f, curl, CURLE_ABORTED_BY_CALLBACK);
	handle_forget(curl);
	errno = kept;
	if (CURL_REAL(f, curl_easy_cleanup))
		CURL_REAL(f, curl_easy_cleanup)(curl);
}

/* ---- multi ----------------------------------------------------------------------------------------- */

CURLMcode libcurl_multi_add(const struct curl_flavour *f, CURLM *multi, CURL *curl,
			    const void *caller)
{
	struct handle *h = NULL;
	int kept = errno;
	CURLMcode r;

	if (!CURL_REAL(f, curl_multi_add_handle))
		return CURLM_INTERNAL_ERROR;
	if (is_programs(f, caller))
		h = handle_idle(f, curl);
	if (h && transfer_begin(h, f, curl))
		handle_lend(h, f, curl);
	else
		h = NULL;
	errno = kept;
	r = CURL_REAL(f, curl_multi_add_handle)(multi, curl);
	kept = errno;
	if (h && r != CURLM_OK)
		transfer_end(h, f, curl, CURLE_FAILED_INIT);
	errno = kept;
	return r;
}

CURLMsg *libcurl_multi_info(const struct curl_flavour *f, CURLM *multi, int *n, const void *caller)
{
	CURLMsg *m;
	struct handle *h = NULL;
	int kept;

	if (!CURL_REAL(f, curl_multi_info_read))
		return NULL;
	m = CURL_REAL(f, curl_multi_info_read)(multi, n);
	kept = errno;
	if (m && m->msg == CURLMSG_DONE && !real_calls_itself(f->library, caller))
		h = handle_of(m->easy_handle);
	if (h && h->busy)
		transfer_end(h, f, m->easy_handle, m->data.result);
	errno = kept;
	return m;
}

/*
 * Whoever takes a handle out without having read that it is done has given it up, if there is no
 * answer yet; libcurl doesn't tell which.
 */
CURLMcode libcurl_multi_remove(const struct curl_flavour *f, CURLM *multi, CURL *curl,
			       const void *caller)
{
	struct handle *h = real_calls_itself(f->library, caller) ? NULL : handle_of(curl);
	CURLMcode r;
	long status = 0;
	int kept;

	if (!CURL_REAL(f, curl_multi_remove_handle))
		return CURLM_INTERNAL_ERROR;
	r = CURL_REAL(f, curl_multi_remove_handle)(multi, curl);
	kept = errno;
	if (h && h->busy && r == CURLM_OK) {
		if (CURL_REAL(f, curl_easy_getinfo))
			CURL_REAL(f, curl_easy_getinfo)(curl, CURLINFO_RESPONSE_CODE, &status);
		transfer_end(h, f, curl, status > 0 ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK);
	}
	errno = kept;
	return r;
}
