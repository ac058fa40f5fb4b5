/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of libcurl, apart from which libcurl they are for (agent/libraries/libcurl-hooks.c has that).
 * `caller` is the return address of the exported hook.
 */
#pragma once

#define CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

#include "agent/agent.h"
#include "agent/real.h"

#define CURL_CALLS(X, ...) \
	X(curl_easy_init, __VA_ARGS__) \
	X(curl_easy_setopt, __VA_ARGS__) \
	X(curl_easy_perform, __VA_ARGS__) \
	X(curl_easy_getinfo, __VA_ARGS__) \
	X(curl_easy_strerror, __VA_ARGS__) \
	X(curl_easy_duphandle, __VA_ARGS__) \
	X(curl_easy_reset, __VA_ARGS__) \
	X(curl_easy_cleanup, __VA_ARGS__) \
	X(curl_multi_add_handle, __VA_ARGS__) \
	X(curl_multi_remove_handle, __VA_ARGS__) \
	X(curl_multi_info_read, __VA_ARGS__) \
	X(curl_url_get, __VA_ARGS__) \
	X(curl_free, __VA_ARGS__)

enum curl_call {
#define X(call, ...) CALL_##call,
	CURL_CALLS(X, )
#undef X
		N_CURL_CALLS
};

extern struct watch libcurl_watch;

struct curl_flavour {
	struct real_library *library;
	struct real *real; /* by enum curl_call */
};

#define CURL_REAL(flavour, call) ((__typeof__(call) *)real_of(&(flavour)->real[CALL_##call]))

CURL *libcurl_init(const struct curl_flavour *f, const void *caller);
CURLcode libcurl_setopt(const struct curl_flavour *f, CURL *curl, CURLoption option, void *value,
			const void *caller);
CURLcode libcurl_perform(const struct curl_flavour *f, CURL *curl, const void *caller);
CURL *libcurl_duphandle(const struct curl_flavour *f, CURL *curl, const void *caller);
void libcurl_reset(const struct curl_flavour *f, CURL *curl, const void *caller);
void libcurl_cleanup(const struct curl_flavour *f, CURL *curl);

CURLMcode libcurl_multi_add(const struct curl_flavour *f, CURLM *multi, CURL *curl,
			    const void *caller);
CURLMcode libcurl_multi_remove(const struct curl_flavour *f, CURLM *multi, CURL *curl,
			       const void *caller);
CURLMsg *libcurl_multi_info(const struct curl_flavour *f, CURLM *multi, int *n, const void *caller);
