/* SPDX-License-Identifier: Apache-2.0 */
/* How programs make threads. */
#include "agent/threads.h"

#include <errno.h>
#include <pthread.h>
#include <threads.h>

#include "agent/agent.h"
#include "agent/real.h"

static struct real_library library;
static struct real create = { .name = "pthread_create", .library = &library };
static struct real create_c11 = { .name = "thrd_create", .library = &library };

/* Before main: sanitizers make threads where the loader must not be asked. */
__attribute__((constructor)) static void find(void)
{
	int kept = errno;

	real_of(&create);
	real_of(&create_c11);
	errno = kept;
}

HOOK int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
			void *arg)
{
	__typeof__(pthread_create) *real = (__typeof__(pthread_create) *)real_of(&create);
	struct carried *c = real ? threads_carry() : NULL;
	int r;

	if (!real)
		return EAGAIN;
	if (!c)
		return real(thread, attributes, start, arg);
	c->start = start;
	c->arg = arg;
	r = real(thread, attributes, threads_begin, c);
	if (r)
		threads_drop(c);
	return r;
}

HOOK int thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
	__typeof__(thrd_create) *real = (__typeof__(thrd_create) *)real_of(&create_c11);
	struct carried *c = real ? threads_carry() : NULL;
	int r;

	if (!real)
		return thrd_error;
	if (!c)
		return real(thread, start, arg);
	c->start_c11 = start;
	c->arg = arg;
	r = real(thread, threads_begin_c11, c);
	if (r != thrd_success)
		threads_drop(c);
	return r;
}
