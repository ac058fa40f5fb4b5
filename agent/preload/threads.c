/* SPDX-License-Identifier: Apache-2.0 */
/* How programs make threads, and how these wait for work. */
#include "agent/threads.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#include "agent/agent.h"
#include "agent/preload/preload.h"

#define CALLS(X) \
	X(pthread_create) \
	X(thrd_create) \
	X(pthread_cond_wait) \
	X(pthread_cond_timedwait) \
	X(pthread_cond_clockwait) \
	X(cnd_wait) \
	X(cnd_timedwait) \
	X(sem_wait) \
	X(sem_timedwait) \
	X(sem_clockwait)

/* Before main: sanitizers make threads where the loader must not be asked. */
PRELOAD_TABLE(CALLS);

HOOK int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
			void *arg)
{
	__typeof__(pthread_create) *make = REAL(pthread_create);
	struct carried *c = make ? threads_carry(attributes) : NULL;
	int r;

	if (!make)
		return EAGAIN;
	if (!c)
		return make(thread, attributes, start, arg);
	c->start = start;
	c->arg = arg;
	r = make(thread, attributes, threads_begin, c);
	if (r)
		threads_drop(c);
	return r;
}

HOOK int thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
	__typeof__(thrd_create) *make = REAL(thrd_create);
	struct carried *c = make ? threads_carry(NULL) : NULL;
	int r;

	if (!make)
		return thrd_error;
	if (!c)
		return make(thread, start, arg);
	c->start_c11 = start;
	c->arg = arg;
	r = make(thread, threads_begin_c11, c);
	if (r != thrd_success)
		threads_drop(c);
	return r;
}

/* Each kind of waiting; `without` is the answer where there is no real one. */
#define WAITS(call, without, declared, ...) \
	HOOK int call declared \
	{ \
		__typeof__(call) *wait = REAL(call); \
\
		if (!wait) \
			return without; \
		threads_wait(); \
		return wait(__VA_ARGS__); \
	}

static int no_semaphore(void)
{
	errno = EINVAL;
	return -1;
}

WAITS(pthread_cond_wait, EINVAL, (pthread_cond_t * c, pthread_mutex_t *m), c, m)
WAITS(pthread_cond_timedwait, EINVAL,
      (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *until), c, m, until)
WAITS(pthread_cond_clockwait, EINVAL,
      (pthread_cond_t * c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until), c, m,
      clock, until)
WAITS(cnd_wait, thrd_error, (cnd_t * c, mtx_t *m), c, m)
WAITS(cnd_timedwait, thrd_error, (cnd_t * c, mtx_t *m, const struct timespec *until), c, m, until)
WAITS(sem_wait, no_semaphore(), (sem_t * s), s)
WAITS(sem_timedwait, no_semaphore(), (sem_t * s, const struct timespec *until), s, until)
WAITS(sem_clockwait, no_semaphore(), (sem_t * s, clockid_t clock, const struct timespec *until), s,
      clock, until)
