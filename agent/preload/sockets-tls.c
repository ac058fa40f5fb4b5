/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clear text of connections that carry TLS, by the calls of OpenSSL and GnuTLS. A session knows its
 * descriptor, or (Apache, HAProxy: a BIO of the program's own) we know it from the cipher text that
 * passed on this thread while the session's call ran.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/agent.h"
#include "agent/real.h"
#include "agent/sockets/current.h"
#include "agent/sockets/descriptors.h"
#include "agent/sockets/sockets.h"
#include "agent/table.h"

/* As openssl/ssl.h and gnutls/gnutls.h have them; the libraries need not be there to build us. */
struct ssl_st;
struct gnutls_session_int;
int SSL_read(struct ssl_st *s, void *p, int n);
int SSL_read_ex(struct ssl_st *s, void *p, size_t n, size_t *got);
int SSL_write(struct ssl_st *s, const void *p, int n);
int SSL_write_ex(struct ssl_st *s, const void *p, size_t n, size_t *put);
int SSL_do_handshake(struct ssl_st *s);
int SSL_accept(struct ssl_st *s);
int SSL_connect(struct ssl_st *s);
void SSL_free(struct ssl_st *s);
int SSL_get_rfd(const struct ssl_st *s);
ssize_t gnutls_record_recv(struct gnutls_session_int *s, void *p, size_t n);
ssize_t gnutls_record_send(struct gnutls_session_int *s, const void *p, size_t n);
void *gnutls_transport_get_ptr(struct gnutls_session_int *s);

#define CALLS(X) \
	X(SSL_read) \
	X(SSL_read_ex) \
	X(SSL_write) \
	X(SSL_write_ex) \
	X(SSL_do_handshake) \
	X(SSL_accept) \
	X(SSL_connect) \
	X(SSL_free) \
	X(SSL_get_rfd) \
	X(gnutls_record_recv) \
	X(gnutls_record_send) \
	X(gnutls_transport_get_ptr)

enum {
#define X(call) CALL_##call,
	CALLS(X)
#undef X
};

static struct real_library openssl, gnutls;
static struct real real[] = {
#define X(call) { .name = #call, .library = #call[0] == 'S' ? &openssl : &gnutls },
	CALLS(X)
#undef X
};

#define REAL(call) ((__typeof__(call) *)real_of(&real[CALL_##call]))

enum { SESSIONS_MOST = 4096 };

static struct table_slot slots[2 * SESSIONS_MOST];
static const struct table descriptor_of = { slots, 2 * SESSIONS_MOST };

static bool is_left(void)
{
	return sockets_vforked() || !agent_watches();
}

/* ---- which descriptor ------------------------------------------------------------------------------ */

static void session_enters(void)
{
	current_here.raw_fd = -1;
}

/* After a call: its descriptor, -1 if we don't know it. */
static int session_descriptor(struct ssl_st *s)
{
	int fd = REAL(SSL_get_rfd) ? REAL(SSL_get_rfd)(s) : -1;
	void *known;

	if (fd >= 0)
		return fd;
	known = table_get(&descriptor_of, s);
	if (known && (current_here.raw_fd < 0 || (int)(intptr_t)known - 1 == current_here.raw_fd))
		return (int)(intptr_t)known - 1;
	if (current_here.raw_fd < 0)
		return -1;
	if (known)
		table_remove(&descriptor_of, s);
	table_put(&descriptor_of, s, (void *)(intptr_t)(current_here.raw_fd + 1));
	return current_here.raw_fd;
}

/* Without p: nobody knows these bytes. */
static void plain(int fd, enum direction d, const void *p, size_t n)
{
	struct iovec v = { (void *)p, n };
	struct connection *c = descriptors_watched(fd) ? descriptors_enter(fd, d) : NULL;

	if (!c)
		return;
	if (p)
		connection_passed(c, d, &v, 1, n, true);
	else
		connection_skipped(c, d, n, true);
	descriptors_leave(fd, c, d);
}

static void plain_comes(int fd, const void *p, size_t n)
{
	struct iovec v = { (void *)p, n };
	struct connection *c = descriptors_watched(fd) ? descriptors_enter(fd, OUT) : NULL;

	if (!c)
		return;
	connection_prepare(c, &v, 1, true);
	descriptors_leave(fd, c, OUT);
}

/* ---- OpenSSL ----------------------------------------------------------------------------------------- */

static void ssl_passed(struct ssl_st *s, enum direction d, const void *p, size_t n)
{
	int kept = errno;

	if (!is_left() && n)
		plain(session_descriptor(s), d, p, n);
	errno = kept;
}

static void ssl_goes(struct ssl_st *s, const void *p, size_t n)
{
	int kept = errno;

	session_enters();
	if (!is_left() && n)
		plain_comes(session_descriptor(s), p, n);
	errno = kept;
}

HOOK int SSL_read(struct ssl_st *s, void *p, int n)
{
	int r;

	if (!REAL(SSL_read))
		return -1;
	session_enters();
	r = REAL(SSL_read)(s, p, n);
	if (r > 0)
		ssl_passed(s, IN, p, (size_t)r);
	return r;
}

HOOK int SSL_read_ex(struct ssl_st *s, void *p, size_t n, size_t *got)
{
	int r;

	if (!REAL(SSL_read_ex))
		return 0;
	session_enters();
	r = REAL(SSL_read_ex)(s, p, n, got);
	if (r > 0)
		ssl_passed(s, IN, p, *got);
	return r;
}

HOOK int SSL_write(struct ssl_st *s, const void *p, int n)
{
	int r;

	if (!REAL(SSL_write))
		return -1;
	ssl_goes(s, p, n > 0 ? (size_t)n : 0);
	r = REAL(SSL_write)(s, p, n);
	if (r > 0)
		ssl_passed(s, OUT, p, (size_t)r);
	return r;
}

HOOK int SSL_write_ex(struct ssl_st *s, const void *p, size_t n, size_t *put)
{
	int r;

	if (!REAL(SSL_write_ex))
		return 0;
	ssl_goes(s, p, n);
	r = REAL(SSL_write_ex)(s, p, n, put);
	if (r > 0)
		ssl_passed(s, OUT, p, *put);
	return r;
}

/* A handshake is where a BIO of the program's own first shows its descriptor. */
#define SSL_HANDSHAKE(call) \
	HOOK int call(struct ssl_st *s) \
	{ \
		int r, kept; \
\
		if (!REAL(call)) \
			return -1; \
		session_enters(); \
		r = REAL(call)(s); \
		kept = errno; \
		if (current_here.raw_fd >= 0) \
			session_descriptor(s); \
		errno = kept; \
		return r; \
	}

SSL_HANDSHAKE(SSL_do_handshake)
SSL_HANDSHAKE(SSL_accept)
SSL_HANDSHAKE(SSL_connect)

HOOK void SSL_free(struct ssl_st *s)
{
	table_remove(&descriptor_of, s);
	if (REAL(SSL_free))
		REAL(SSL_free)(s);
}

/* ---- GnuTLS ------------------------------------------------------------------------------------------ */

enum { DESCRIPTORS_MOST = 1 << 20 };

/* What its functions are given: usually the descriptor; a program with functions of its own may have a pointer. */
static int gnutls_descriptor(struct gnutls_session_int *s)
{
	void *given = REAL(gnutls_transport_get_ptr) ? REAL(gnutls_transport_get_ptr)(s) : NULL;

	return given && (uintptr_t)given < DESCRIPTORS_MOST ? (int)(uintptr_t)given : -1;
}

HOOK ssize_t gnutls_record_recv(struct gnutls_session_int *s, void *p, size_t n)
{
	ssize_t r;
	int kept;

	if (!REAL(gnutls_record_recv))
		return -1;
	r = REAL(gnutls_record_recv)(s, p, n);
	kept = errno;
	if (r > 0 && !is_left())
		plain(gnutls_descriptor(s), IN, p, (size_t)r);
	errno = kept;
	return r;
}

/* After GNUTLS_E_AGAIN it may be called without the bytes, which it has kept: it goes on with those. */
HOOK ssize_t gnutls_record_send(struct gnutls_session_int *s, const void *p, size_t n)
{
	ssize_t r;
	int kept;

	if (!REAL(gnutls_record_send))
		return -1;
	kept = errno;
	if (n && !is_left())
		plain_comes(gnutls_descriptor(s), p, n);
	errno = kept;
	r = REAL(gnutls_record_send)(s, p, n);
	kept = errno;
	if (r > 0 && !is_left())
		plain(gnutls_descriptor(s), OUT, p, (size_t)r);
	errno = kept;
	return r;
}
