/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of our gRPC server sends, after HTTP/2's first words or not: any frames at all. */
#include "receive/grpc-session.h"

static bool give(struct batch *b, void *you)
{
	(void)b;
	(void)you;
	return true;
}

static const char first_words[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct receive_sink sink = { give, NULL };
	struct grpc_session *s;
	struct receiver receiver;
	struct out said = { 0 };
	size_t at = 1;

	if (!n)
		return 0;
	receiver_init(&receiver, &sink);
	s = grpc_session_new(&receiver, "me");
	if (data[0] & 1)
		grpc_session_read(s, first_words, sizeof(first_words) - 1);
	while (at < n) {
		size_t piece = data[0] & 2 && n - at > 7 ? 7 : n - at;

		if (!grpc_session_read(s, (const char *)data + at, piece))
			break;
		at += piece;
		out_clear(&said);
		grpc_session_write(s, &said);
	}
	grpc_session_goodbye(s);
	grpc_session_write(s, &said);
	grpc_session_free(s);
	if (receiver.held)
		__builtin_trap();
	out_fini(&said);
	receiver_fini(&receiver);
	return 0;
}
