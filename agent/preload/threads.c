/* SPDX-License-Identifier: Apache-2.0 */
/* How programs make threads, and how these wait for work. */
#include "agent/threads.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#include "agent/agent.h"
#include "agent/real.h"

static struct real_library library;
static struct real create = { .name = "pthread_create", .library = &library };
static struct real create_c11 = { .name = "thrd_create", .library = &library };
static struct real cond_wait = { .name = "pthread_cond_wait", .library = &library };
static struct real cond_timedwait = { .name = "pthread_cond_timedwait", .library = &library };
static struct real sem_waits = { .name = "sem_wait", .library = &library };

/* Before main: sanitizers make threads where the loader must not be asked. */
__attribute__((constructor)) static void find(void)
{
	int kept = errno;

	real_of(&create);
	real_of(&create_c11);
	real_of(&cond_wait);
	real_of(&cond_timedwait);
	real_of(&sem_waits);
	errno = kept;
}

HOOK int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
			void *arg)
{
	__typeof__(pthread_create) *real = (__typeof__(pthread_create) *)real_of(&create);
	struct carried *c = real ? threads_carry(attributes) : NULL;
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
	struct carried *c = real ? threads_carry(NULL) : NULL;
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

HOOK int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
	__typeof__(pthread_cond_wait) *real = (__typeof__(pthread_cond_wait) *)real_of(&cond_wait);

	if (!real)
		return EINVAL;
	threads_wait();
	return real(condition, mutex);
}

HOOK int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
				const struct timespec *until)
{
	__typeof__(pthread_cond_timedwait) *real =
		(__typeof__(pthread_cond_timedwait) *)real_of(&cond_timedwait);

	if (!real)
		return EINVAL;
	threads_wait();
	return real(condition, mutex, until);
}

HOOK int sem_wait(sem_t *semaphore)
{
	__typeof__(sem_wait) *real = (__typeof__(sem_wait) *)real_of(&sem_waits);

	if (!real) {
		errno = EINVAL;
		return -1;
	}
	threads_wait();
	return real(semaphore);
}
