/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that make a response. A callback that brings its content runs in the context of the
 * request whose handler made it, as long as that one lives.
 */
#define MHD_NO_DEPRECATION 1
#include "agent/libraries/mhd-response.h"

#include <errno.h>

#include "agent/agent.h"
#include "agent/life.h"
#include "agent/pool.h"
#include "agent/real.h"

#define CALLS(X) \
	X(MHD_create_response_from_callback) \
	X(MHD_create_response_from_data) \
	X(MHD_create_response_from_buffer) \
	X(MHD_create_response_from_buffer_with_free_callback) \
	X(MHD_create_response_from_buffer_with_free_callback_cls) \
	X(MHD_create_response_from_fd) \
	X(MHD_create_response_from_pipe) \
	X(MHD_create_response_from_fd64) \
	X(MHD_create_response_from_fd_at_offset) \
	X(MHD_create_response_from_fd_at_offset64) \
	X(MHD_create_response_from_iovec) \
	X(MHD_create_response_for_upgrade)

#undef MHD_create_response_from_fd_at_offset

static struct real_library library;
REAL_TABLE(CALLS);

struct content {
	struct pool_item item;
	struct oriel_context context;
	struct life life;
	MHD_ContentReaderCallback read;
	MHD_ContentReaderFreeCallback free;
	void *cls;
};

static struct pool contents = { .item_bytes = sizeof(struct content), .n = 4096 };

__thread struct mhd_mine mhd_mine;

/* ---- content that a callback brings ------------------------------------------------------------- */

static ssize_t content_read(void *cls, uint64_t at, char *to, size_t most)
{
	const struct content *c = cls;
	struct life before = life_now;
	unsigned token = 0;
	int kept = errno;
	ssize_t n;

	if (life_goes_on(c->life)) {
		token = oriel_context_attach(&c->context);
		life_now = c->life;
	}
	errno = kept;
	n = c->read(c->cls, at, to, most);
	kept = errno;
	life_now = before;
	oriel_context_detach(token);
	errno = kept;
	return n;
}

static void content_free(void *cls)
{
	struct content *c = cls;
	int kept;

	if (c->free)
		c->free(c->cls);
	kept = errno;
	oriel_context_release(&c->context);
	pool_give(&contents, c);
	errno = kept;
}

static struct content *content_new(MHD_ContentReaderCallback read, void *cls,
				   MHD_ContentReaderFreeCallback free)
{
	struct content *c = pool_open(&contents) ? pool_take(&contents) : NULL;

	if (!c) {
		agent_missed("libmicrohttpd");
		return NULL;
	}
	c->context = oriel_context_capture();
	c->life = life_now;
	c->read = read;
	c->free = free;
	c->cls = cls;
	return c;
}

static int64_t bytes_of(uint64_t size)
{
	return size <= INT64_MAX ? (int64_t)size : -1;
}

HOOK struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block,
							    MHD_ContentReaderCallback read,
							    void *cls,
							    MHD_ContentReaderFreeCallback free)
{
	struct content *c = NULL;
	struct MHD_Response *r;
	int kept = errno;

	if (!REAL(MHD_create_response_from_callback))
		return NULL;
	if (read && life_goes_on(life_now) &&
	    !real_calls_itself(&library, __builtin_return_address(0)))
		c = content_new(read, cls, free);
	errno = kept;
	if (!c)
		return mhd_made(REAL(MHD_create_response_from_callback)(size, block, read, cls,
									free),
				bytes_of(size));
	r = REAL(MHD_create_response_from_callback)(size, block, content_read, c, content_free);
	if (!r) {
		c->free = NULL;
		content_free(c);
	}
	return mhd_made(r, bytes_of(size));
}

/* ---- the others --------------------------------------------------------------------------------- */

static int64_t iovec_bytes(const struct MHD_IoVec *iov, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; iov && i < n; i++)
		sum += iov[i].iov_len;
	return bytes_of(sum);
}

#define MADE(call, parameters, arguments, bytes) \
	HOOK struct MHD_Response *call parameters \
	{ \
		return REAL(call) ? mhd_made(REAL(call) arguments, bytes) : NULL; \
	}

MADE(MHD_create_response_from_data, (size_t size, void *data, int must_free, int must_copy),
     (size, data, must_free, must_copy), bytes_of(size))
MADE(MHD_create_response_from_buffer, (size_t size, void *buffer, enum MHD_ResponseMemoryMode mode),
     (size, buffer, mode), bytes_of(size))
MADE(MHD_create_response_from_buffer_with_free_callback,
     (size_t size, void *buffer, MHD_ContentReaderFreeCallback free), (size, buffer, free),
     bytes_of(size))
MADE(MHD_create_response_from_buffer_with_free_callback_cls,
     (size_t size, void *buffer, MHD_ContentReaderFreeCallback free, void *cls),
     (size, buffer, free, cls), bytes_of(size))
MADE(MHD_create_response_from_fd, (size_t size, int fd), (size, fd), bytes_of(size))
MADE(MHD_create_response_from_pipe, (int fd), (fd), -1)
MADE(MHD_create_response_from_fd64, (uint64_t size, int fd), (size, fd), bytes_of(size))
MADE(MHD_create_response_from_fd_at_offset, (size_t size, int fd, off_t at), (size, fd, at),
     bytes_of(size))
MADE(MHD_create_response_from_fd_at_offset64, (uint64_t size, int fd, uint64_t at), (size, fd, at),
     bytes_of(size))
MADE(MHD_create_response_from_iovec,
     (const struct MHD_IoVec *iov, unsigned n, MHD_ContentReaderFreeCallback free, void *cls),
     (iov, n, free, cls), iovec_bytes(iov, n))
MADE(MHD_create_response_for_upgrade, (MHD_UpgradeHandler handler, void *cls), (handler, cls), -1)
