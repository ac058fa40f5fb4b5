/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/libraries/mhd-options.h"

enum shape {
	UNKNOWN,
	NUMBER,	 /* int, unsigned or an enum */
	SIZE,	 /* size_t */
	POINTER, /* one, in `ptr_value` */
	PAIR,	 /* a function or pointer in `value`, then a pointer */
	COUNTED, /* a size_t in `value`, then a pointer */
};

/* By number, since MHD keeps those and a newer one than we were built with may be running. */
static const unsigned char shapes[] = {
	[MHD_OPTION_CONNECTION_MEMORY_LIMIT] = SIZE,
	[MHD_OPTION_CONNECTION_LIMIT] = NUMBER,
	[MHD_OPTION_CONNECTION_TIMEOUT] = NUMBER,
	[MHD_OPTION_NOTIFY_COMPLETED] = PAIR,
	[MHD_OPTION_PER_IP_CONNECTION_LIMIT] = NUMBER,
	[MHD_OPTION_SOCK_ADDR] = POINTER,
	[MHD_OPTION_URI_LOG_CALLBACK] = PAIR,
	[MHD_OPTION_HTTPS_MEM_KEY] = POINTER,
	[MHD_OPTION_HTTPS_MEM_CERT] = POINTER,
	[MHD_OPTION_HTTPS_CRED_TYPE] = NUMBER,
	[MHD_OPTION_HTTPS_PRIORITIES] = POINTER,
	[MHD_OPTION_LISTEN_SOCKET] = NUMBER,
	[MHD_OPTION_EXTERNAL_LOGGER] = PAIR,
	[MHD_OPTION_THREAD_POOL_SIZE] = NUMBER,
	[MHD_OPTION_UNESCAPE_CALLBACK] = PAIR,
	[MHD_OPTION_DIGEST_AUTH_RANDOM] = COUNTED,
	[MHD_OPTION_NONCE_NC_SIZE] = NUMBER,
	[MHD_OPTION_THREAD_STACK_SIZE] = SIZE,
	[MHD_OPTION_HTTPS_MEM_TRUST] = POINTER,
	[MHD_OPTION_CONNECTION_MEMORY_INCREMENT] = SIZE,
	[MHD_OPTION_HTTPS_CERT_CALLBACK] = POINTER,
	[MHD_OPTION_TCP_FASTOPEN_QUEUE_SIZE] = NUMBER,
	[MHD_OPTION_HTTPS_MEM_DHPARAMS] = POINTER,
	[MHD_OPTION_LISTENING_ADDRESS_REUSE] = NUMBER,
	[MHD_OPTION_HTTPS_KEY_PASSWORD] = POINTER,
	[MHD_OPTION_NOTIFY_CONNECTION] = PAIR,
	[MHD_OPTION_LISTEN_BACKLOG_SIZE] = NUMBER,
	[MHD_OPTION_STRICT_FOR_CLIENT] = NUMBER,
	[MHD_OPTION_GNUTLS_PSK_CRED_HANDLER] = PAIR,
	[MHD_OPTION_HTTPS_CERT_CALLBACK2] = POINTER,
	[MHD_OPTION_SERVER_INSANITY] = NUMBER,
	[MHD_OPTION_SIGPIPE_HANDLED_BY_APP] = NUMBER,
	[MHD_OPTION_TLS_NO_ALPN] = NUMBER,
};

void mhd_options_add(struct mhd_options *o, enum MHD_OPTION option, intptr_t value, void *pointer)
{
	o->item[o->n++] = (struct MHD_OptionItem){ option, value, pointer };
}

static bool option_take(struct mhd_options *o, enum MHD_OPTION option, intptr_t value,
			void *pointer)
{
	if (option == MHD_OPTION_NOTIFY_COMPLETED) {
		o->completed = (MHD_RequestCompletedCallback)value;
		o->completed_cls = pointer;
		return true;
	}
	if (option == MHD_OPTION_URI_LOG_CALLBACK) {
		o->uri_log = (mhd_uri_log)value;
		o->uri_log_cls = pointer;
		return true;
	}
	if (o->n == MHD_OPTIONS_MOST)
		return false;
	mhd_options_add(o, option, value, pointer);
	return true;
}

static enum shape shape_of(int option)
{
	if (option <= 0 || (size_t)option >= sizeof(shapes))
		return UNKNOWN;
	return shapes[option];
}

/* An array within an array is as deep as the program made it; ours is flat. */
static bool array_read(struct mhd_options *o, const struct MHD_OptionItem *item, int depth)
{
	for (; item && item->option != MHD_OPTION_END; item++) {
		if (item->option == MHD_OPTION_ARRAY) {
			if (depth == 4 || !array_read(o, item->ptr_value, depth + 1))
				return false;
		} else if (shape_of((int)item->option) == UNKNOWN ||
			   !option_take(o, item->option, item->value, item->ptr_value)) {
			return false;
		}
	}
	return true;
}

static bool list_read(struct mhd_options *o, va_list *options)
{
	for (;;) {
		int option = va_arg(*options, int);
		intptr_t value = 0;
		void *pointer = NULL;

		if (option == MHD_OPTION_END)
			return true;
		if (option == MHD_OPTION_ARRAY) {
			if (!array_read(o, va_arg(*options, struct MHD_OptionItem *), 0))
				return false;
			continue;
		}
		switch (shape_of(option)) {
		case UNKNOWN:
			return false;
		case NUMBER:
			value = va_arg(*options, int);
			break;
		case SIZE:
			value = (intptr_t)va_arg(*options, size_t);
			break;
		case POINTER:
			pointer = va_arg(*options, void *);
			break;
		case PAIR:
			value = (intptr_t)va_arg(*options, void *);
			pointer = va_arg(*options, void *);
			break;
		case COUNTED:
			value = (intptr_t)va_arg(*options, size_t);
			pointer = va_arg(*options, void *);
			break;
		}
		if (!option_take(o, (enum MHD_OPTION)option, value, pointer))
			return false;
	}
}

bool mhd_options_read(struct mhd_options *o, va_list options)
{
	va_list copy;
	bool r;

	o->uri_log = NULL;
	o->completed = NULL;
	o->uri_log_cls = o->completed_cls = NULL;
	o->n = 0;
	va_copy(copy, options);
	r = list_read(o, &copy);
	va_end(copy);
	return r;
}
