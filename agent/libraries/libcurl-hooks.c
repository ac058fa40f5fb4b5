/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's exported names, once for each libcurl: Debian's libcurl.so.4 has the version
 * CURL_OPENSSL_4, libcurl-gnutls.so.4 has CURL_GNUTLS_3, and both may be in one process. A libcurl
 * without versions is reached by the default one, CURL_OPENSSL_4.
 */
#include "agent/libraries/libcurl.h"

#include <stdarg.h>

#include "agent/agent.h"
#include "agent/sockets/sockets.h"

#define FLAVOUR(name, version, or_plain) \
	static struct real_library name##_library; \
	static struct real name##_real[] = { CURL_CALLS(FLAVOUR_ROW, name, version, or_plain) }; \
	static const struct curl_flavour name = { &name##_library, name##_real };

#define FLAVOUR_ROW(call, name, version, or_plain) \
	{ #call, version, or_plain, &name##_library, NULL },

FLAVOUR(openssl, "CURL_OPENSSL_4", true)
FLAVOUR(gnutls, "CURL_GNUTLS_3", false)

/* An option's number says what its argument is; all but curl_off_t are as wide as a pointer. */
static void *argument_of(CURLoption option, va_list arguments)
{
	switch (option / 10000) {
	case CURLOPTTYPE_LONG / 10000:
		return (void *)va_arg(arguments, long);
	case CURLOPTTYPE_OFF_T / 10000:
		return (void *)(intptr_t)va_arg(arguments, curl_off_t);
	}
	return va_arg(arguments, void *);
}

_Static_assert(sizeof(curl_off_t) <= sizeof(void *), "an option's value fits a pointer");

#define CALLER __builtin_return_address(0)

#define EXPORT(flavour, call, version) __asm__(".symver " #flavour "_" #call "," #call version)

#define HOOKS(flavour, version) \
	CURL *flavour##_curl_easy_init(void); \
	HOOK CURL *flavour##_curl_easy_init(void) \
	{ \
		return libcurl_init(&flavour, CALLER); \
	} \
	CURLcode flavour##_curl_easy_setopt(CURL *curl, CURLoption option, ...); \
	HOOK CURLcode flavour##_curl_easy_setopt(CURL *curl, CURLoption option, ...) \
	{ \
		va_list arguments; \
		void *value; \
\
		va_start(arguments, option); \
		value = argument_of(option, arguments); \
		va_end(arguments); \
		return libcurl_setopt(&flavour, curl, option, value, CALLER); \
	} \
	CURLcode flavour##_curl_easy_perform(CURL *curl); \
	HOOK CURLcode flavour##_curl_easy_perform(CURL *curl) \
	{ \
		return libcurl_perform(&flavour, curl, CALLER); \
	} \
	CURL *flavour##_curl_easy_duphandle(CURL *curl); \
	HOOK CURL *flavour##_curl_easy_duphandle(CURL *curl) \
	{ \
		return libcurl_duphandle(&flavour, curl, CALLER); \
	} \
	void flavour##_curl_easy_reset(CURL *curl); \
	HOOK void flavour##_curl_easy_reset(CURL *curl) \
	{ \
		libcurl_reset(&flavour, curl, CALLER); \
	} \
	void flavour##_curl_easy_cleanup(CURL *curl); \
	HOOK void flavour##_curl_easy_cleanup(CURL *curl) \
	{ \
		libcurl_cleanup(&flavour, curl); \
	} \
	CURLMcode flavour##_curl_multi_add_handle(CURLM *multi, CURL *curl); \
	HOOK CURLMcode flavour##_curl_multi_add_handle(CURLM *multi, CURL *curl) \
	{ \
		return libcurl_multi_add(&flavour, multi, curl, CALLER); \
	} \
	CURLMcode flavour##_curl_multi_remove_handle(CURLM *multi, CURL *curl); \
	HOOK CURLMcode flavour##_curl_multi_remove_handle(CURLM *multi, CURL *curl) \
	{ \
		return libcurl_multi_remove(&flavour, multi, curl, CALLER); \
	} \
	CURLMsg *flavour##_curl_multi_info_read(CURLM *multi, int *n); \
	HOOK CURLMsg *flavour##_curl_multi_info_read(CURLM *multi, int *n) \
	{ \
		return libcurl_multi_info(&flavour, multi, n, CALLER); \
	} \
	EXPORT(flavour, curl_multi_add_handle, version); \
	EXPORT(flavour, curl_multi_remove_handle, version); \
	EXPORT(flavour, curl_multi_info_read, version); \
	EXPORT(flavour, curl_easy_init, version); \
	EXPORT(flavour, curl_easy_setopt, version); \
	EXPORT(flavour, curl_easy_perform, version); \
	EXPORT(flavour, curl_easy_duphandle, version); \
	EXPORT(flavour, curl_easy_reset, version); \
	EXPORT(flavour, curl_easy_cleanup, version)

HOOKS(openssl, "@@CURL_OPENSSL_4");
HOOKS(gnutls, "@CURL_GNUTLS_3");

struct watch libcurl_watch;

static void libcurl_start(void)
{
	sockets_own(&openssl_library);
	sockets_own(&gnutls_library);
}

const struct watched watched_libcurl = {
	.name = "libcurl",
	.aliases = "curl,client",
	.summary = "HTTP requests that the program makes",
	.start = libcurl_start,
	.watch = &libcurl_watch,
	.passes = contexts_pass,
};
