/* SPDX-License-Identifier: Apache-2.0 */
/* What a gRPC server answers: headers and trailers up to the first NUL, the body after it. */
#include "export/grpc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cut all = str_cut((struct str){ (const char *)data, size }, '\0');
	struct grpc_answer a;

	grpc_read(&a, 200, all.head, all.tail);
	if (memchr(a.text, 0, sizeof(a.text)) == NULL || a.retry_after_ms > 600000)
		abort();
	if (a.message.n &&
	    (a.message.p < all.tail.p || a.message.p + a.message.n > all.tail.p + all.tail.n))
		abort();
	if (a.retry_after_ms && !a.has_retry_info)
		abort();
	(void)grpc_is_retryable(&a);
	(void)grpc_is_too_big(&a);
	return 0;
}
